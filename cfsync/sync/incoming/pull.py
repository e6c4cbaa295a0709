"""Pull: read what changed, by `updated_at`, newest first, down to the watermark.

A quiet list costs one request, k changed records about k/20. The watermark moves only when the
walk has ended, to the newest value on its first page. While the watermark is young the walk goes on
to `overlap` before it, because ClickFunnels shows records later than it stamps them. A time in the
future is no watermark; one that became it is dropped, and the list is walked to its end. If the
answers show that the server ignores the sort, the list is walked whole; so is one that is known to
have none.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from cfsync.api import Priority
from cfsync.api.pages import Unsorted, walk_newest_first, walk_whole
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.progress import checkpoints
from cfsync.mirror.progress.checkpoints import Checkpoint, Lane
from cfsync.records import Listing, Page
from cfsync.resources import RESOURCES
from cfsync.sync.context import Context
from cfsync.sync.incoming.backfill import backfill_list
from cfsync.sync.incoming.watermark import ended, floor_of, is_to_drop, newest
from cfsync.sync.walk.growth import Growth
from cfsync.sync.walk.page_writer import PageWriter

log = structlog.get_logger()


async def pull_list(context: Context, writer: PageWriter, listing: Listing) -> None:
    """Read what changed in one list. A list that was never walked to its end is backfilled."""
    context = replace(context, api=context.api.with_priority(Priority.PULL))
    checkpoint = await context.mirror.read(checkpoints.get, listing, Lane.PULL)
    if checkpoint is None:
        await backfill_list(context, writer, listing)
        return
    if RESOURCES[listing.resource].whole:
        await _walk_whole(context, writer, listing, checkpoint)
        return
    try:
        await _walk(context, writer, listing, checkpoint)
    except Unsorted:
        log.warning("pull.sort_ignored", list=str(listing))
        await _walk_whole(context, writer, listing, checkpoint)


async def _walk(context: Context, writer: PageWriter, listing: Listing, start: Checkpoint) -> None:
    reading = await context.reading(RESOURCES[listing.resource], Lane.PULL)
    checkpoint = start if start.pending else replace(start, cursor=None)
    pages = walk_newest_first(
        context.api,
        listing,
        floor=floor_of(start, context.settings.pull.overlap),
        after=checkpoint.cursor,
    )
    growth, seen = Growth(context, writer.report, listing), 0
    async for page in pages:
        if is_to_drop(start.watermark, page, reading.began_at):
            log.warning("pull.watermark_ahead", list=str(listing), watermark=start.watermark)
            await _walk(context, writer, listing, replace(start, watermark=None, pending=None))
            return
        if checkpoint.pending is None:
            checkpoint = replace(checkpoint, pending=newest(page, reading.began_at))
        if page.records or page.strays:
            if page.records:
                checkpoint = replace(checkpoint, cursor=page.records[-1].id)
            await _put(writer, reading, page, checkpoint)
            await growth.count(len(page.records))
            seen += len(page.records)
            context.progress.at(listing, records=seen, fraction=None)
            context.check_stop()
    await _end(context, writer, reading, start, checkpoint.pending)


async def _walk_whole(
    context: Context, writer: PageWriter, listing: Listing, start: Checkpoint
) -> None:
    reading = await context.reading(RESOURCES[listing.resource], Lane.PULL)
    pending, seen = None, 0
    async for page in walk_whole(context.api, listing):
        # What changes behind the walk is newer than this.
        pending = pending or newest(page, reading.began_at)
        await _put(writer, reading, page, start)
        seen += len(page.records)
        context.progress.at(listing, records=seen, fraction=None)
        context.check_stop()
    await _end(context, writer, reading, start, pending)


async def _end(
    context: Context, writer: PageWriter, reading: Reading, start: Checkpoint, pending: str | None
) -> None:
    now = await context.now()
    end = ended(start, pending=pending, began_at=reading.began_at, now=now)
    await _put(writer, reading, Page((), None), end)


async def _put(writer: PageWriter, reading: Reading, page: Page, place: Checkpoint) -> None:
    await writer.put(reading, page, lambda _: [place])
