"""What a push would send now. It is computed from the mirror alone, without any request.

A push reads each record again before it sends. If ClickFunnels has changed meanwhile, it may send
less than planned, and it doesn't repeat a create whose record it finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cfsync.api import Rate
from cfsync.config import Settings
from cfsync.mirror.bookkeeping import ids, imports, open_edits
from cfsync.mirror.bookkeeping.outbox import TO_SEND_STATES, Op, OutboxState
from cfsync.mirror.coordination import pauses, rate_limit
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.lists import listings
from cfsync.mirror.outgoing import claims
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.row_progress import RowProgress, untold
from cfsync.records import Listing
from cfsync.resources import RESOURCES, Resource
from cfsync.sync import capture_check
from cfsync.sync.capture_check import unusable_resources
from cfsync.sync.pass_run import wanted_resources
from cfsync.sync.push.calls import calls_of
from cfsync.sync.push.creates import could_duplicate, natural_values
from cfsync.sync.push.email_order import (
    EmailChange,
    email_groups,
    in_turn,
    release_first,
    step_of,
    waits_for,
)
from cfsync.sync.push.mass_guard import unasked
from cfsync.sync.push.planning import kept
from cfsync.sync.push.planning.cost import (
    BegunBulk,
    Planned,
    PlannedBulk,
    requests_of,
    requests_of_bulk,
)
from cfsync.sync.push.planning.in_bulk import begun, mark_bulk
from cfsync.sync.push.planning.kept import Kept, NullLeft
from cfsync.sync.push.planning.planned_records import PlannedRecords
from cfsync.sync.workspaces import choose

PIECE = 500
"""Records that are read in one transaction."""


@dataclass(slots=True)
class Plan:
    """What a push would send and what it would leave, with an estimate of its cost."""

    records: PlannedRecords = field(default_factory=PlannedRecords)
    kept: list[Kept] = field(default_factory=list)
    #: The bulk actions in which some of the records go.
    bulks: list[PlannedBulk] = field(default_factory=list)
    #: Those that are under way: the edits of their records wait for the end.
    begun: list[BegunBulk] = field(default_factory=list)
    #: What was left as it was in the last day.
    nulls_left: list[NullLeft] = field(default_factory=list)
    #: Number of an import -> how many of its edits wait.
    imports: Mapping[int, int] = field(default_factory=dict)
    #: What is missing of the capture, in a line; '' where nothing is.
    capture_problem: str = ""
    #: No push has sent an edit of this mirror before.
    is_first: bool = False
    #: The calls, and the requests that read before and after them.
    requests: int = 0
    #: The requests that may be made in a second.
    per_second: float = 1.0
    #: (resource, provisional id) of the rows that become records.
    created: set[tuple[str, int]] = field(default_factory=set)
    #: The lists in which records of earlier creates are looked for first.
    looks: set[Listing] = field(default_factory=set)

    @property
    def calls(self) -> int:
        singly = sum(len(record.calls) for record in self.records if not record.is_bulk)
        return singly + sum(bulk.calls for bulk in self.bulks)

    @property
    def seconds(self) -> float:
        return self.requests / self.per_second

    @property
    def exit_code(self) -> int:
        return 5 if self.kept or self.capture_problem else 0


async def plan(
    mirror: Mirror, settings: Settings, names: Sequence[str] = (), progress: RowProgress = untold
) -> Plan:
    """Plan the resources in `names`; none means all that are enabled. Raises UnknownResource."""
    resources = wanted_resources(settings, names)
    workspaces = await _workspaces(mirror, settings)
    found = Plan(per_second=await _rate(mirror, settings))
    paused = await mirror.read(pauses.paused)
    found.capture_problem = await mirror.read(capture_check.problem)
    found.imports = await mirror.read(imports.waiting)
    found.is_first = not await mirror.read(open_edits.any_sent)
    broken = unusable_resources(await mirror.read(capture_check.lost))
    for resource in resources:
        name = resource.name
        if name in broken:
            found.kept += await mirror.read(kept.all_of, resource, "its table can't be used")
            continue
        found.kept += await mirror.read(kept.for_a_person, resource)
        found.nulls_left += await mirror.read(kept.nulls_left, resource)
        if name in paused:
            found.kept += await mirror.read(kept.all_of, resource, f"paused: cfsync resume {name}")
        elif settings.resource(name).push:
            await _plan_resource(mirror, settings, found, resource, workspaces, progress)
            found.bulks += await mark_bulk(mirror, settings, resource, workspaces, found.records)
        else:
            found.kept += await mirror.read(kept.all_of, resource, f"resources.{name}.push is off")
    for resource in (r for r in RESOURCES.values() if not names and r not in resources):
        found.kept += await mirror.read(kept.all_of, resource, settings.why_unsent(resource.name))
    if found.records:
        found.requests = 1 + len(found.looks) + requests_of(found.records)
        found.requests += requests_of_bulk(found.bulks)
    found.requests += sum(bulk.requests for bulk in found.begun)
    return found


async def _workspaces(mirror: Mirror, settings: Settings) -> list[int]:
    known = await mirror.read(listings.workspaces)
    wanted, without = settings.api.workspaces, settings.api.exclude
    return choose(known, [str(w) for w in wanted], [str(w) for w in without])


async def _rate(mirror: Mirror, settings: Settings) -> float:
    rate = Rate(ceiling=settings.api.max_requests_per_second, reserve=settings.api.reserve)
    if learned := await mirror.read(rate_limit.load):
        rate.restore(learned)
    return rate.per_second


async def _plan_resource(
    mirror: Mirror,
    settings: Settings,
    found: Plan,
    resource: Resource,
    workspaces: Sequence[int],
    progress: RowProgress,
) -> None:
    under_way = await mirror.read(begun, resource, workspaces)
    found.begun += under_way
    stopped: set[int] = set()
    for held in await unasked(mirror, settings, resource, workspaces):
        found.kept.append(Kept(resource.name, held.seqs, (), held.reason))
        stopped.update(held.seqs)
    grouped = {record_id for bulk in under_way for record_id in bulk.record_ids}
    for group in await _email_groups(mirror, resource, workspaces):
        await _plan_group(mirror, found, resource, group, stopped)
        grouped.update(group)
    edited = await mirror.read(claims.all_open_records, resource, workspaces)
    for start in range(0, len(edited), PIECE):
        for claim in await mirror.read(_claims_of, resource, edited[start : start + PIECE]):
            if claim.record_id not in grouped and stopped.isdisjoint(claim.seqs):
                _add(found, claim)
        progress(resource.name, min(start + PIECE, len(edited)), len(edited))


async def _email_groups(
    mirror: Mirror, resource: Resource, workspaces: Sequence[int]
) -> list[list[int]]:
    """The records whose edits share an email; they are sent before all others."""
    if not resource.upsert_key:
        return []
    changes = await mirror.read(claims.email_changes, resource, workspaces)
    return email_groups(EmailChange(*change) for change in changes)


async def _plan_group(
    mirror: Mirror, found: Plan, resource: Resource, group: Sequence[int], stopped: set[int]
) -> None:
    """Plan the edits of a group, one statement at a time, up to the first that can't be sent."""
    there = await mirror.read(claims.preview_by_statement, resource, group, blocked=True)
    free = {c.seqs for c in await mirror.read(claims.preview_by_statement, resource, group)}
    blocked = {c.record_id for c in there if c.seqs not in free or not stopped.isdisjoint(c.seqs)}
    steps = {step_of(claim): claim for claim in there}
    ordered = [steps[step] for step in release_first(steps)]
    end = next((n for n, c in enumerate(ordered) if c.record_id in blocked), len(ordered))
    for claim, is_first in in_turn(ordered[:end]):
        _add(found, claim, group, is_first=is_first)
    rest = [edit for claim in ordered[end:] for edit in claim.edits]
    if waiting := [e for e in rest if e.state in TO_SEND_STATES and e.seq not in stopped]:
        of_it = [e for e in rest if e.record_id == rest[0].record_id]
        held = (e.seq for e in of_it if e.state == OutboxState.HELD or e.seq in stopped)
        reason = waits_for(min(held, default=rest[0].seq), resource)
        seqs = {edit.seq: edit.record_id for edit in waiting}
        found.kept.append(kept.together(resource, reason, seqs))


