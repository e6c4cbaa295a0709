"""Verdicts on records that were missing in a walk: nothing leaves the mirror on one sighting.

First comes the guard: if too many are missing at once, all of them wait for a person. At least
`confirm_after` later, each is read by itself, and its workspace must answer before and after:

| its own GET       | its list shows it  | verdict                                       |
| ----------------- | ------------------ | --------------------------------------------- |
| 404, `deleted_at` |                    | deleted: its last state goes to the tombstone |
| the record        | no                 | hidden: comes back when it is listed again    |
| the record        | yes, or can't tell | there: written like any other record          |
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import structlog

from cfsync.api import Priority
from cfsync.errors import Forbidden, NotFound
from cfsync.mirror.bookkeeping import tombstones
from cfsync.mirror.bookkeeping.tombstones import Cause, Evidence, Tombstone, TombstoneState
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import listings, missing_rows
from cfsync.mirror.progress import checkpoints, events
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Listing, Record
from cfsync.resources import Resource
from cfsync.sync.account import is_reachable
from cfsync.sync.context import Context
from cfsync.sync.incoming.presence import is_listed
from cfsync.sync.mass_limit import too_many
from cfsync.sync.report import Report
from cfsync.sync.walk.records import write_asked
from cfsync.times import seconds

log = structlog.get_logger()

_OPEN = (TombstoneState.CANDIDATE, TombstoneState.APPROVED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`cause`: deleted or hidden; None: it is there, `record` is how it was read."""

    candidate: Tombstone
    cause: Cause | None
    record: Record | None
    reading: Reading


async def judge_candidates(
    context: Context,
    report: Report,
    resource: Resource,
    workspaces: Collection[int],
    *,
    wait: bool = True,
) -> None:
    """Hold, confirm or remove the candidates of one resource, workspace by workspace.

    Without `wait`, candidates that are too young are left to another pass, and so are all of them
    while a sweep is under way, because it counts them first.
    """
    chosen = None if wait else await ready_candidates(context, resource)
    if chosen == []:
        return
    candidates = await context.mirror.read(tombstones.find, states=_OPEN, resource=resource.name)
    for workspace in workspaces if resource.in_workspace else [None]:
        here = [c for c in candidates if c.workspace_id == workspace]
        left = await _hold_mass(context, report, resource, workspace, here)
        ready = [c for c in left if chosen is None or c in chosen]
        await confirm(context, report, resource, workspace, ready)


async def ready_candidates(context: Context, resource: Resource) -> list[Tombstone]:
    """The candidates of a resource that can be judged now, without waiting."""
    return await context.mirror.read(
        _ready_candidates, resource, context.settings.deletions.confirm_after
    )


def _ready_candidates(tx: Tx, resource: Resource, confirm_after: float) -> list[Tombstone]:
    candidates = tombstones.find(tx, states=_OPEN, resource=resource.name)
    if not candidates or checkpoints.is_under_way(tx, resource, Lane.SWEEP):
        return []
    return [s for s in candidates if seconds(s.first_seen, tx.now) >= confirm_after]


async def _hold_mass(
    context: Context,
    report: Report,
    resource: Resource,
    workspace: int | None,
    candidates: Sequence[Tombstone],
) -> Sequence[Tombstone]:
    """Hold the new candidates of a workspace if they are too many; the ones that are left."""
    limits = context.settings.deletions
    fresh = [c for c in candidates if c.state == TombstoneState.CANDIDATE]
    rows = await context.mirror.read(missing_rows.row_count, resource, workspace)
    if not too_many(len(fresh), rows, max_count=limits.max_count, max_fraction=limits.max_fraction):
        return candidates
    ids = [c.record_id for c in fresh]
    was = (TombstoneState.CANDIDATE,)
    held = await context.mirror.write(
        tombstones.set_state, resource.name, ids, TombstoneState.HELD, was=was
    )
    if held:  # else a person has decided about them meanwhile
        log.warning("deletions.held", resource=resource.name, workspace=workspace, count=len(held))
        report.add(resource.name, held=len(held))
    return [c for c in candidates if c.state == TombstoneState.APPROVED]


