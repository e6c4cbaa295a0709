"""What a single look proves: whether a list shows a record, has lost its parent, or is empty."""

from __future__ import annotations

import structlog

from cfsync.api import Api
from cfsync.api.codec import PAGE
from cfsync.errors import Forbidden, NotFound
from cfsync.mirror.bookkeeping import tombstones
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.lists import missing_rows
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Listing, Page
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.account import is_reachable, shows_records
from cfsync.sync.context import Context

log = structlog.get_logger()


async def is_listed(context: Context, listing: Listing, record_id: int) -> bool | None:
    """Whether a list shows a record; None where no answer proves it. A list below a record that has
    left the mirror counts as gone with it. Raises Forbidden and NotFound where it can't be read.
    """
    resource = RESOURCES[listing.resource]
    if resource.nested and await context.mirror.read(_has_left, resource, listing.parent_id):
        return False
    try:
        if "id" in resource.filters:
            page = await context.api.page(listing, filters={"id": [record_id]})
            return any(not record.deleted for record in page.records)
        return await _is_at_its_place(context.api, listing, record_id)
    except NotFound:
        if await is_parent_gone(context, listing):
            return False
        raise


async def _is_at_its_place(api: Api, listing: Listing, record_id: int) -> bool | None:
    """Look where a record stands in the order of ids. Any id is a place there; where the server
    doesn't take it so, or the whole list is empty, nothing is proved.
    """
    behind = (await api.page(listing, after=record_id - 1)).records
    last = None if behind else await api.page(listing, descending=True)
    shown = {r.id: not r.deleted for r in (last.records if last else behind)}
    if record_id in shown:
        return shown[record_id]
    if last is None:
        return False if min(shown) > record_id else None
    return False if shown and max(shown) < record_id and _is_newest_first(last) else None


def _is_newest_first(page: Page) -> bool:
    ids = [r.id for r in page.records]
    return (page.next is None and len(ids) < PAGE) or ids == sorted(ids, reverse=True)


async def is_parent_gone(context: Context, listing: Listing) -> bool:
    """Whether the record below which a list hangs is gone, while its workspace answers."""
    resource = RESOURCES[listing.resource]
    if not resource.nested or listing.workspace_id is None:
        return False
    try:
        await context.api.get(RESOURCES[str(resource.parent)], listing.parent_id)
    except NotFound:
        return await is_reachable(context, listing.workspace_id)
    except Forbidden:
        pass
    return False


async def note_gone_parent(context: Context, listing: Listing) -> bool:
    """Whether a list that is not found has lost its parent; the parent is then a candidate for
    deletion, unless it was one already.
    """
    resource = RESOURCES[listing.resource]
    if not resource.nested:
        return False
    parent = RESOURCES[str(resource.parent)]
    if await context.mirror.read(_has_tombstone, parent, listing.parent_id):
        return True
    reading = await context.reading(parent, Lane.PULL)
    if not await is_parent_gone(context, listing):
        return False
    await context.mirror.write(_add_parent, parent, listing.parent_id, reading.rev_before)
    log.info("list.parent_gone", list=str(listing))
    return True


def _has_left(tx: Tx, below: Resource, parent_id: int) -> bool:
    """Whether the record above a list has left the mirror."""
    proven = tombstones.PROVEN_STATES
    return bool(tombstones.find(tx, states=proven, resource=below.parent, record_id=parent_id))


def _has_tombstone(tx: Tx, resource: Resource, record_id: int) -> bool:
    return bool(tombstones.proof_revs(tx, resource, [record_id]))


def _add_parent(tx: Tx, parent: Resource, record_id: int, rev_before: int) -> None:
    missing_rows.add_not_found(tx, parent, [record_id], rev_before=rev_before)


async def is_emptied(context: Context, listing: Listing) -> bool:
    """Whether an empty list is believed: each of the mirror's rows of it, `deletions.max_count` at
    most, is gone when it is read by itself, while another list of the workspace shows records. One
    of records that are in no workspace never is: the token has more likely lost its access than
    everything been deleted.
    """
    resource, most = RESOURCES[listing.resource], context.settings.deletions.max_count
    ids = await context.mirror.read(missing_rows.ids_of, resource, listing, most + 1)
    if not ids or resource.nested or resource.scope:
        return True
    if not resource.in_workspace:
        return False
    if len(ids) > most or not await shows_records(context, listing.parent_id, but=listing.resource):
        return False
    for record_id in ids:
        if not await _is_gone(context, listing, record_id):
            return False
    return True


async def _is_gone(context: Context, listing: Listing, record_id: int) -> bool:
    context.check_stop()
    try:
        await context.api.get(RESOURCES[listing.resource], record_id, listing)
    except NotFound:
        return True
    except Forbidden:
        pass
    return False
