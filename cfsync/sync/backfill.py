"""Backfill: walk every list by id, ascending, and go on where an earlier run stopped.

Before the first page of a list one look at it newest first: its `updated_at` is the first
watermark, so that the first pull sees all that changes while the walk is under way; and a list
that fits on that page is done with it.
"""

from __future__ import annotations

from dataclasses import replace

from cfsync.api import Priority
from cfsync.api.pages import walk_by_id
from cfsync.merge import Policy
from cfsync.mirror import checkpoints
from cfsync.mirror.checkpoints import Checkpoint
from cfsync.mirror.engine import Tx
from cfsync.mirror.store import Origin, Written
from cfsync.records import Listing, Page
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.context import Context
from cfsync.sync.land import count, land, look, reread
from cfsync.sync.report import Report


async def backfill_list(context: Context, report: Report, listing: Listing) -> None:
    """Walk one list to its end and leave its pull checkpoint behind. Repeats no saved page."""
    context = replace(context, api=context.api.at(Priority.BACKFILL))
    checkpoint = await context.mirror.read(checkpoints.get, listing, "backfill")
    if checkpoint is None:
        checkpoint = await _begin(context, report, listing)
    if checkpoint is not None and checkpoint.done_at is None:
        await _walk(context, report, listing, checkpoint)


async def _begin(context: Context, report: Report, listing: Listing) -> Checkpoint | None:
    """The first look: the watermark and how far the ids reach. None where it showed the whole
    list, which is then landed.
    """
    asked, now = await context.mirror.read(look)
    page = await context.api.page(listing, sort="updated_at", descending=True)
    _, seen_at = await context.mirror.read(look)
    checkpoint = replace(
        checkpoints.fresh(listing, "backfill"),
        watermark=max((r.updated_at for r in page.records if r.updated_at), default=None),
        upper=max((r.id for r in page.records), default=None),
        seen_at=seen_at,
        began_at=now,
    )
    if page.next is not None:
        await context.mirror.write(checkpoints.save, checkpoint)
        return checkpoint
    await _save(context, report, page, asked, checkpoint)
    return None


async def _walk(context: Context, report: Report, listing: Listing, start: Checkpoint) -> None:
    asked, _ = await context.mirror.read(look)
    checkpoint, records, first = start, 0, start.cursor
    async for page in walk_by_id(context.api, listing, after=start.cursor):
        if page.records:
            checkpoint = replace(checkpoint, cursor=page.records[-1].id)
            first = page.records[0].id if first is None else first
        asked = (await _save(context, report, page, asked, checkpoint)).rev
        records += len(page.records)
        fraction = 1.0 if page.next is None else _fraction(first, checkpoint)
        context.progress.at(listing, records=records, fraction=fraction)
        if page.next is not None:
            context.check_stop()


def _fraction(first: int | None, checkpoint: Checkpoint) -> float:
    """How much of the id range lies behind the cursor, as far as the first look tells."""
    if first is None or checkpoint.cursor is None or checkpoint.upper is None:
        return 0.0
    return min(1.0, (checkpoint.cursor - first) / max(1, checkpoint.upper - first))


async def _save(
    context: Context, report: Report, page: Page, asked: int, checkpoint: Checkpoint
) -> Written:
    resource = RESOURCES[checkpoint.resource]
    policy = context.settings.resource(resource.name).on_conflict
    written = await context.mirror.write(
        _land_page, resource, page, Origin("backfill", asked), policy, checkpoint
    )
    count(report, resource.name, written)
    await reread(context, report, resource, written.again, "backfill")
    return written


def _land_page(
    tx: Tx, resource: Resource, page: Page, origin: Origin, policy: Policy, checkpoint: Checkpoint
) -> Written:
    """The page and the place behind it; after the last page the pull takes over from here."""
    if page.next is None:
        checkpoint = replace(checkpoint, done_at=tx.now)
        checkpoints.save(tx, replace(checkpoint, lane="pull", cursor=None, upper=None))
    return land(tx, resource, page.records, origin, policy, checkpoint)
