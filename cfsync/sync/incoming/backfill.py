"""Backfill: walk a list by id, and continue where an earlier run stopped.

The first request reads the list newest first: the newest `updated_at` becomes the first watermark,
so that the first pull sees everything that changes during the walk. A list that fits on that page
is complete with it.
"""

from __future__ import annotations

from dataclasses import replace

from cfsync.api import Priority
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import checkpoints
from cfsync.mirror.progress.checkpoints import Checkpoint, Lane
from cfsync.records import Listing
from cfsync.resources import RESOURCES
from cfsync.sync.context import Context
from cfsync.sync.incoming.watermark import newest
from cfsync.sync.walk.page_writer import PageWriter
from cfsync.sync.walk.range_walkers import last_id, walk_in_ranges


async def backfill_list(context: Context, writer: PageWriter, listing: Listing) -> None:
    """Walk one list to its end, then create its pull checkpoint. No saved page is read again."""
    context = replace(context, api=context.api.with_priority(Priority.BACKFILL))
    parts = await context.mirror.read(checkpoints.parts, listing, Lane.BACKFILL)
    if not parts:
        parts = await _begin(context, writer, listing)
    if parts:
        end = await last_id(context, listing)
        await walk_in_ranges(context, writer, listing, parts, end=end)
        await context.mirror.write(_finished, parts[0])


async def _begin(context: Context, writer: PageWriter, listing: Listing) -> list[Checkpoint]:
    """Read the first page; the ranges to walk, none if that page was the whole list."""
    reading = await context.reading(RESOURCES[listing.resource], Lane.BACKFILL)
    page = await context.api.page(listing, sort="updated_at", descending=True)
    place = replace(
        checkpoints.fresh(listing, Lane.BACKFILL),
        watermark=newest(page, reading.began_at),
        seen_at=await context.now(),
        began_at=reading.began_at,
    )
    if page.next is not None:
        await context.mirror.write(checkpoints.save, place)
        return [place]
    await writer.put(reading, page, lambda tx: _finish(tx, place))
    context.progress.at(listing, records=len(page.records), fraction=1.0)
    return []


def _finished(tx: Tx, place: Checkpoint) -> None:
    checkpoints.save(tx, *_finish(tx, place))


def _finish(tx: Tx, place: Checkpoint) -> list[Checkpoint]:
    """The checkpoints of a list that is walked: the backfill's, and the pull's to continue from."""
    done = replace(place, part=0, cursor=None, upper=None, done_at=tx.now)
    checkpoints.forget(tx, Listing(place.resource, place.parent_id), Lane.BACKFILL)
    return [done, replace(done, lane=Lane.PULL)]
