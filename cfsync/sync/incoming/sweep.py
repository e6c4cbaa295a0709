"""Sweep: a complete walk by id that finds what the other lanes can't: deletions and drift.

A page proves which ids exist between the page before it and its own last id. A row of the mirror in
that range that the page lacks becomes a candidate for deletion; `deletions` reads each candidate
by itself before anything is removed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import structlog

from cfsync.api import Priority
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import missing_rows
from cfsync.mirror.lists.missing_rows import ShownRange
from cfsync.mirror.progress import checkpoints, notes
from cfsync.mirror.progress.checkpoints import Checkpoint, Lane
from cfsync.mirror.user_decisions import uncaptured_rows
from cfsync.records import Listing, Page
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.context import Context
from cfsync.sync.incoming.presence import is_emptied
from cfsync.sync.report import Report
from cfsync.sync.walk.page_writer import PageWriter
from cfsync.sync.walk.range_walkers import Proof, walk_in_ranges

log = structlog.get_logger()


async def sweep_list(context: Context, writer: PageWriter, listing: Listing) -> None:
    """Walk one list whole, from where a stopped sweep ended. Missing rows become candidates."""
    context = replace(context, api=context.api.with_priority(Priority.SWEEP))
    proof = _proof(listing)
    reading = await context.reading(RESOURCES[listing.resource], Lane.SWEEP)
    page = await context.api.page(listing, descending=True)
    if not page.records and not await is_emptied(context, listing):
        log.warning("list.empty_where_rows_are", list=str(listing))
        writer.report.unreachable.append(str(listing))
        return
    parts = await context.mirror.read(checkpoints.parts, listing, Lane.SWEEP)
    if all(p.done_at for p in parts):
        parts = [replace(checkpoints.fresh(listing, Lane.SWEEP), began_at=reading.began_at)]
    if page.next is None:
        await _write_whole(writer, reading, page, parts[0], proof)
        context.progress.at(listing, records=len(page.records), fraction=1.0)
        return
    await context.mirror.write(checkpoints.begin, listing, Lane.SWEEP, parts)
    end = max(r.id for r in page.records)
    await walk_in_ranges(context, writer, listing, parts, end=end, proof=proof)
    await context.mirror.write(_finished, parts[0])


async def settle_inserted(context: Context, report: Report, resource: Resource) -> None:
    """Settle the rows that were inserted while no trigger captured them."""
    settings = context.settings
    keeps = settings.deletions.on_remote_delete == "keep"
    if not await context.mirror.read(uncaptured_rows.are_there, resource, keeps_deleted=keeps):
        return  # looking through a large table takes too long to keep others from writing
    found = await context.mirror.write(
        uncaptured_rows.settle, resource, settings.sweep.on_drift, keeps_deleted=keeps
    )
    report.add(resource.name, drift=found)


def _proof(listing: Listing) -> Proof:
    resource = RESOURCES[listing.resource]

    def prove(
        tx: Tx, rev_before: int, above: int, upto: int | None, listed: Collection[int]
    ) -> None:
        if not resource.scope:
            shown = ShownRange(above, upto, listed, rev_before)
            missing_rows.add_unlisted(tx, resource, listing, shown)

    return prove


async def _write_whole(
    writer: PageWriter, reading: Reading, page: Page, place: Checkpoint, proof: Proof
) -> None:
    """Write a list that fits on one page."""

    def on_write(tx: Tx) -> list[Checkpoint]:
        proof(tx, reading.rev_before, 0, None, {r.id for r in page.records})
        return [_finish(tx, place)]

    await writer.put(reading, page, on_write, full=True)


def _finished(tx: Tx, place: Checkpoint) -> None:
    checkpoints.save(tx, _finish(tx, place))


def _finish(tx: Tx, place: Checkpoint) -> Checkpoint:
    """The checkpoint of a list that is swept; those of its ranges are removed. Notes about what a
    trigger of the user's changes are dropped where no list's last sweep has seen that.
    """
    checkpoints.forget(tx, Listing(place.resource, place.parent_id), Lane.SWEEP)
    resource = RESOURCES[place.resource]
    if notes.has_tidied(tx, resource):  # rare: to look at every list each time would take long
        began = [place.began_at, *checkpoints.began_at(tx, resource, Lane.SWEEP)]
        known = [at for at in began if at is not None]
        if len(known) == len(began):
            notes.forget_tidied(tx, resource, before=min(known))
    return replace(place, part=0, cursor=None, upper=None, done_at=tx.now)
