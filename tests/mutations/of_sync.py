"""Breakages of the passes: what is done first, what is asked before, what proves what."""

from __future__ import annotations

from tests.mutations.breakage import Breakage

BREAKAGES = (
    Breakage(
        "the watermark moves with each page",
        "cfsync/sync/incoming/pull.py",
        "            checkpoint = replace(checkpoint, cursor=page.records[-1].id)\n",
        "            checkpoint = replace(\n"
        "                checkpoint, cursor=page.records[-1].id, watermark=checkpoint.pending\n"
        "            )\n",
        "what a pull that was stopped had not yet read is never read",
        (
            "tests/sync/incoming/test_pull.py::test_a_stopped_pull_does_not_move_the_watermark[sqlite]",
        ),
    ),
    Breakage(
        "a watermark that stands still is as good as new",
        "cfsync/sync/incoming/pull.py",
        '(start.watermark or "") < pending',
        '(start.watermark or "") <= pending',
        "`<=` for `<`: it never settles, and every pull looks behind it for ever",
        ("tests/sync/incoming/test_pull_places.py::test_the_watermark_never_goes_back",),
    ),
    Breakage(
        "nothing is looked for behind a young watermark",
        "cfsync/sync/incoming/pull.py",
        "    if settled(checkpoint, overlap):\n",
        "    if True:\n",
        "a record that becomes visible later than it is stamped is missed",
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
        "what changed behind the walk while it ran is never read",
        (
            "tests/sync/incoming/test_backfill.py::test_a_change_made_while_the_walk_runs_is_not_missed[sqlite]",
        ),
    ),
    Breakage(
        "a page of a sweep proves its whole range",
        "cfsync/sync/walk/range_walkers.py",
        "        upto = range_.upper if ended else range_.cursor\n",
        "        upto = range_.upper\n",
        "all that stands on later pages is suspected of being gone",
        (
            "tests/sync/incoming/test_sweep.py::test_a_page_proves_nothing_about_the_pages_behind_it[sqlite]",
        ),
    ),
    Breakage(
        "there is no guard against masses",
        "cfsync/sync/incoming/deletions.py",
        "    return missing > max_count or (missing >= 10 and missing > rows * max_fraction)\n",
        "    return False\n",
        "one wrong list empties the mirror, one wrong DELETE the account",
        (
            "tests/sync/incoming/test_sweep.py::test_too_many_are_held_until_a_human_says_so[sqlite]",
        ),
    ),
    Breakage(
        "the second sighting does not wait",
        "cfsync/sync/incoming/deletions.py",
        "    if left > 0:\n",
        "    if False:\n",
        "a record that a list lost for a moment is taken away",
        (
            "tests/sync/incoming/test_sweep.py::test_nothing_goes_before_the_second_sighting[sqlite]",
        ),
    ),
    Breakage(
        "a missing record is not asked for by itself",
        "cfsync/sync/incoming/deletions.py",
        "        record = await context.api.get(resource, stone.record_id, listing)\n",
        "        raise NotFound('', call='', status=404)\n",
        "a page that skips a record deletes it",
        ("tests/sync/incoming/test_sweep.py::test_a_page_that_skips_takes_nothing_away[sqlite]",),
    ),
    Breakage(
        "a workspace that answers no more loses its rows",
        "cfsync/sync/account.py",
        "    except (NotFound, Forbidden):\n        return False\n",
        "    except (NotFound, Forbidden):\n        return True\n",
        "a token that lost a workspace empties it in the mirror",
        (
            "tests/sync/incoming/test_sweep.py::test_a_404_of_a_workspace_that_is_gone_itself_is_no_verdict",
        ),
    ),
    Breakage(
        "an empty list of a full workspace is believed",
        "cfsync/sync/incoming/sweep.py",
        "    if not page.records and await _lost_sight(context, writer, listing):\n",
        "    if False:\n",
        "the same, where the workspace still answers",
        (
            "tests/sync/incoming/test_sweep.py::test_a_workspace_that_answers_empty_loses_no_row[sqlite]",
        ),
    ),
    Breakage(
        "no record is read before it is written",
        "cfsync/sync/push/reread.py",
        "        ids = await read_again(push, resource, stale[start : start + PAGE])\n",
        "        ids = [c.record_id for c in stale[start : start + PAGE]]\n",
        "what somebody changed in ClickFunnels since is overwritten unseen",
        (
            "tests/push/test_merge.py::test_both_sides_make_the_same_change_and_no_call_is_made[sqlite]",
        ),
    ),
    Breakage(
        "a create is repeated without a look",
        "cfsync/sync/push/lost_creates.py",
        "    exact = [r for r in alike if is_like(claim, r, claim.resource.natural)]\n",
        "    alike, exact = [], list[Record]()\n",
        "a lost answer makes a second record",
        ("tests/push/test_lost_answers.py::test_the_next_push_finds_the_record_or_makes_it",),
    ),
    Breakage(
        "an older record is taken for the new one",
        "cfsync/sync/push/lost_creates.py",
        "walk_by_id(push.context.api, claim.listing, after=claim.highest_id)",
        "walk_by_id(push.context.api, claim.listing)",
        "the row of a new product becomes that of an old one of the same name",
        (
            "tests/push/test_lost_answers.py::test_an_older_record_of_the_same_name_is_never_taken_for_ours[sqlite]",
        ),
    ),
    Breakage(
        "one record is given to two inserts",
        "cfsync/sync/push/lost_creates.py",
        "    return [r for r in found if r.id not in given]\n",
        "    return list(found)\n",
        "of two twins one is never made",
        ("tests/push/test_lost_answers.py::test_identical_twins_never_share_one_record[sqlite]",),
    ),
    Breakage(
        "the second look comes at once",
        "cfsync/sync/push/lost_creates.py",
        "push.context.wait(push.context.settings.push.settle - (time.monotonic() - began))",
        "push.context.wait(0)",
        "a server that is still working at the first create gets a second one",
        (
            "tests/push/test_lost_answers.py::test_the_second_look_comes_after_the_settle_time[sqlite]",
        ),
    ),
    Breakage(
        "a restored backup's creates are sent unasked",
        "cfsync/sync/push/lost_creates.py",
        "    return may_double(claim) and claim.captured_at < push.context.started_at\n",
        "    return False\n",
        "everything that was made since the backup is made again",
        (
            "tests/push/test_lost_answers.py::test_an_insert_older_than_the_process_whose_record_seems_to_be_there_waits_for_a_human[sqlite]",
        ),
    ),
    Breakage(
        "our own echo is taken for somebody's change",
        "cfsync/merge.py",
        "        base = _echoed(f, base, remote, edit.sent)\n",
        "        pass\n",
        "an edit after a lost answer is a conflict with the edit before it",
        (
            "tests/push/test_trouble.py::test_an_edit_after_a_lost_answer_is_no_conflict_with_our_own_echo[sqlite]",
        ),
    ),
    Breakage(
        "a value in the server's words is no echo",
        "cfsync/values.py",
        "key if key in shown else snake_case(key)",
        "key",
        "an attribute whose answer was lost is a conflict with itself",
        (
            "tests/unit/test_merge_collections.py::test_a_key_that_was_sent_and_is_there_is_our_own_echo",
        ),
    ),
    Breakage(
        "a delete of what is gone has failed",
        "cfsync/sync/push/changes.py",
        "    except NotFound:\n        pass\n    except CfsyncError",
        "    except CfsyncError",
        "a delete that arrived and whose answer was lost waits for a human",
        (
            "tests/push/test_trouble.py::test_a_delete_whose_record_goes_at_that_very_moment_is_done[sqlite]",
        ),
    ),
    Breakage(
        "archiving what is archived has failed",
        "cfsync/sync/push/perform.py",
        "        if all(_is(resource, record, n, v) for n, v in call.values.items()):\n",
        "        if False:\n",
        "an edit whose answer was lost waits for a human",
        (
            "tests/push/test_trouble.py::test_a_conflict_of_state_is_success_where_the_state_is_the_wanted_one[sqlite]",
        ),
    ),
    Breakage(
        "what an upsert overwrites is not kept",
        "cfsync/sync/push/creates.py",
        "        conflicts.record(tx, resource, there.id, conflict)\n",
        "        pass\n",
        "an INSERT of a known email overwrites the contact unseen",
        (
            "tests/push/test_merge.py::test_an_insert_of_an_email_that_clickfunnels_has_sends_its_values_and_keeps_the_others[sqlite]",
        ),
    ),
    Breakage(
        "edits of one email go in any order",
        "cfsync/sync/push/conductor.py",
        "        stuck |= await _push_entangled(work, resource, scope, stuck)\n",
        "        pass\n",
        "two contacts that swap their emails are refused, or become one",
        (
            "tests/push/test_email_order.py::test_two_contacts_swap_their_emails_through_a_third[sqlite]",
        ),
    ),
    Breakage(
        "a call of unknown outcome is simply sent again",
        "cfsync/sync/push/outcome.py",
        "write(outbox.explain, claim.seqs, error.text, tried=tried)",
        'write(journal.close, claim.seqs, "pending", error.text)',
        "a create that arrived is made again, an own echo is a conflict",
        ("tests/push/test_lost_answers.py::test_the_next_push_finds_the_record_or_makes_it",),
    ),
    Breakage(
        "an edit is tried for ever",
        "cfsync/sync/push/outcome.py",
        "if (called or refused) and claim.attempts + 1 >= PATIENCE:",
        "if False:",
        "a call that never works is made at each pass, and nobody is told",
        ("tests/push/test_trouble.py::test_after_many_attempts_an_edit_waits_for_a_human[sqlite]",),
    ),
    Breakage(
        "a reference to what is not there yet is sent",
        "cfsync/sync/push/outcome.py",
        "    if not missing:\n        return False\n",
        "    return False\n",
        "ClickFunnels is sent a negative id",
        (
            "tests/push/test_references.py::test_a_reference_to_a_parked_insert_waits_and_holds_up_nobody[sqlite]",
        ),
    ),
    Breakage(
        "a reference to nobody waits for ever",
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
        "a notice is repeated",
        "cfsync/mirror/outgoing/fold.py",
        "    if hidden and not again & tells:\n",
        "    if False:\n",
        "a customer is told twice of one parcel",
        ("tests/push/test_trouble.py::test_a_notice_is_never_sent_twice[sqlite]",),
    ),
    Breakage(
        "deletes slip past the guard",
        "cfsync/sync/push/outcome.py",
        'if (c.op != "delete" or c.record_id < 0 or c.seqs[-1] in self.seen)\n            and ',
        "if ",
        "a mass deletion that is made while a push runs is sent",
        (
            "tests/push/test_side_by_side.py::test_deletes_that_are_made_while_a_push_runs_do_not_slip_past_the_guard",
        ),
    ),
    Breakage(
        "any signature will do",
        "cfsync/web/signature.py",
        "    return any(fits)\n",
        "    return bool(fits)\n",
        "anybody makes the daemon ask for what he likes",
        ("tests/web/test_signature.py::test_ten_thousand_forgeries_are_refused",),
    ),
    Breakage(
        "an old delivery is as good as a new one",
        "cfsync/web/signature.py",
        'return None if abs(now - int(at)) <= WINDOW_S else "stale"',
        "return None",
        "a delivery that was overheard once can be sent for ever",
        ("tests/web/test_signature.py::test_the_window_is_ten_minutes_on_both_sides",),
    ),
    Breakage(
        "a secret is written into the log",
        "cfsync/logs.py",
        "        return self._hide(self._render(logger, method, event))\n",
        "        return self._render(logger, method, event)\n",
        "the token stands in every log collector",
        ("tests/unit/test_logs.py::test_a_secret_never_gets_through",),
    ),
)
