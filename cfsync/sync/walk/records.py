"""How records come ashore: a page and its checkpoint in one transaction; single reads."""

from __future__ import annotations

from collections.abc import Sequence

from cfsync.errors import NotFound
from cfsync.merge import Policy
from cfsync.mirror.bookkeeping import bases, checkpoints, events
from cfsync.mirror.bookkeeping.checkpoints import Checkpoint, Lane
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming import page
from cfsync.mirror.incoming.page import Origin, Written
from cfsync.records import Record
from cfsync.resources import Resource
from cfsync.sync.context import Context
from cfsync.sync.report import Report


def write_page(
    tx: Tx,
    resource: Resource,
    records: Sequence[Record],
    origin: Origin,
    policy: Policy,
    checkpoint: Checkpoint | None,
    full: bool = False,
) -> Written:
    """One transaction: the records, merged, and the place behind them."""
    written = page.write_records(tx, resource, records, origin, policy=policy, full=full)
    if checkpoint is not None:
        checkpoints.save(tx, checkpoint)
    return written


def count(report: Report, resource: str, written: Written) -> None:
    report.add(
        resource,
        new=written.new,
        changed=written.changed,
        unchanged=written.unchanged,
        drift=written.drift,
        conflicts=written.conflicts,
        busy=len(written.busy),
    )


def snapshot(tx: Tx) -> tuple[int, str]:
    """What is noted before a request: the highest `cf_rev` and the time."""
    return bases.highest_rev(tx), tx.now


def write_single(
    tx: Tx,
    resource: Resource,
    record_id: int,
    record: Record | None,
    origin: Origin,
    policy: Policy,
    asked_at: str,
) -> Written:
    """One record read singly (None: it is not there, which the sweep judges). It answers every
    hint that asked for a look at it before the request.
    """
    events.looked_at(tx, resource, [record_id], before=asked_at)
    found = [] if record is None else [record]
    return page.write_records(tx, resource, found, origin, policy=policy)


async def reread(
    context: Context, report: Report, resource: Resource, ids: Sequence[int], lane: Lane
) -> None:
    """Read records singly and land them."""
    for record_id in ids:
        context.check_stop()
        rev_before, at = await context.mirror.read(snapshot)
        record = await _get(context, resource, record_id)
        policy = context.settings.resource(resource.name).on_conflict
        written = await context.mirror.write(
            write_single, resource, record_id, record, Origin(lane, rev_before), policy, at
        )
        count(report, resource.name, written)


async def _get(context: Context, resource: Resource, record_id: int) -> Record | None:
    try:
        return await context.api.get(resource, record_id)
    except NotFound:
        return None


async def reread_busy(context: Context, report: Report, resource: Resource) -> None:
    """Read the records whose rows somebody held when an earlier pass wanted to write them."""
    busy = await context.mirror.read(events.find, resource, busy=True)
    await reread(context, report, resource, [hint.record_id for hint in busy], "pull")