async def confirm(
    context: Context,
    report: Report,
    resource: Resource,
    workspace: int | None,
    candidates: Sequence[Tombstone],
) -> None:
    """Read each candidate, and act on the verdicts if the workspace still answers afterwards."""
    if not candidates:
        return
    context = replace(context, api=context.api.with_priority(Priority.SWEEP))
    await _wait_for_second_sighting(context, candidates)
    if not await is_reachable(context, workspace):
        report.unreachable.append(f"{resource.name}/{workspace}")
        return
    verdicts = [await _ask(context, report, resource, candidate) for candidate in candidates]
    if not await is_reachable(context, workspace):
        report.unreachable.append(f"{resource.name}/{workspace}")
        return
    for verdict in verdicts:
        await _act(context, report, resource, verdict)


async def _wait_for_second_sighting(context: Context, candidates: Sequence[Tombstone]) -> None:
    age = seconds(max(s.first_seen for s in candidates), await context.now())
    # a time in the future was noted before the clock was set back
    left = context.settings.deletions.confirm_after - max(0.0, age)
    if left > 0:
        log.info("deletions.waiting", resource=candidates[0].resource, seconds=round(left))
        await context.wait(left)


async def _ask(
    context: Context, report: Report, resource: Resource, candidate: Tombstone
) -> Verdict:
    context.check_stop()
    reading = await context.reading(resource, Lane.SWEEP)
    cause, record = None, None
    try:
        cause, record = await _look_at(context, resource, candidate)
    except (Forbidden, NotFound):
        report.unreachable.append(f"{resource.name} {candidate.record_id}")
    return Verdict(candidate, cause, record, reading)


async def _look_at(
    context: Context, resource: Resource, candidate: Tombstone
) -> tuple[Cause | None, Record | None]:
    """Why a candidate is gone, or the record as it is. Raises Forbidden where it can't be read, and
    also NotFound where its list can't.
    """
    listing = Listing(resource.name, candidate.parent_id, candidate.workspace_id)
    try:
        record = await context.api.get(resource, candidate.record_id, listing)
    except NotFound:
        return Cause.DELETED, None
    if await is_listed(context, listing, candidate.record_id) is False:
        return Cause.HIDDEN, None
    return None, record


async def _act(context: Context, report: Report, resource: Resource, verdict: Verdict) -> None:
    record_id = verdict.candidate.record_id
    if verdict.cause is not None:
        keep = context.settings.deletions.on_remote_delete == "keep"
        try:
            gone = await context.mirror.write(_write_deletion, resource, verdict, keep)
        except Constrained as error:
            await context.mirror.write(_put_off, resource, record_id, error.words)
            report.add_refused(resource.name, [record_id])
            return
        if gone:
            log.info("record.gone", resource=resource.name, id=record_id, cause=verdict.cause)
            report.add(resource.name, **{verdict.cause.value: 1})
    elif verdict.record is not None:
        await write_asked(context, report, verdict.reading, [record_id], [verdict.record])


def _put_off(tx: Tx, resource: Resource, record_id: int, words: str) -> None:
    """Keep a row whose deletion a constraint or trigger of the user's refuses, for a later pass."""
    tombstones.see_again(tx, resource, record_id)
    events.add_refused(tx, resource, {record_id: words}, {})


def _write_deletion(tx: Tx, resource: Resource, verdict: Verdict, keep: bool) -> bool:
    """Confirm one deletion, and make candidates of what hangs below the record."""
    candidate = verdict.candidate
    assert verdict.cause is not None
    if tombstones.lock(tx, resource, candidate.record_id) == TombstoneState.REJECTED:
        return False  # a person has decided meanwhile that the row stays
    evidence = Evidence(verdict.cause, verdict.reading.rev_before, verdict.reading.origin)
    gone = tombstones.confirm(tx, resource, candidate.record_id, evidence, keep_row=keep)
    if gone:
        events.close_refused(tx, resource, [candidate.record_id])
        missing_rows.add_below(tx, resource, candidate.record_id, candidate.workspace_id)
        if not keep:
            listings.forget_below(tx, resource, candidate.record_id)
    return gone
