"""Breakages of the passes: what is done first, what is asked before, what proves what."""

from __future__ import annotations

from tests.mutations.breakage import Breakage

BREAKAGES = (
    Breakage(
        "the watermark moves with each page",
        "cfsync/sync/incoming/pull.py",
        "                checkpoint = replace(checkpoint, cursor=page.records[-1].id)\n",
        "                checkpoint = replace(\n"
        "                    checkpoint, cursor=page.records[-1].id, watermark=checkpoint.pending\n"
        "                )\n",
        "what a stopped pull had not read yet is never read",
        (
            "tests/sync/incoming/test_pull.py::test_a_stopped_pull_does_not_move_the_watermark[sqlite]",
        ),
    ),
    Breakage(
        "a watermark that didn't move counts as new",
        "cfsync/sync/incoming/watermark.py",
        '(start.watermark or "") < pending',
        '(start.watermark or "") <= pending',
        "every pull reads behind it again, for ever (`<=` in place of `<`)",
        ("tests/sync/incoming/test_watermark.py::test_the_watermark_never_goes_back",),
    ),
    Breakage(
        "nothing is read behind a recent watermark",
        "cfsync/sync/incoming/watermark.py",
        "    if settled(checkpoint, overlap):\n",
        "    if True:\n",
        "a record that becomes visible later than its `updated_at` is missed",
        (
            "tests/sync/incoming/test_pull.py::test_a_record_stamped_before_the_watermark_and_visible_after_it_is_not_missed[sqlite]",
        ),
    ),
    Breakage(
        "the first watermark is taken after the backfill",
        "cfsync/sync/incoming/backfill.py",
        "        await context.mirror.write(_finished, parts[0])\n",
        '        page = await context.api.page(listing, sort="updated_at", descending=True)\n'
        "        last = max((r.updated_at for r in page.records if r.updated_at), default=None)\n"
        "        await context.mirror.write(_finished, replace(parts[0], watermark=last))\n",
        "what changed during the backfill, behind the walk, is never read",
        (
            "tests/sync/incoming/test_backfill.py::test_a_change_made_while_the_walk_runs_is_not_missed[sqlite]",
        ),
    ),
    Breakage(
        "one page of a sweep stands for its whole range",
        "cfsync/sync/walk/range_walkers.py",
        "        upto = range_.upper if ended else range_.cursor\n",
        "        upto = range_.upper\n",
        "everything on later pages is suspected of being deleted",
        (
            "tests/sync/incoming/test_sweep.py::test_a_page_proves_nothing_about_the_pages_behind_it[sqlite]",
        ),
    ),
    Breakage(
        "there is no guard against mass deletions",
        "cfsync/sync/mass_limit.py",
        "    return missing > max_count or is_large_share(\n",
        "    return False and is_large_share(\n",
        "one wrong list empties the mirror, and one wrong DELETE the account",
        (
            "tests/sync/incoming/test_sweep.py::test_too_many_are_held_until_a_human_says_so[sqlite]",
        ),
    ),
    Breakage(
        "the second check comes at once",
        "cfsync/sync/incoming/deletions.py",
        "    if left > 0:\n",
        "    if False:\n",
        "a record that is missing from a list for a moment is removed",
        (
            "tests/sync/incoming/test_sweep.py::test_nothing_goes_before_the_second_sighting[sqlite]",
        ),
    ),
    Breakage(
        "a missing record is not asked for by itself",
        "cfsync/sync/incoming/deletions.py",
        "        record = await context.api.get(resource, candidate.record_id, listing)\n",
        "        raise NotFound('', call='', status=404)\n",
        "a page that leaves out a record deletes it",
        ("tests/sync/incoming/test_sweep.py::test_a_page_that_skips_takes_nothing_away[sqlite]",),
    ),
    Breakage(
        "a workspace that stops answering loses its rows",
        "cfsync/sync/account.py",
        "    except NotFound:\n        return False\n    except Forbidden:\n",
        "    except NotFound:\n        return True\n    except Forbidden:\n",
        "if the token loses access to a workspace, its rows are deleted",
        (
            "tests/sync/incoming/test_sweep.py::test_a_404_of_a_workspace_that_is_gone_itself_is_no_verdict",
        ),
    ),
    Breakage(
        "an empty list of a workspace with records is trusted",
        "cfsync/sync/incoming/sweep.py",
        "    if not page.records and not await is_emptied(context, listing):\n",
        "    if False:\n",
        "the same, although the workspace still answers",
        (
            "tests/sync/incoming/test_sweep.py::test_a_workspace_that_answers_empty_loses_no_row[sqlite]",
        ),
    ),
    Breakage(
        "records are not read again before they are changed",
        "cfsync/sync/push/reread.py",
        "        ids = await reread_records(push, resource, stale[start : start + PAGE])\n",
        "        ids = [c.record_id for c in stale[start : start + PAGE]]\n",
        "what somebody has changed in ClickFunnels is overwritten without a trace",
        ("tests/push/test_merge.py::test_the_same_change_on_both_sides_needs_no_call[sqlite]",),
    ),
    Breakage(
        "a create is repeated without a look-up",
        "cfsync/sync/push/lost_creates.py",
        "    exact = [r for r in alike if matches(claim, r, claim.resource.natural)]\n",
        "    alike, exact = [], list[Record]()\n",
        "a lost answer leads to a second record",
        ("tests/push/test_lost_creates.py::test_the_next_push_finds_the_record_or_creates_it",),
    ),
    Breakage(
        "an older record is taken for the new one",
        "cfsync/sync/push/lost_creates.py",
        "walk_by_id(push.context.api, claim.listing, after=claim.highest_id)",
        "walk_by_id(push.context.api, claim.listing)",
        "a new product's row becomes that of an old product with the same name",
        (
            "tests/push/test_lost_creates.py::test_an_older_record_of_the_same_name_is_never_taken_for_the_lost_one[sqlite]",
        ),
    ),
    Breakage(
        "two inserts get the same record",
        "cfsync/sync/push/lost_creates.py",
        "    return [r for r in found if r.id not in given]\n",
        "    return list(found)\n",
        "of two identical inserts, one is never created",
        ("tests/push/test_lost_creates.py::test_identical_inserts_never_share_one_record[sqlite]",),
    ),
    Breakage(
        "the second look-up comes at once",
        "cfsync/sync/push/lost_creates.py",
        "push.context.wait(push.context.settings.push.settle - (time.monotonic() - began))",
        "push.context.wait(0)",
        "a server that is still working on the first create gets a second one",
        (
            "tests/push/test_lost_creates.py::test_the_second_look_up_comes_after_the_settle_time[sqlite]",
        ),
    ),
    Breakage(
        "the creates of a restored backup are sent at once",
        "cfsync/sync/push/lost_creates.py",
        "    return could_duplicate(claim) and claim.captured_at < push.context.started_at\n",
        "    return False\n",
        "everything that was created since the backup is created again",
        (
            "tests/push/test_lost_creates.py::test_an_insert_older_than_the_process_waits_for_a_human_if_its_record_seems_to_exist[sqlite]",
        ),
    ),
    Breakage(
        "cfsync's own change counts as somebody else's",
        "cfsync/merge.py",
        "        versions = _base_after_send(f, versions, edit.sent), local, remote\n",
        "        pass\n",
        "an edit after a lost answer is a conflict with the edit before it",
        (
            "tests/push/test_failed_calls.py::test_an_edit_after_a_lost_answer_is_no_conflict_with_the_edit_before_it[sqlite]",
        ),
    ),
    Breakage(
        "a value in the server's own form counts as somebody else's change",
        "cfsync/values.py",
        "key if key in shown else snake_case(key)",
        "key",
        "an attribute whose answer was lost is a conflict with itself",
        (
            "tests/unit/test_merge_collections.py::test_a_key_that_was_sent_and_is_there_is_our_own_echo",
        ),
    ),
    Breakage(
        "deleting a record that is gone counts as a failure",
        "cfsync/sync/push/changes.py",
        "    except NotFound:\n        gone_before = not claim.unknown\n    except CfsyncError",
        "    except CfsyncError",
        "a delete that arrived, but whose answer was lost, waits for a person",
        ("tests/push/test_refused.py::test_a_delete_that_is_answered_404_is_done[sqlite]",),
    ),
    Breakage(
        "archiving an archived record counts as a failure",
        "cfsync/sync/push/perform.py",
        "        if all(_is(resource, record, n, v) for n, v in call.values.items()):\n",
        "        if False:\n",
        "an edit whose answer was lost waits for a person",
        (
            "tests/push/test_refused.py::test_a_409_is_success_if_the_record_is_in_the_wanted_state[sqlite]",
        ),
    ),
    Breakage(
        "what an upsert overwrites is not saved",
        "cfsync/sync/push/creates.py",
        "        conflicts.add(tx, resource, there.id, conflict)\n",
        "        pass\n",
        "an INSERT of a known email overwrites the contact without a trace",
        (
            "tests/push/test_merge.py::test_an_insert_of_an_email_that_clickfunnels_has_sends_its_values_and_keeps_the_others[sqlite]",
        ),
    ),
    Breakage(
        "parents are deleted before their children",
        "cfsync/sync/push/conductor.py",
        "    for resource in reversed(resources):\n",
        "    for resource in resources:\n",
        "the delete of a contact whose tag was deleted before it is held",
        ("tests/push/test_delete_order.py::test_contacts_are_deleted_before_their_tag[sqlite]",),
    ),
    Breakage(
        "edits of one email are sent in any order",
        "cfsync/sync/push/conductor.py",
        "        stuck |= await _push_email_groups(work, resource, scope, stuck)\n",
        "        pass\n",
        "two contacts that swap their emails are refused, or become one",
        (
            "tests/push/test_email_order.py::test_two_contacts_swap_their_emails_through_a_third[sqlite]",
        ),
    ),
    Breakage(
        "a call whose outcome is unknown is sent again",
        "cfsync/sync/push/outcome.py",
        "write(outbox.set_reason, claim.seqs, error.text, tried=tried)",
        'write(send_journal.close, claim.seqs, "pending", error.text)',
        "a create that arrived is sent again, and cfsync's own change is a conflict",
        ("tests/push/test_lost_creates.py::test_the_next_push_finds_the_record_or_creates_it",),
    ),
    Breakage(
        "an edit is retried for ever",
        "cfsync/sync/push/outcome.py",
        "if (called or refused) and claim.attempts + 1 >= PATIENCE:",
        "if False:",
        "a call that always fails is made in each pass, and nobody is told",
        (
            "tests/push/test_failed_calls.py::test_after_many_attempts_an_edit_waits_for_a_human[sqlite]",
        ),
    ),
    Breakage(
        "a reference to a record that doesn't exist yet is sent",
        "cfsync/sync/push/outcome.py",
        "    if not missing:\n        return False\n",
        "    return False\n",
        "ClickFunnels receives a provisional id",
        (
            "tests/push/test_references.py::test_a_reference_to_a_parked_insert_waits_and_holds_up_nobody[sqlite]",
        ),
    ),
    Breakage(
        "a reference to a row that nobody inserted waits for ever",
        "cfsync/sync/push/outcome.py",
        'elif outlook == "unseen" and claim.attempts + 1 >= PATIENCE:',
        "elif False:",
        "an edit with a wrong id is never sent, and nobody is told",
        (
            "tests/push/test_bad_input.py"
            "::test_a_reference_to_what_nobody_has_inserted_waits_ten_passes_and_no_longer[sqlite]",
        ),
    ),
    Breakage(
        "a notification is sent again",
        "cfsync/mirror/outgoing/fold.py",
        "    if hidden and not again & tells:\n",
        "    if False:\n",
        "a customer is notified twice about one parcel",
        ("tests/push/test_failed_calls.py::test_a_notification_is_never_sent_twice[sqlite]",),
    ),
    Breakage(
        "deletes are not counted by the guard",
        "cfsync/sync/push/outcome.py",
        "if (c.op != Op.DELETE or is_provisional(c.record_id) or c.seqs[-1] in self.seen)\n"
        "            and ",
        "if ",
        "a mass deletion that is made while a push runs is sent",
        (
            "tests/push/test_side_by_side.py::test_deletes_that_are_made_while_a_push_runs_do_not_slip_past_the_guard",
        ),
    ),
    Breakage(
        "emails are sent as they come while a push runs",
        "cfsync/sync/push/conductor.py",
        "    return without_new_keys(work.sendable(found), work.seen)\n",
        "    return list(work.sendable(found))\n",
        "a new contact that takes over an email becomes the contact that had it",
        (
            "tests/push/test_email_order.py::test_a_swap_that_is_made_while_a_push_runs_goes_in_order_with_the_next_one[sqlite]",
        ),
    ),
    Breakage(
        "any signature is accepted",
        "cfsync/web/signature.py",
        "    return any(matches)\n",
        "    return bool(matches)\n",
        "anybody can make the daemon read records",
        ("tests/web/test_signature.py::test_ten_thousand_forgeries_are_refused",),
    ),
    Breakage(
        "an old delivery is accepted",
        "cfsync/web/signature.py",
        'return None if abs(now - int(at)) <= WINDOW_S else "stale"',
        "return None",
        "a delivery that was intercepted once can be sent again for ever",
        ("tests/web/test_signature.py::test_the_window_is_ten_minutes_on_both_sides",),
    ),
    Breakage(
        "a secret is written into the log",
        "cfsync/logs.py",
        "        return self._hide(self._render(logger, method, event))\n",
        "        return self._render(logger, method, event)\n",
        "the token ends up in every log collector",
        ("tests/unit/test_logs.py::test_a_secret_never_gets_through",),
    ),
)
