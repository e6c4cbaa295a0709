"""Write records that were read, and read records singly."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import structlog

from cfsync.belonging import in_workspace
from cfsync.errors import (
    SERVER_FAILED,
    ApiError,
    BadAnswer,
    Forbidden,
    NotFound,
    Refused,
    located,
)
from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.incoming.page import Written, write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import listings
from cfsync.mirror.outgoing import new_ids
from cfsync.mirror.progress import events
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.progress.runs import RunState
from cfsync.records import Record
from cfsync.resources import Resource
from cfsync.sync.context import Context, side_by_side
from cfsync.sync.report import Report

log = structlog.get_logger()


def count(report: Report, resource: str, written: Written) -> None:
    """Add to the report what became of the records."""
    report.add(
        resource,
        new=written.new,
        changed=written.changed,
        unchanged=written.unchanged,
        drift=written.drift,
        conflicts=written.conflicts,
        busy=len(written.busy),
    )
    report.add_refused(resource, written.refused)


async def write_asked(
    context: Context,
    report: Report,
    reading: Reading,
    ids: Sequence[int],
    records: Sequence[Record],
) -> Written:
    """Write what came of asking for the records with these `ids`, and count it. An id without a
    record is left to the sweep.
    """
    written = await context.mirror.write(write_answer, reading, ids, records)
    count(report, reading.resource.name, written)
    return written


def write_answer(
    tx: Tx, reading: Reading, ids: Sequence[int], records: Sequence[Record]
) -> Written:
    """As `write_asked`, within a transaction. The reading answers every hint that asked for these
    records before it began.
    """
    events.close_busy(tx, reading.resource, ids, before=reading.began_at)
    written = write_records(tx, reading, records)
    left = {*written.busy, *written.again, *written.refused, *written.foreign}
    events.close_refused(tx, reading.resource, {r.id for r in records} - left)
    return written


async def reread(
    context: Context, report: Report, resource: Resource, ids: Sequence[int], lane: Lane
) -> None:
    """Read records singly and write them. One with fields that are shown on request alone, of which
    there may be many, is reported where it can't be read, and left to a later pass.
    """

    async def read(record_id: int) -> None:
        with located(f"{resource.name} {record_id}"):
            reading = await context.reading(resource, lane)
            try:
                found = await _get(context, resource, record_id)
            except (Forbidden, Refused, BadAnswer, *SERVER_FAILED) as error:
                if not resource.on_request:
                    raise
                _note_unread(report, f"{resource.name} {record_id}", error)
                return
            await write_asked(context, report, reading, [record_id], found)

    await side_by_side(context, ids, read)


def _note_unread(report: Report, record: str, error: ApiError) -> None:
    """The pass goes on with other records, and has not come to its end."""
    log.warning("record.unreadable", record=record, status=error.status)
    if isinstance(error, Forbidden):
        report.unreachable.append(record)
        return
    report.problems.append(f"{record}: {error}")
    report.cause = report.cause or error
    if report.state == RunState.DONE:
        report.state = RunState.STOPPED


async def _get(context: Context, resource: Resource, record_id: int) -> list[Record]:
    place = None
    if not resource.has_get:
        place = await context.mirror.read(listings.of_row, resource, record_id)
        if place is None:
            return []
    try:
        return [await context.api.get(resource, record_id, shown_in=place)]
    except NotFound:
        return []


async def reread_busy(context: Context, report: Report, resource: Resource) -> None:
    """Read the records whose rows somebody held, or a constraint or trigger of the user's refused,
    when an earlier pass wanted to write them.
    """
    busy = await context.mirror.read(events.find_open, resource, busy=True)
    await reread(context, report, resource, [hint.record_id for hint in busy], Lane.PULL)
    await reread_refused(context, report, resource)


async def reread_refused(context: Context, report: Report, resource: Resource) -> None:
    """Read the records whose rows were refused: what was in the way may have moved. They are
    written together, since each may be in the other's way. The next push tries those inserts
    again whose rows can take their ids by now.
    """
    for edit in await context.mirror.read(outbox.refused_inserts, resource):
        with suppress(Constrained):
            await context.mirror.write(new_ids.retry_if_free, resource, *edit)
    refused = await context.mirror.read(events.find_refused, resource)
    if not refused:
        return
    reading, found = await context.reading(resource, Lane.PULL), list[Record]()
    for record_id, workspace in refused.items():
        context.check_stop()
        with located(f"{resource.name} {record_id}"):
            found += [in_workspace(r, workspace) for r in await _get(context, resource, record_id)]
    await write_asked(context, report, reading, list(refused), found)
