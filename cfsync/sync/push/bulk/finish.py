"""Ends bulks: waits for their actions, and reads their records to see what each has got."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog

from cfsync.api.codec import PAGE
from cfsync.api.pages import walk_by_id
from cfsync.errors import ApiError, Forbidden, NotFound
from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming.page import Written
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.outgoing import bulk_journal, debounce, send_journal
from cfsync.mirror.outgoing.bulk_journal import Action, Bulk
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.progress.runs import RunState
from cfsync.records import Listing, Record
from cfsync.sync.context import side_by_side
from cfsync.sync.push import edit_log
from cfsync.sync.push.bulk.start import REFUSED, BulkPush, are_members_there, turn_off
from cfsync.sync.push.outcome import count_failure, report_failure
from cfsync.sync.walk.records import count, write_answer
from cfsync.times import later

FIRST_GAP_S, LONGEST_GAP_S = 0.2, 5.0
"""Seconds between two looks at actions that are at work; they double."""
GIVE_UP_S = 3600.0
"""Seconds after which an action that has not ended is deleted."""
TOGETHER = 5
"""Pages of records that are settled in one transaction, at most."""

log = structlog.get_logger()


async def finish_bulks(it: BulkPush) -> set[int]:
    """Wait up to `push.settle` for the actions of all bulks; settle the edits of those that are
    over. The others stay in the journal for the next push. Returns the records of those of which no
    call has arrived: their edits can be sent again.
    """
    open_, it.bulks = await _wait(it, it.bulks), []
    unsent: set[int] = set()
    for bulk in [await _without_missing(it, bulk) for bulk in open_]:
        if all(action.since is None for action in bulk.actions):
            await it.push.context.mirror.write(bulk_journal.release, bulk)
            unsent.update(bulk.record_ids)
        elif not bulk.is_over:
            await _leave(it, bulk)
    for bulk in await it.push.context.mirror.read(bulk_journal.find, it.resource):
        it.push.context.check_stop()
        if bulk.is_over and bulk.change.workspace_id in it.workspaces:
            await _prove(it, bulk)
    return unsent


async def _wait(it: BulkPush, bulks: Sequence[Bulk]) -> list[Bulk]:
    """Look at actions until they are over; the bulks that are not when time is up."""
    context, began, gap = it.push.context, time.monotonic(), FIRST_GAP_S
    while True:
        bulks = [b if b.is_over else await _look(it, b) for b in bulks]
        open_ = [b for b in bulks if not b.is_over]
        left = context.settings.push.settle - (time.monotonic() - began)
        if not open_ or left <= 0:
            return open_
        await context.wait(min(gap, left))
        gap = min(2 * gap, LONGEST_GAP_S)


async def _look(it: BulkPush, bulk: Bulk) -> Bulk:
    """Look once at the actions of a bulk that may be at work."""
    try:
        for action in bulk.actions:
            if action.is_open:
                it.push.context.check_stop()
                bulk = bulk.with_action(await _as_it_is(it, bulk, action))
    except REFUSED as error:  # nobody can look at the actions: the records tell
        await turn_off(it, bulk, f"its actions can't be read ({error.status})")
        for action in (a for a in bulk.actions if a.is_open):
            bulk = bulk.with_action(replace(action, over=True))
    except ApiError as error:
        count_failure(it.push, error)
    await it.push.context.mirror.write(bulk_journal.save, bulk)
    return bulk


async def _as_it_is(it: BulkPush, bulk: Bulk, action: Action) -> Action:
    """An action as ClickFunnels shows it now. One that was called without an answer is looked for
    in the list.
    """
    api = it.push.context.api
    if action.id is None:
        found = await _find(it, bulk, action)
        if found is None:
            return action
    else:
        try:
            found = await api.get(it.actions, action.id)
        except NotFound:  # somebody has deleted it
            return replace(action, over=True)
    is_over = found.values.get("completed_at") is not None
    if not is_over and await _is_too_old(it, bulk):
        await _give_up(it, bulk, found)
        is_over = True
    return replace(action, id=found.id, over=is_over)


async def _find(it: BulkPush, bulk: Bulk, action: Action) -> Record | None:
    """The action that a call without an answer has made; None where there is none."""
    known = await it.push.context.mirror.read(bulk_journal.find, it.resource)
    taken = {a.id for b in (*known, bulk) for a in b.actions}
    wanted = it.body(action, [action.member], bulk.record_ids)
    walk = walk_by_id(it.push.context.api, it.actions_of(bulk), after=action.since)
    async for page in walk:
        for record in page.records:
            if record.id not in taken and _is_like(record, wanted, len(bulk.record_ids)):
                return record
    return None


def _is_like(record: Record, wanted: Mapping[str, Any], count: int) -> bool:
    """Whether an action changes what was wanted. It may leave out targets that it doesn't know, or
    not show them. Pure.
    """
    if (record.values.get("target_count") or 0) > count:
        return False
    for name, value in wanted.items():
        shown = record.values.get(name)
        if isinstance(shown, list) and not set(shown) <= set(value):
            return False
        if isinstance(value, str) and shown != value:
            return False
    return True


async def _is_too_old(it: BulkPush, bulk: Bulk) -> bool:
    return (bulk.called_at or "") < later(await it.push.context.now(), -GIVE_UP_S)


async def _give_up(it: BulkPush, bulk: Bulk, action: Record) -> None:
    """Delete an action that doesn't end, so that it can't change anything later."""
    with suppress(*REFUSED):
        await it.push.context.api.delete(it.actions, action.id)
    await turn_off(it, bulk, "an action did not end within an hour")


async def _without_missing(it: BulkPush, bulk: Bulk) -> Bulk:
    """The bulk after a second look for actions that were called without an answer. One that is not
    there has changed nothing.
    """
    if not any(a.is_open and a.id is None for a in bulk.actions):
        return bulk
    failures = it.push.failures
    bulk = await _look(it, bulk)
    missing = [a for a in bulk.actions if a.is_open and a.id is None]
    if it.push.failures > failures:
        return bulk  # the look has failed
    for action in missing:
        log.info("bulk.missing", bulk=bulk.number)
        bulk = bulk.with_action(replace(action, since=None))
    await it.push.context.mirror.write(bulk_journal.save, bulk)
    return bulk


async def _leave(it: BulkPush, bulk: Bulk) -> None:
    """Leave a bulk to the next push."""
    it.put_off.update(bulk.record_ids)
    words = "waits for the end of a bulk action"
    await it.push.context.mirror.write(outbox.set_reason, bulk.seqs, words)
    if (lost := it.lost.get(bulk.number)) is not None:
        report_failure(it.push.report, lost)
    report = it.push.report
    if report.state == RunState.DONE:
        report.state, report.put_off = RunState.STOPPED, True
    report.problems.append("a bulk action has not ended yet: the next push looks again")


async def _prove(it: BulkPush, bulk: Bulk) -> None:
    """Read the records of a bulk again and settle the edits that they show. What they don't show is
    sent one by one.
    """
    mirror = it.push.context.mirror
    proof = Proof(bulk, await mirror.read(debounce.open_among, bulk.seqs))

    async def prove_some(ids: Sequence[int]) -> None:
        await _prove_some(it, proof, ids)

    parts = _parts(bulk.record_ids, it.push.context.settings.api.max_concurrency)
    await side_by_side(it.push.context, parts if proof.open_seqs else (), prove_some)
    if proof.left and not proof.settled and await are_members_there(it, bulk):
        await turn_off(it, bulk, "an action changed nothing")
    await mirror.write(bulk_journal.forget, bulk)


def _parts(ids: Sequence[int], walkers: int) -> list[Sequence[int]]:
    """Some pages each, so that few transactions are needed, and enough parts for all. Pure."""
    size = PAGE * max(1, min(TOGETHER, len(ids) // (PAGE * walkers)))
    return [ids[start : start + size] for start in range(0, len(ids), size)]


@dataclass
class Proof:
    """What the records of a bulk have shown so far."""

    bulk: Bulk
    #: Those of its edits that are not settled.
    open_seqs: set[int]
    #: How many records show what their edits want, and how many don't.
    settled: int = 0
    left: int = 0


async def _prove_some(it: BulkPush, proof: Proof, ids: Sequence[int]) -> None:
    """Read some records and settle what they show."""
    context, report, bulk = it.push.context, it.push.report, proof.bulk
    reading = await context.reading(it.resource, Lane.PUSH)
    records = [
        record
        for start in range(0, len(ids), PAGE)
        for record in await _read_page(it, bulk, ids[start : start + PAGE])
    ]
    written, settled = await context.mirror.write(_settle, reading, proof, records, it.push.batch)
    count(report, it.resource.name, written)
    if settled:
        it.push.done.announce()  # an earlier push sent it, and it belongs to this batch now
    for record_id, seqs in settled.items():
        edit_log.sent_in_bulk(it.resource.name, record_id, seqs, it.push.batch)
        proof.open_seqs.difference_update(seqs)
        it.push.done.add(it.resource.name, seqs)
    proof.settled += len(settled)
    proof.left += len(records) - len(settled)
    if settled:
        it.push.failures, report.batch = 0, it.push.batch
        report.add(it.resource.name, sent=len(settled))


async def _read_page(it: BulkPush, bulk: Bulk, page: Sequence[int]) -> Sequence[Record]:
    """Records of a bulk; none where they can't be read, so that a call for each tells."""
    it.push.context.check_stop()
    listing = Listing(it.resource.name, bulk.change.workspace_id, bulk.change.workspace_id)
    try:
        return await it.push.context.api.find(listing, "id", page)
    except (NotFound, Forbidden):
        return ()
    except ApiError as error:
        count_failure(it.push, error)
        return ()


def _settle(
    tx: Tx, reading: Reading, proof: Proof, records: Sequence[Record], batch: int
) -> tuple[Written, dict[int, list[int]]]:
    """Settle what the records show, and write them. What an earlier push has begun belongs to this
    batch, as does the rest of it that goes one by one. With its last edit the bulk is forgotten.
    """
    bulk, resource = proof.bulk, reading.resource
    settled = bulk_journal.settle(tx, resource, bulk, records, reading.rev_before)
    send_journal.move(tx, [seq for seqs in settled.values() for seq in seqs], batch)
    if proof.open_seqs <= {seq for seqs in settled.values() for seq in seqs}:
        bulk_journal.forget(tx, bulk)
    return write_answer(tx, reading, [record.id for record in records], records), settled
