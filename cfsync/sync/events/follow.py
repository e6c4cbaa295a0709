"""Events: records that some event speaks of are read again, and come in like any pulled record.

As many to a request as the list can be filtered by id, else singly. One that is not there becomes a
candidate for deletion, on which `verdicts` has the last word. Only where the settings say so is the
record that came along taken as it is, and only where its `updated_at` is newer than base.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson
import structlog

from cfsync.api.codec import PAGE
from cfsync.decode import decode_record
from cfsync.errors import BadAnswer, Forbidden, NotFound
from cfsync.mirror.bookkeeping import bases, events, missing_rows, tombstones
from cfsync.mirror.bookkeeping.checkpoints import Lane
from cfsync.mirror.bookkeeping.events import OpenEvent
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming.page import Written, write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.records import Listing, Record
from cfsync.resources import Resource
from cfsync.sync.context import Context, side_by_side
from cfsync.sync.incoming.deletions import judge_candidates
from cfsync.sync.report import Report
from cfsync.sync.walk.records import count

log = structlog.get_logger()


@dataclass(slots=True)
class Found:
    """What a look at some records showed: those that are there (or listed), and those that are not.
    A record in neither could not be seen.
    """

    found: dict[int, Record] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)


async def follow(
    context: Context, report: Report, resource: Resource, workspaces: Collection[int]
) -> None:
    """Follow all hints of a resource, and confirm the deletions that are proved by now."""
    while hints := await context.mirror.read(events.find_open, resource):
        for workspace, group in _by_workspace(hints).items():
            context.check_stop()
            await _follow(context, report, resource, workspace, group)
    await judge_candidates(context, report, resource, workspaces, wait=False)


def _by_workspace(hints: Sequence[OpenEvent]) -> Mapping[int | None, list[OpenEvent]]:
    groups: dict[int | None, list[OpenEvent]] = {}
    for hint in hints:
        groups.setdefault(hint.workspace_id, []).append(hint)
    return groups


async def _follow(
    context: Context,
    report: Report,
    resource: Resource,
    workspace: int | None,
    hints: Sequence[OpenEvent],
) -> None:
    if context.settings.events.use_payload:
        reading = await context.reading(resource, Lane.EVENTS)
        written, hints = await context.mirror.write(_take_payloads, reading, hints)
        count(report, resource.name, written)
    reading = await context.reading(resource, Lane.EVENTS)
    place = Listing(resource.name, workspace or 0, workspace)
    sight = await _read_records(context, report, resource, place, {h.record_id for h in hints})
    written = await context.mirror.write(_write, reading, hints, sight)
    count(report, resource.name, written)


async def _read_records(
    context: Context, report: Report, resource: Resource, place: Listing, ids: Collection[int]
) -> Found:
    """Read records, as many as possible with one request.

    Those that can't be read are reported; the next pull or sweep reads them.
    """
    sight, listable = Found(), "id" in resource.filters and resource.listed_by_workspace

    async def look_at(some: Sequence[int]) -> None:
        try:
            if listable:
                await _read_listed(context, place, some, sight)
            else:
                await _read_single(context, resource, place, some[0], sight)
        except (Forbidden, NotFound, BadAnswer) as error:
            log.warning("hint.unreadable", list=str(place), status=error.status)
            report.unreachable.append(str(place))

    await side_by_side(context, _batches(sorted(ids), PAGE if listable else 1), look_at)
    return sight


def _batches(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))


async def _read_listed(context: Context, place: Listing, ids: Sequence[int], sight: Found) -> None:
    """What its list does not show is gone or hidden, and no part of the mirror."""
    listed = {r.id: r for r in await context.api.find(place, "id", ids)}
    sight.found |= listed
    sight.missing |= set(ids) - listed.keys()


async def _read_single(
    context: Context, resource: Resource, place: Listing, record_id: int, sight: Found
) -> None:
    try:
        sight.found[record_id] = await context.api.get(resource, record_id, place)
    except NotFound:
        sight.missing.add(record_id)


def _write(tx: Tx, reading: Reading, hints: Sequence[OpenEvent], sight: Found) -> Written:
    """One transaction: the records, what is missing, and that the hints are followed. Those of
    records that the mirror has younger news of stay, so that they are read once more.
    """
    written = write_records(tx, reading, list(sight.found.values()))
    missing, rev_before = sorted(sight.missing), reading.rev_before
    missing_rows.add_not_found(tx, reading.resource, missing, rev_before=rev_before)
    events.close(tx, [h for h in hints if h.record_id not in written.again])
    return written


def _take_payloads(
    tx: Tx, reading: Reading, hints: Sequence[OpenEvent]
) -> tuple[Written, list[OpenEvent]]:
    """Write the newest record that came along with hints, where it is provably newer than base;
    returns also the hints that must be followed all the same. What is thought to be gone is asked
    for: it may have been sent before the record went.
    """
    resource, ids = reading.resource, [h.record_id for h in hints]
    known, buried = bases.load(tx, resource, ids), tombstones.proof_revs(tx, resource, ids)
    newest: dict[int, Record] = {}
    for hint in hints:
        record = _payload_record(resource, hint)
        if record is not None and record.id in known.keys() - buried.keys():
            before = newest.get(record.id) or bases.decode(resource, known[record.id])
            if _is_later_and_whole(record, before):
                newest[record.id] = record
    current = replace(reading, rev_before=bases.highest_rev(tx))  # no request lies in between
    written = write_records(tx, current, list(newest.values()))
    taken = [h for h in hints if h.body is not None and h.record_id in newest]
    events.close(tx, taken)
    return written, [h for h in hints if h not in taken]


def _is_later_and_whole(record: Record, before: Record) -> bool:
    """Whether it is the later state, and all of it: an older version of payloads shows less."""
    later = record.updated_at and before.updated_at and record.updated_at > before.updated_at
    return bool(later) and record.values.keys() >= before.values.keys()


def _payload_record(resource: Resource, hint: OpenEvent) -> Record | None:
    """The record that came along; None if it proves nothing."""
    if hint.body is None or hint.workspace_id is None:
        return None
    place = Listing(resource.name, hint.workspace_id, hint.workspace_id)
    try:
        record = decode_record(resource, orjson.loads(hint.body), place)
    except BadAnswer:
        return None
    return record if record.values.get("workspace_id") == hint.workspace_id else None
