"""Sweep: a complete walk by id that finds what the other lanes can't: deletions and drift.

A page proves which ids exist between the one before it and its own last. What the mirror has there
and the page has not becomes a candidate; `verdicts` asks for each of them before anything goes.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from cfsync.api import Priority
from cfsync.api.pages import walk_by_id
from cfsync.merge import Policy
from cfsync.mirror import checkpoints, tombstones
from cfsync.mirror.checkpoints import Checkpoint
from cfsync.mirror.engine import Tx
from cfsync.mirror.store import Origin, Written
from cfsync.records import Listing, Page
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.context import Context
from cfsync.sync.land import count, land, look, reread
from cfsync.sync.report import Report

log = structlog.get_logger()


async def sweep_list(context: Context, report: Report, listing: Listing) -> None:
    """Walk one list whole, going on where a stopped sweep was. Missing rows become candidates."""
    context = replace(context, api=context.api.at(Priority.SWEEP))
    resource = RESOURCES[listing.resource]
    asked, began_at = await context.mirror.read(look)
    place = await context.mirror.read(checkpoints.get, listing, "sweep")
    if place is None or place.done_at is not None:
        place = replace(checkpoints.fresh(listing, "sweep"), began_at=began_at)
    async for page in walk_by_id(context.api, listing, after=place.cursor):
        if await _lost_sight(context, resource, listing, place, page):
            log.warning("list.empty_where_rows_are", list=str(listing))
            report.unreachable.append(str(listing))
            return
        place, written = await _save(context, listing, page, asked, place)
        asked = written.rev
        count(report, resource.name, written)
        await reread(context, report, resource, written.again, "sweep")
        if page.next is not None:
            context.check_stop()


async def _lost_sight(
    context: Context, resource: Resource, listing: Listing, place: Checkpoint, page: Page
) -> bool:
    """An empty list of a workspace of which the mirror has rows: rather the token has lost sight
    of it than that everything was deleted, so nothing of it is a candidate.
    """
    if page.records or place.cursor is not None or resource.parent != "workspaces":
        return False
    return await context.mirror.read(tombstones.has_rows, resource, listing)


async def _save(
    context: Context, listing: Listing, page: Page, asked: int, place: Checkpoint
) -> tuple[Checkpoint, Written]:
    resource = RESOURCES[listing.resource]
    last = page.records[-1].id if page.records else place.cursor
    behind = replace(place, cursor=last)
    policy = context.settings.resource(resource.name).on_conflict
    written = await context.mirror.write(
        _land_page, resource, listing, page, Origin("sweep", asked), policy, place, behind
    )
    return behind, written


def _land_page(
    tx: Tx,
    resource: Resource,
    listing: Listing,
    page: Page,
    origin: Origin,
    policy: Policy,
    before: Checkpoint,
    behind: Checkpoint,
) -> Written:
    """The page, what it proves to be missing, and the place behind it."""
    if resource.deletable:
        tombstones.note_missing(
            tx,
            resource,
            listing,
            above=before.cursor or 0,
            upto=behind.cursor if page.next is not None else None,
            asked=origin.asked,
            listed={r.id for r in page.records},
        )
    if page.next is None:
        behind = replace(behind, cursor=None, done_at=tx.now)
    return land(tx, resource, page.records, origin, policy, behind, full=True)
