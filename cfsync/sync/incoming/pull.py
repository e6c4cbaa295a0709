"""Pull: read what changed, by `updated_at`, newest first, down to the watermark.

A quiet list costs one request, k changed records about k/20. The watermark moves only when the
walk has ended, to the newest value on its first page. While the watermark is young the walk goes on
to `overlap` before it, because ClickFunnels shows records later than it stamps them. If the answers
show that the server ignores the sort, the list is walked whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from cfsync.api import Priority
from cfsync.api.pages import Unsorted, walk_newest_first, walk_whole
from cfsync.mirror.bookkeeping import checkpoints
from cfsync.mirror.bookkeeping.checkpoints import Checkpoint, Lane
from cfsync.mirror.incoming.reading import Reading
from cfsync.records import Listing, Page, Record
from cfsync.resources import RESOURCES
from cfsync.sync.context import Context
from cfsync.sync.incoming.backfill import backfill_list
from cfsync.sync.walk.page_writer import PageWriter
from cfsync.values import later, seconds

log = structlog.get_logger()


def floor_of(checkpoint: Checkpoint, overlap: float) -> str | None:
    """The `updated_at` at which a walk may end; None: it goes to the end of the list. Pure.

    `overlap` is in seconds. A watermark that was first seen less than that before the previous
    pass began is too young: records older than it may have appeared since.
    """
    watermark = checkpoint.watermark
    if watermark is None or checkpoint.seen_at is None or checkpoint.began_at is None:
        return None
    if settled(checkpoint, overlap):
        return watermark
    return later(watermark, -overlap)


def settled(checkpoint: Checkpoint, overlap: float) -> bool:
    """Whether the last pass began at least `overlap` seconds after the watermark was first seen."""
    if checkpoint.seen_at is None or checkpoint.began_at is None:
        return False
    return seconds(checkpoint.seen_at, checkpoint.began_at) >= overlap


def ended(start: Checkpoint, *, pending: str | None, began_at: str, now: str) -> Checkpoint:
    """The checkpoint after a walk that reached its floor. Pure.

    In doubt a watermark counts as younger than it is: it was seen at `now` at the latest, and it is
    not known when the run began that read the first pages of a resumed walk.
    """
    newer = pending is not None and (start.watermark or "") < pending
    return replace(
        start,
        watermark=pending if newer else start.watermark,
        seen_at=now if newer else start.seen_at,
        pending=None,
        cursor=None,
        began_at=start.began_at if start.pending else began_at,
        done_at=now,
    )


async def pull_list(context: Context, writer: PageWriter, listing: Listing) -> None:
    """Read what changed in one list. A list that was never walked to its end is backfilled."""
    context = replace(context, api=context.api.with_priority(Priority.PULL))
    checkpoint = await context.mirror.read(checkpoints.get, listing, Lane.PULL)
    if checkpoint is None:
        await backfill_list(context, writer, listing)
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
    async for page in pages:
        if checkpoint.pending is None:
            checkpoint = replace(checkpoint, pending=newest(page))
        if page.records:
            checkpoint = replace(checkpoint, cursor=page.records[-1].id)
            await _put(writer, reading, page.records, checkpoint)
            context.check_stop()
    await _end(context, writer, reading, start, checkpoint.pending)


async def _walk_whole(
    context: Context, writer: PageWriter, listing: Listing, start: Checkpoint
) -> None:
    reading = await context.reading(RESOURCES[listing.resource], Lane.PULL)
    pending = None
    async for page in walk_whole(context.api, listing):
        pending = pending or newest(page)  # what changes behind the walk is newer than this
        await _put(writer, reading, page.records, start)
        context.check_stop()
    await _end(context, writer, reading, start, pending)


async def _end(
    context: Context, writer: PageWriter, reading: Reading, start: Checkpoint, pending: str | None
) -> None:
    now = await context.now()
    end = ended(start, pending=pending, began_at=reading.began_at, now=now)
    await _put(writer, reading, (), end)


def newest(page: Page) -> str | None:
    return max((r.updated_at for r in page.records if r.updated_at), default=None)


async def _put(
    writer: PageWriter, reading: Reading, records: Sequence[Record], place: Checkpoint
) -> None:
    await writer.put(reading, records, lambda _: [place])
