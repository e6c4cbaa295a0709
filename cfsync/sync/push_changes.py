"""Updates and deletes of records that exist: read them again first, merge, then send."""

from __future__ import annotations

from collections.abc import Sequence

from cfsync.errors import CfsyncError, NotFound
from cfsync.mirror import answers, claims
from cfsync.mirror.claims import Claim
from cfsync.mirror.engine import Tx
from cfsync.mirror.store import Origin
from cfsync.records import Record
from cfsync.resources import Resource
from cfsync.sync.context import side_by_side
from cfsync.sync.land import count, land_single, look
from cfsync.sync.push_edits import Push, failed, send_update


async def fresh_claims(push: Push, resource: Resource, stale: Sequence[Claim]) -> list[Claim]:
    """The same claims after their records were read again, 20 a request where the list can be
    filtered by id, and landed: what others changed meanwhile is merged before anything is sent.
    """
    mirror = push.context.mirror
    asked, at = await mirror.read(look)
    found = await _read_again(push, resource, stale)
    policy = push.context.settings.resource(resource.name).on_conflict
    for claim in stale:
        record = found.get(claim.record_id)
        if record is None:
            await mirror.write(_missing, claim)
            continue
        written = await mirror.write(
            land_single, resource, record.id, record, Origin("push", asked), policy, at
        )
        count(push.report, resource.name, written)
    ids = [c.record_id for c in stale if c.record_id in found]
    return await mirror.write(claims.look, resource, ids)


async def _read_again(push: Push, resource: Resource, stale: Sequence[Claim]) -> dict[int, Record]:
    found: dict[int, Record] = {}
    by_list = {c.listing: [d for d in stale if d.listing == c.listing] for c in stale}
    if "id" in resource.filters:
        for listing, group in by_list.items():
            if listing is not None:
                ids = [c.record_id for c in group]
                found |= {r.id: r for r in await push.context.api.find(listing, "id", ids)}
    missing = [c for c in stale if c.record_id not in found]

    async def get(claim: Claim) -> None:
        try:
            found[claim.record_id] = await push.context.api.get(resource, claim.record_id)
        except NotFound:
            return

    await side_by_side(push.context, missing, get)
    return found


def _missing(tx: Tx, claim: Claim) -> None:
    """An edit of a record that is gone is held; a delete of one has nothing left to do."""
    if claim.op == "delete":
        answers.bury_local(tx, claim, "deleted")
        claims.close(tx, claim.seqs, "done")
    else:
        answers.orphan(tx, claim)


async def send_delete(push: Push, claim: Claim) -> None:
    """Delete a record. That it is gone already (404) is success."""
    mirror = push.context.mirror
    if claim.record_id < 0:  # no call was ever made for it: insert and delete are nothing
        await mirror.write(claims.close, claim.seqs, "done")
        return
    if not await mirror.write(claims.journal, claim, {}, push.batch):
        return
    try:
        await push.context.api.delete(claim.resource, claim.record_id)
    except NotFound:
        pass
    except CfsyncError as error:
        await failed(push, claim, error)
        return
    push.failures = 0
    await mirror.write(_deleted, claim)
    push.report.add(claim.resource.name, sent=1, deleted_remotely=1)


def _deleted(tx: Tx, claim: Claim) -> None:
    answers.bury_local(tx, claim, "deleted")
    claims.close(tx, claim.seqs, "done")


async def send(push: Push, claim: Claim) -> None:
    await (send_delete(push, claim) if claim.op == "delete" else send_update(push, claim))
