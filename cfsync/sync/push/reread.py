"""Reads records again before they are updated or deleted, and merges what changed meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from cfsync.api.codec import PAGE
from cfsync.belonging import in_workspace
from cfsync.errors import CfsyncError, Forbidden, NotFound
from cfsync.mirror.bookkeeping import reasons
from cfsync.mirror.bookkeeping.outbox import Op
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming.membership import with_workspaces
from cfsync.mirror.outgoing import answers, claims
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Listing, Record
from cfsync.resources import Resource
from cfsync.sync.account import is_reachable
from cfsync.sync.context import side_by_side
from cfsync.sync.push import edit_log
from cfsync.sync.push.changes import count_deleted, finish_delete
from cfsync.sync.push.outcome import Push, handle_failure, park, wait_for_access
from cfsync.sync.walk.records import write_asked


async def reread_claims(
    push: Push, resource: Resource, stale: Sequence[Claim]
) -> AsyncIterator[list[Claim]]:
    """Read the records of some claims again and claim them once more, a page at a time.

    Each page is read right before it is sent, because a change that is made in ClickFunnels in
    between is overwritten unseen. Claims whose record could not be read, or whose row another
    program has locked, are left out.
    """
    for start in range(0, len(stale), PAGE):
        ids = await reread_records(push, resource, stale[start : start + PAGE])
        yield await push.context.mirror.write(claims.claim, resource, ids) if ids else []


async def reread_records(push: Push, resource: Resource, stale: Sequence[Claim]) -> list[int]:
    """Read the records of some claims and write them to the mirror; the ids that were written."""
    mirror = push.context.mirror
    reading = await push.context.reading(resource, Lane.PUSH)
    found, gone = await _ask(push, resource, stale)
    for claim in gone:
        await mirror.write(_missing, claim)
        _count_missing(push, claim)
    written = await write_asked(
        push.context, push.report, reading, list(found), list(found.values())
    )
    for claim in stale:
        if claim.record_id in written.foreign:
            await park(push, claim, reasons.FOREIGN)
    return [i for i in found if i not in {*written.busy, *written.foreign}]


async def _ask(
    push: Push, resource: Resource, stale: Sequence[Claim]
) -> tuple[dict[int, Record], list[Claim]]:
    """The records by id, and the claims whose record is gone.

    A claim is in neither if its workspace doesn't answer or its record could not be read.
    """
    found: dict[int, Record] = {}
    gone: list[Claim] = []
    unlisted: list[Claim] = []
    for listing in {c.listing for c in stale}:
        mine = [c for c in stale if c.listing == listing]
        unlisted += await _find(push, resource, listing, mine, found)

    async def get(claim: Claim) -> None:
        try:
            record = await push.context.api.get(resource, claim.record_id, shown_in=claim.listing)
            (record,) = await push.context.mirror.read(with_workspaces, resource, [record])
            workspace = claim.listing.workspace_id if claim.listing else None
            # of a row that is deleted, only its edit tells
            found[claim.record_id] = in_workspace(record, workspace)
        except NotFound:
            gone.append(claim)
        except CfsyncError as error:
            await handle_failure(push, claim, error, called=False)

    await side_by_side(push.context, unlisted, get)
    return found, [c for c in gone if await is_reached(push, c)]


async def _find(
    push: Push,
    resource: Resource,
    listing: Listing | None,
    claims: Sequence[Claim],
    found: dict[int, Record],
) -> list[Claim]:
    """Add the records that their list shows to `found`; returns the claims to ask for singly."""
    if listing is not None and listing.workspace_id in push.reached:  # it was refused in this push
        claims = [c for c in claims if await is_reached(push, c)]
        if not claims:
            return []
    if listing is not None and "id" in resource.filters and not resource.on_request:
        try:
            records = await push.context.api.find(listing, "id", [c.record_id for c in claims])
            found |= {r.id: r for r in records}
        except (NotFound, Forbidden):
            return [c for c in claims if await is_reached(push, c)]
    return [c for c in claims if c.record_id not in found]


async def is_reached(push: Push, claim: Claim) -> bool:
    """Whether the claim's workspace answers; if not, a missing record proves nothing."""
    workspace = claim.listing.workspace_id if claim.listing else None
    if workspace not in push.reached:
        push.reached[workspace] = workspace is None or await is_reachable(push.context, workspace)
    if not push.reached[workspace]:
        await wait_for_access(push, claim)
    return push.reached[workspace]


def _count_missing(push: Push, claim: Claim) -> None:
    """Count and log a claim whose record is gone, by an earlier call or by others."""
    if claim.op == Op.DELETE:
        edit_log.settled(claim)
        count_deleted(push, claim, gone_before=not claim.unknown)
    else:
        edit_log.deleted_remotely(claim)
        push.report.add(claim.resource.name, held=1)


def _missing(tx: Tx, claim: Claim) -> None:
    """Hold an edit whose record is gone; a delete is done."""
    if claim.op == Op.DELETE:
        finish_delete(tx, claim)
    else:
        answers.hold_for_decision(tx, claim)
