"""Breakages of the mirror: what is written together, who may write, what is told from what."""

from __future__ import annotations

from tests.mutations.breakage import Breakage

BREAKAGES = (
    Breakage(
        "a pull overwrites what no trigger has seen",
        "cfsync/mirror/incoming/page.py",
        "{**r.values, **kept.get(r.id, {})}",
        "r.values",
        "what was changed while triggers were off is gone before anybody was asked",
        ("tests/sync/incoming/test_drift.py::test_a_pull_overwrites_no_drift[sqlite]",),
    ),
    Breakage(
        "large fields count as unchanged when their record has changed",
        "cfsync/mirror/incoming/on_request.py",
        'if shown.get("updated_at") != before["updated_at"]:',
        "if False:",
        "the mirror shows the old markup of a page for ever",
        (
            "tests/sync/incoming/test_on_request.py"
            "::test_only_what_has_changed_is_read_again[sqlite-a few]",
        ),
    ),
    Breakage(
        "the checkpoint is saved before the rows",
        "cfsync/sync/walk/page_writer.py",
        "        written_pages = await self._context.mirror.write(write_pages, batch)\n",
        "        await self._context.mirror.write(\n"
        "            lambda tx: checkpoints.save(tx, *(p for c in batch for p in c.on_write(tx)))\n"
        "        )\n"
        "        written_pages = await self._context.mirror.write(write_pages, batch)\n",
        "a power failure between the two loses a page for good",
        (
            "tests/sync/incoming/test_backfill.py::test_a_page_that_the_mirror_refused_is_read_again",
        ),
    ),
    Breakage(
        "rows are not locked",
        "cfsync/mirror/db/statements.py",
        "    return tx.dialect.lock_rows(tx.conn, table, ids) if ids else set()\n",
        "    return set()\n",
        "a page overwrites what another program is writing at that moment",
        (
            "tests/push/test_long_transactions.py::test_passes_go_round_a_row_that_somebody_holds[postgresql]",
        ),
    ),
    Breakage(
        "two processes write to one table at the same time",
        "cfsync/mirror/db/statements.py",
        "    tx.dialect.serialize_writers(tx.conn, table)\n",
        "    pass\n",
        "two passes write the same record in turns, each as if it were alone",
        (
            "tests/mirror/db/test_statements.py::test_two_processes_write_a_table_one_after_the_other",
        ),
    ),
    Breakage(
        "nothing is journalled before the call",
        "cfsync/mirror/outgoing/send_journal.py",
        "        state=OutboxState.SENDING,\n",
        "        state=OutboxState.PENDING,\n",
        "a create that a power failure interrupted is sent again",
        ("tests/push/test_lost_creates.py::test_the_next_push_finds_the_record_or_creates_it",),
    ),
    Breakage(
        "a claim is journalled although it has changed in between",
        "cfsync/mirror/outgoing/send_journal.py",
        "if _open_now(tx, claim) != claim.open_attempts or _base_rev(tx, claim) != claim.base_rev:",
        "if False:",
        "two passes send one edit twice",
        (
            "tests/push/test_side_by_side.py::test_what_another_pass_has_journalled_is_not_journalled_again[sqlite]",
        ),
    ),
    Breakage(
        "all edits up to a row are acknowledged",
        "cfsync/mirror/outgoing/send_journal.py",
        'tx.conn.execute(_CLOSE, {"seqs": list(seqs),',
        'tx.conn.execute(_CLOSE, {"seqs": list(range(1, max(seqs) + 1)),',
        "an edit that was never sent counts as done",
        (
            "tests/push/test_refused.py::test_a_refused_edit_is_parked_with_the_servers_words_and_others_go_on",
        ),
    ),
    Breakage(
        "an old page overwrites newer values",
        "cfsync/mirror/incoming/page.py",
        "        elif base.rev > reading.rev_before:\n",
        "        elif False:\n",
        "the mirror goes back in time, and the base with it",
        (
            "tests/mirror/incoming/test_old_answers.py::test_an_older_page_is_not_written_over_a_newer_one",
        ),
    ),
    Breakage(
        "an old page brings a deleted record back",
        "cfsync/mirror/incoming/page.py",
        "(found.again if proof > reading.rev_before else found.new)",
        "found.new",
        "a deleted record is in the mirror again until the next sweep",
        (
            "tests/mirror/incoming/test_old_answers.py::test_an_older_page_brings_no_record_back_that_is_gone",
        ),
    ),
    Breakage(
        "an answer to a write is merged even if it is old",
        "cfsync/mirror/outgoing/answers.py",
        "if max(base.rev if base else 0, proof) > outcome.rev_before:",
        "if False:",
        "the answer to a slow call overwrites what a pull has read since",
        (
            "tests/push/test_references.py::test_an_answer_that_is_older_than_a_pull_is_put_off_until_the_record_is_read_again[sqlite]",
        ),
    ),
    Breakage(
        "what was sent is compared with its own answer as a local change",
        "cfsync/mirror/outgoing/answers.py",
        "if n in sent or claim.op == Op.INSERT",
        "if claim.op == Op.INSERT",
        "a value that the server normalised is a conflict, or is sent again and again",
        (
            "tests/push/test_answers.py::test_a_value_that_the_server_rewrites_is_stored_and_not_sent_again[sqlite]",
        ),
    ),
    Breakage(
        "the fence of a lease is not checked",
        "cfsync/mirror/coordination/leases.py",
        "if _do(tx, mine, **values).first() is None:",
        "if False:",
        "a process that was paused overwrites its successor's work",
        (
            "tests/mirror/coordination/test_leases.py::test_a_write_of_a_former_holder_is_refused[postgresql]",
        ),
    ),
    Breakage(
        "a lease is taken before the last call has ended",
        "cfsync/mirror/coordination/leases.py",
        " - make_interval(secs => :grace)",
        "",
        "the new holder doesn't see what the old one's last call did",
        (
            "tests/mirror/coordination/test_leases.py::test_a_lease_has_one_holder_until_it_expires_and_the_last_call_has_ended[postgresql]",
        ),
    ),
    Breakage(
        "a row younger than the page counts as missing",
        "cfsync/mirror/lists/missing_rows.py",
        "    query = rows.where(BASE.c.rev <= shown.rev_before)\n",
        "    query = rows\n",
        "a record that was created during the sweep is suspected of being deleted",
        (
            "tests/mirror/incoming/test_old_answers.py::test_a_record_that_came_in_after_the_page_was_asked_for_is_not_suspected",
        ),
    ),
    Breakage(
        "a record that was read again is deleted",
        "cfsync/mirror/bookkeeping/tombstones.py",
        "    if not base or base[0][1] > evidence.rev_before:\n",
        "    if not base:\n",
        "an old 404 removes a record that exists",
        (
            "tests/mirror/incoming/test_old_answers.py::test_an_older_404_buries_no_record_that_was_read_since",
        ),
    ),
    Breakage(
        "a row is deleted together with its edits",
        "cfsync/mirror/bookkeeping/tombstones.py",
        "    if not (keep_row or _hold_edits(tx, resource, record_id)):\n",
        "    if not keep_row:\n",
        "an edit is lost and nobody was asked",
        (
            "tests/push/operator/test_conflicts.py::test_a_sweep_that_finds_it_gone_first_asks_the_same[sqlite]",
        ),
    ),
    Breakage(
        "the losing value is not kept",
        "cfsync/mirror/incoming/edited_record.py",
        "        conflicts.add(tx, resource, record.id, conflict)\n",
        "        pass\n",
        "an edit is overwritten without a trace",
        (
            "tests/push/test_merge.py::test_the_policy_decides_who_wins_a_field_that_both_sides_changed",
        ),
    ),
    Breakage(
        "a pull brings a deleted row back",
        "cfsync/mirror/incoming/edited_record.py",
        "    if found.deleted:\n",
        "    if False:\n",
        "the user's DELETE is undone before it is sent",
        (
            "tests/push/test_merge.py::test_a_delete_of_a_record_that_changed_there_is_a_conflict[sqlite]",
        ),
    ),
    Breakage(
        "a field that an answer leaves out becomes NULL",
        "cfsync/mirror/bookkeeping/rows.py",
        "    for _, group in statements.by_columns(values):\n",
        "    values = [{f.name: row.get(f.name) for f in resource.columns} for row in values]\n"
        "    for _, group in statements.by_columns(values):\n",
        "a server that shows fewer fields empties the mirror",
        (
            "tests/mirror/incoming/test_old_answers.py::test_a_field_that_is_not_shown_keeps_its_value",
        ),
    ),
    Breakage(
        "a parked edit blocks its record",
        "cfsync/mirror/outgoing/fold.py",
        "if e.state == OutboxState.HELD or e.may_exist), None)",
        'if e.state in ("held", "parked")), None)',
        "one refused field stops all later edits of the contact",
        (
            "tests/push/test_refused.py::test_a_refused_edit_is_sent_again_once_a_later_edit_repairs_it[sqlite]",
        ),
    ),
    Breakage(
        "the link between an insert and its record is not saved",
        "cfsync/mirror/outgoing/answers.py",
        "    ids.save(tx, resource, claim.record_id, real_id)\n",
        "",
        "a create whose row was locked when its answer came is sent again",
        (
            "tests/push/test_references.py::test_a_contact_and_a_fulfillment_for_it_in_one_transaction[sqlite]",
        ),
    ),
    Breakage(
        "a second push runs beside the first",
        "cfsync/mirror/db/dialect/sqlite/locks.py",
        "        except Timeout:\n            yield ()\n            return\n",
        "        except Timeout:\n            yield names\n            return\n",
        "an older value is sent after a newer one",
        (
            "tests/push/test_side_by_side.py::test_two_pushes_at_once_make_one_record_of_each_row[sqlite]",
        ),
    ),
    Breakage(
        "JSON that can't be sent is accepted",
        "cfsync/mirror/capture/sqlite/parts.py",
        '            unfit = f"{only}{is_unsendable(field)}"\n',
        '            unfit = "0"\n',
        "one row with a lone surrogate ends every push with a traceback",
        (
            "tests/scenarios/test_bad_input_by_sql.py"
            "::test_no_bad_value_in_an_update_stops_anything[sqlite]",
        ),
    ),
    Breakage(
        "a stale save is accepted",
        "cfsync/mirror/capture/sqlite/templates/after_update.sql",
        "      WHEN NEW.cf_rev IS NOT OLD.cf_rev AND NOT $is_same_since\n"
        "        THEN RAISE(ABORT, '$name: $stale')\n",
        "",
        "a program that saves all columns reverts a change in ClickFunnels",
        (
            "tests/mirror/capture/test_refusals.py::test_an_update_that_clickfunnels_can_not_take_is_refused[sqlite]",
        ),
    ),
    Breakage(
        "the daemon's own writes are captured",
        "cfsync/mirror/capture/sqlite/templates/after_update.sql",
        "WHEN 1 THEN NEW.cf_rev IS OLD.cf_rev ELSE 0 END",
        "WHEN 1 THEN 1 ELSE 0 END",
        "what was pulled is pushed back, for ever",
        (
            "tests/mirror/capture/test_edits.py::test_the_daemons_own_writes_are_let_through[sqlite]",
        ),
    ),
)
