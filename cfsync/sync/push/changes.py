"""Sends one update or delete: journal it, call, acknowledge the answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cfsync.errors import CfsyncError, NotFound, Refused, StateConflict
from cfsync.merge import Policy
from cfsync.mirror.bookkeeping.outbox import Op, OutboxState
from cfsync.mirror.bookkeeping.reasons import NO_ROW
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.outgoing import answers, send_journal
from cfsync.mirror.outgoing.answers import Outcome, Settled
from cfsync.mirror.outgoing.claims import Claim
from cfsync.records import is_provisional
from cfsync.sync.push import edit_log
from cfsync.sync.push.calls import Call, refused_alone, update_calls, without
from cfsync.sync.push.outcome import (
    Push,
    count_answer,
    count_refused,
    finish,
    handle_failure,
    park,
    waits_for_others,
)
from cfsync.sync.push.perform import perform


async def send(push: Push, claim: Claim) -> None:
    await (send_delete(push, claim) if claim.op == Op.DELETE else send_update(push, claim))


async def send_update(push: Push, claim: Claim) -> None:
    """Send the edited fields of an existing record.

    An edit may take several calls; each is acknowledged or refused by itself. Where ClickFunnels
    names the fields that it refuses, these alone are parked.
    """
    if not claim.row:
        await park(push, claim, NO_ROW)
        return
    if await waits_for_others(push, claim):
        return
    calls = update_calls(claim.resource, claim.base, claim.send)
    if not calls:
        await finish(push, claim, claim.unsendable)
        return
    rev_before = await begin(push, claim, calls)
    if rev_before is not None:
        await _call_all(push, claim, calls, rev_before)


async def begin(push: Push, claim: Claim, calls: Collection[Call]) -> int | None:
    """Announce what the push sends, if nothing was sent yet, and journal what these calls will send
    of each field: [value before, value sent]. Returns what `send_journal.journal` does.
    """
    push.done.announce()
    fields = {name: list(pair) for call in calls for name, pair in call.fields.items()}
    rev_before = await push.context.mirror.write(send_journal.journal, claim, fields, push.batch)
    if rev_before is not None:
        edit_log.sending(claim, fields, push.batch)
    return rev_before


async def _call_all(push: Push, claim: Claim, calls: list[Call], rev_before: int) -> None:
    """An update of which ClickFunnels refuses some fields is made once more, without these."""
    refused, is_second = dict(claim.unsendable), False
    while calls:
        call, *calls = calls
        try:
            answer = await perform(push.context.api, claim, call)
        except (Refused, StateConflict) as error:
            edit_log.refused(claim, push.batch, error)
            named = {} if is_second else refused_alone(call, error)
            refused |= named or dict.fromkeys(call.fields, error.text)
            if named:
                is_second = True
                calls = [without(call, named), *calls]
                rev_before = await _journal_again(push, claim, calls, named)
            if not calls:
                await finish(push, claim, refused)
            continue
        except CfsyncError as error:
            await handle_failure(push, claim, error)
            return
        outcome = Outcome(call.fields, answer, rev_before)
        settled = await push.context.mirror.write(
            _settle, claim, outcome, push.policy(claim), None if calls else refused
        )
        edit_log.sent(claim, push.batch, fields=call.fields)
        count_answer(push, claim, settled.fates if settled else {})
        if settled is None:
            return
        rev_before = settled.rev_before
        if not calls:
            count_refused(push, claim, refused)


async def _journal_again(
    push: Push, claim: Claim, calls: Collection[Call], refused: Collection[str]
) -> int:
    """Journal that some fields are not sent after all; returns the highest `cf_rev`."""
    rev_before = await push.context.mirror.write(send_journal.leave_out, claim, refused)
    edit_log.sending(claim, {name for call in calls for name in call.fields}, push.batch)
    return rev_before


def _settle(
    tx: Tx, claim: Claim, outcome: Outcome, policy: Policy, refused: Mapping[str, str] | None
) -> Settled | None:
    """Acknowledge one call; after the last one (`refused` is given) its rows are finished."""
    settled = answers.acknowledge(tx, claim, outcome, policy)
    if settled and refused is not None:
        send_journal.finish(tx, claim, refused)
    return settled


async def send_delete(push: Push, claim: Claim) -> None:
    """Delete a record. A 404 means that it is gone already, and counts as success."""
    mirror = push.context.mirror
    if is_provisional(claim.record_id):  # it was never created: insert and delete are nothing
        await mirror.write(send_journal.close, claim.seqs, OutboxState.DONE)
        edit_log.settled(claim)
        return
    if await begin(push, claim, ()) is None:
        return
    gone_before = False
    try:
        await push.context.api.delete(claim.resource, claim.record_id, claim.listing)
    except NotFound:
        gone_before = not claim.unknown
    except CfsyncError as error:
        await handle_failure(push, claim, error)
        return
    await mirror.write(finish_delete, claim)
    edit_log.sent(claim, push.batch)
    count_answer(push, claim, {})
    count_deleted(push, claim, gone_before=gone_before)


def count_deleted(push: Push, claim: Claim, *, gone_before: bool) -> None:
    """Count a delete that is done. `gone_before`: no call of ours has deleted the record."""
    name = "already_gone" if gone_before else "deleted"
    push.report.add(claim.resource.name, **{name: 1})


def finish_delete(tx: Tx, claim: Claim) -> None:
    """Record that the claim's record no longer exists, and finish the claim."""
    answers.confirm_delete(tx, claim)
    send_journal.close(tx, claim.seqs, OutboxState.DONE)
