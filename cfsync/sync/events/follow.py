"""Follow hints: records that an event names are read again and written like any pulled record.

Several are read with one request where the list can be filtered by id, else one by one. A record
that is not there becomes a candidate for deletion (see `incoming.deletions`). With
`events.use_payload` the record in the event itself is written, if its `updated_at` is newer than
base.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson
import structlog

from cfsync.api.codec import PAGE
from cfsync.belonging import in_workspace
from cfsync.decode import decode_record
from cfsync.errors import BadAnswer, Forbidden, NotFound
from cfsync.mirror.bookkeeping import bases, tombstones
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming.membership import with_workspaces
from cfsync.mirror.incoming.page import Written, write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import missing_rows
from cfsync.mirror.progress import events
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.progress.events import OpenEvent
from cfsync.records import Listing, Record
from cfsync.resources import Resource
from cfsync.sync.context import Context, side_by_side
from cfsync.sync.incoming.deletions import judge_candidates
from cfsync.sync.incoming.presence import is_listed
from cfsync.sync.report import Report
from cfsync.sync.walk.records import count
from cfsync.times import is_ahead

log = structlog.get_logger()


@dataclass(slots=True)
class Found:
    """What reading some records showed: those that exist (or are listed), and the ids of those that
    don't. A record in neither could not be read.
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
    found = await _read_records(context, report, resource, place, {h.record_id for h in hints})
    written = await context.mirror.write(_write, reading, hints, found)
    count(report, resource.name, written)


async def _read_records(
    context: Context, report: Report, resource: Resource, place: Listing, ids: Collection[int]
) -> Found:
    """Read records, as many as possible with one request.

    Those that can't be read are reported; the next pull or sweep reads them.
    """
    found, listable = Found(), "id" in resource.filters and resource.listed_by_workspace
    listable = listable and not resource.on_request  # a list shows only a part of the record

    async def read(some: Sequence[int]) -> None:
        try:
            if listable:
                await _read_listed(context, place, some, found)
            else:
                await _read_single(context, resource, place, some[0], found)
        except (Forbidden, NotFound, BadAnswer) as error:
            log.warning("hint.unreadable", list=str(place), status=error.status)
            report.unreachable.append(str(place))

    await side_by_side(context, _batches(sorted(ids), PAGE if listable else 1), read)
    return found


def _batches(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))


async def _read_listed(context: Context, place: Listing, ids: Sequence[int], found: Found) -> None:
    """A record that its list does not show is gone or hidden, and does not belong in the mirror."""
    listed = {r.id: r for r in await context.api.find(place, "id", ids)}
    found.found |= listed
    found.missing |= set(ids) - listed.keys()


async def _read_single(
    context: Context, resource: Resource, place: Listing, record_id: int, found: Found
) -> None:
    """A record that has left the mirror, since no list showed it, comes back only if one does. One
    that names no workspace is only an event's word for being in it: the list must show it.
    """
    try:
        record = await context.api.get(resource, record_id, shown_in=place)
    except NotFound:
        found.missing.add(record_id)
        return
    (record,) = await context.mirror.read(with_workspaces, resource, [record])
    is_placed = record.values.get("workspace_id") is not None or resource.nested
    has_left = await context.mirror.read(tombstones.proof_revs, resource, [record_id])
    if has_left or not is_placed:
        parent = int(record.values.get(resource.parent_field or "") or place.parent_id)
        listed = await is_listed(context, replace(place, parent_id=parent), record_id)
        if has_left and listed is False:
            found.missing.add(record_id)
            return
        record = in_workspace(record, place.workspace_id if listed else None)
    found.found[record_id] = record


def _write(tx: Tx, reading: Reading, hints: Sequence[OpenEvent], found: Found) -> Written:
    """In one transaction: write the records, note what is missing, and settle the hints. Those
    of records that are to be read again stay open.
    """
    written = write_records(tx, reading, list(found.found.values()))
    missing, rev_before = sorted(found.missing), reading.rev_before
    missing_rows.add_not_found(tx, reading.resource, missing, rev_before=rev_before)
    events.close(tx, [h for h in hints if h.record_id not in written.again])
    return written


def _take_payloads(
    tx: Tx, reading: Reading, hints: Sequence[OpenEvent]
) -> tuple[Written, list[OpenEvent]]:
    """Write the newest record of each hint's payload if it is provably newer than base; returns
    also the hints that must be followed all the same. A record with a tombstone is always read: its
    payload may have been sent before it was deleted.
    """
    resource, ids = reading.resource, [h.record_id for h in hints]
    known, buried = bases.load(tx, resource, ids), tombstones.proof_revs(tx, resource, ids)
    newest: dict[int, Record] = {}
    for hint in hints:
        record = _payload_record(resource, hint, tx.now)
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
    """Whether a record is a later state and complete: older payload versions show fewer fields."""
    later = record.updated_at and before.updated_at and record.updated_at > before.updated_at
    return bool(later) and record.values.keys() >= before.values.keys()


def _payload_record(resource: Resource, hint: OpenEvent, now: str) -> Record | None:
    """The record in a hint's payload; None if there is none, or it proves nothing, as one whose
    time lies in the future.
    """
    if hint.body is None or hint.workspace_id is None:
        return None
    try:
        record = decode_record(resource, orjson.loads(hint.body))
    except BadAnswer:
        return None
    is_there = record.values.get("workspace_id") in (None, hint.workspace_id)
    return record if is_there and not is_ahead(record.updated_at, now) else None