def _claims_of(tx: Tx, resource: Resource, record_ids: Sequence[int]) -> list[Claim]:
    order = {Op.INSERT: 0, Op.UPDATE: 1, Op.DELETE: 2}
    return sorted(claims.preview(tx, resource, record_ids), key=lambda c: order[c.op])


def _add(found: Plan, claim: Claim, group: Sequence[int] = (), *, is_first: bool = True) -> None:
    """Add the claim's calls to the plan, or the reason why it is kept. A claim of a `group` is
    planned also where it takes no call: it has to be closed before those behind it are sent.
    """
    name = claim.resource.name
    for column, reason in claim.unsendable.items():
        found.kept.append(Kept(name, claim.seqs, (claim.record_id,), f"{column}: {reason}"))
    calls = tuple(calls_of(claim))
    if not calls and not group:
        return
    values = claim.row if claim.op == Op.INSERT else claim.send
    refers = tuple(dict.fromkeys(ids.local_ids(claim.resource, values)))
    if missing := [pair for pair in refers if pair not in found.created]:
        text = ", ".join(f"{resource} {local_id}" for resource, local_id in missing)
        found.kept.append(Kept(name, claim.seqs, (claim.record_id,), f"waits for {text}"))
        return
    known = (name, claim.record_id, claim.seqs, claim.base_rev if is_first else None)
    found.records.append(Planned(*known, calls, claim.below, refers, tuple(group)))
    if claim.op == Op.INSERT:
        found.created.add((name, claim.record_id))
        if claim.listing and not refers and could_duplicate(claim) and natural_values(claim):
            found.looks.add(claim.listing)
