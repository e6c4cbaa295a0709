"""Push: edits out. What people changed in the mirror by SQL arrives in ClickFunnels.

Resource by resource, parents before children; in each, in pieces of `push.batch` records in the
order of their edits: creates, then updates, then deletes, side by side. Edits that touch one email
go by themselves, statement by statement. A record that waits, is held, or fails never holds up
another.
"""

from __future__ import annotations

from collections.abc import Sequence

from cfsync.mirror import claims, outbox
from cfsync.mirror.claims import Claim
from cfsync.resources import Resource
from cfsync.sync.account import open_account
from cfsync.sync.chains import Touch, entangled
from cfsync.sync.context import Context, side_by_side
from cfsync.sync.guards import hold_masses
from cfsync.sync.passes import awake, chosen, running
from cfsync.sync.push_changes import fresh_claims, send
from cfsync.sync.push_creates import send_create
from cfsync.sync.push_edits import Push
from cfsync.sync.report import Report


async def push(context: Context, names: Sequence[str] = ()) -> Report:
    """Send what waits in the outbox, of the resources named or of all whose `push` is on."""
    resources = [r for r in chosen(context, names) if context.settings.resource(r.name).push]
    async with running(context, "push", resources) as report:
        resources = await awake(context, report, resources)
        if not await context.mirror.read(outbox.any_open, [r.name for r in resources]):
            return report
        workspaces = await open_account(context)
        await hold_masses(context, report, resources, workspaces)
        batch = await context.mirror.read(claims.next_batch)
        work = Push(context, report, batch)
        for resource in resources:
            await _push_resource(work, resource, workspaces)
    return report


async def _push_resource(work: Push, resource: Resource, workspaces: Sequence[int]) -> None:
    tangled = await _push_entangled(work, resource) if resource.upsert_key else set()
    behind, limit = 0, work.context.settings.push.batch
    while True:
        work.context.check_stop()
        found = await work.context.mirror.read(
            claims.open_records, resource, workspaces, behind=behind, limit=limit
        )
        if not found:
            return
        behind = max(seq for _, seq in found)
        ids = [record_id for record_id, _ in found if record_id not in tangled]
        await _push_piece(work, await work.context.mirror.write(claims.look, resource, ids))


async def _push_piece(work: Push, piece: Sequence[Claim]) -> None:
    """Creates, then updates, then deletes. Lost creates are looked for one after the other, so
    that no two of them find the same record.
    """
    inserts = [c for c in piece if c.op == "insert"]
    for claim in (c for c in inserts if c.unknown):
        await send_create(work, claim)
    await side_by_side(
        work.context, [c for c in inserts if not c.unknown], lambda c: send_create(work, c)
    )
    known = [c for c in piece if c.op != "insert" and c.record_id > 0]
    fresh = await fresh_claims(work, known[0].resource, known) if known else []
    for op in ("update", "delete"):
        unborn = [c for c in piece if c.op == op and c.record_id < 0]
        await side_by_side(
            work.context, [*(c for c in fresh if c.op == op), *unborn], lambda c: send(work, c)
        )


async def _push_entangled(work: Push, resource: Resource) -> set[int]:
    """Send the edits that touch one email, statement by statement; returns their records."""
    mirror = work.context.mirror
    touches = [Touch(*t) for t in await mirror.read(claims.touches, resource)]
    groups = entangled(touches)
    for group in groups:
        order = await mirror.write(claims.look_row_by_row, resource, group)
        for seqs in [c.seqs for c in order]:
            await _push_row(work, resource, seqs)
    return {record_id for group in groups for record_id in group}


async def _push_row(work: Push, resource: Resource, seqs: tuple[int, ...]) -> None:
    """One statement. Looked at anew, since the one before may have given its record a real id."""
    work.context.check_stop()
    ids = await work.context.mirror.read(outbox.record_ids, seqs)
    for claim in await work.context.mirror.write(claims.look_row_by_row, resource, ids):
        if claim.seqs == seqs:
            await (send_create(work, claim) if claim.op == "insert" else send(work, claim))
