"""The guard against mass deletions and mass updates by SQL, and against deletes of other programs'
webhook endpoints: they wait until a person approves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from cfsync.config import Settings
from cfsync.mirror.bookkeeping import outbox, webhook_secrets
from cfsync.mirror.bookkeeping.outbox import Op
from cfsync.mirror.bookkeeping.reasons import APPROVE, MASS_DELETION, MASS_UPDATE, OTHER_PROGRAM
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.lists import missing_rows
from cfsync.mirror.outgoing import unsent
from cfsync.resources import Resource
from cfsync.sync.context import Context
from cfsync.sync.mass_limit import UPDATES_FROM, is_large_share, too_many
from cfsync.sync.push import edit_log
from cfsync.sync.report import Report

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Unasked:
    """Edits that are not to be sent without approval, and why."""

    seqs: tuple[int, ...]
    reason: str


Edits = Mapping[int, int]
"""Number of an edit -> id of its record."""


def _mass(resource: Resource, what: str, edits: Edits, workspace: int | None) -> Unasked:
    """Edits of too many rows at once. `workspace`: None if there are no others, or if they are
    too many over all.
    """
    option = "" if workspace is None else f" --workspace {workspace}"
    command = f"cfsync outbox approve {resource.name}{option}"
    return Unasked(tuple(edits), f"{what} of {_rows(edits)}: {command}")


def _rows(edits: Edits) -> int:
    return len(set(edits.values()))


async def hold_unasked(
    context: Context, report: Report, resources: Sequence[Resource], workspaces: Collection[int]
) -> None:
    """Hold what needs approval. Edits that a person has approved are not counted."""
    for resource in resources:
        for found in await unasked(context.mirror, context.settings, resource, workspaces):
            edits = await context.mirror.write(outbox.hold, found.seqs, found.reason)
            log.warning("edits.held", resource=resource.name, count=len(found.seqs))
            edit_log.held(edits, found.reason)
            report.add(resource.name, held=len(found.seqs))


async def unasked(
    mirror: Mirror, settings: Settings, resource: Resource, workspaces: Collection[int]
) -> list[Unasked]:
    """What a push would hold now. Changes nothing."""
    deletes = await _deletes(mirror, settings, resource, workspaces)
    if resource == webhook_secrets.ENDPOINTS:
        held = {seq for mass in deletes for seq in mass.seqs}
        deletes += [
            Unasked((seq,), f"{OTHER_PROGRAM}: {APPROVE.format(seq=seq)}")
            for seq in await mirror.read(unsent.deletes_of_other_endpoints, workspaces)
            if seq not in held
        ]
    return deletes + await _updates(mirror, settings, resource, workspaces)


async def _updates(
    mirror: Mirror, settings: Settings, resource: Resource, workspaces: Collection[int]
) -> list[Unasked]:
    """Mass updates: too many rows in all, or too large a share of those of a workspace."""
    updates, limits = await mirror.read(unsent.unapproved, resource, Op.UPDATE), settings.push
    found, over_all = [], {seq: i for edits in updates.values() for seq, i in edits.items()}
    in_all: Edits = {}
    if limits.hold_updates and _rows(over_all) > limits.hold_updates:
        in_all = await _part_of_mass(mirror, over_all, lambda rows: rows > limits.hold_updates)
        found.append(_mass(resource, MASS_UPDATE, in_all, None))
    for workspace, of_workspace in updates.items():
        edits = {seq: i for seq, i in of_workspace.items() if seq not in in_all}
        if _rows(edits) < UPDATES_FROM or (workspace is not None and workspace not in workspaces):
            continue  # counting a large table is slow
        rows = await mirror.read(missing_rows.row_count, resource, workspace)
        is_mass = partial(
            is_large_share, rows=rows, max_fraction=limits.hold_fraction, at_least=UPDATES_FROM
        )
        if is_mass(_rows(edits)):
            mass = await _part_of_mass(mirror, edits, is_mass)
            mine = workspace if len(workspaces) > 1 else None
            found.append(_mass(resource, MASS_UPDATE, mass, mine))
    return found


async def _part_of_mass(mirror: Mirror, edits: Edits, is_mass: Callable[[int], bool]) -> Edits:
    """Those of too many updates that are a mass without the others; all where that can't be told.

    They change a field that is changed in too many rows, or were made by the same statement as one
    that does.
    """
    made = await mirror.read(unsent.changes, list(edits))
    rows_of: dict[str, set[int]] = defaultdict(set)
    for seq, (_, names) in made.items():
        for name in names:
            rows_of[name].add(edits[seq])
    wide = {name for name, rows in rows_of.items() if is_mass(len(rows))}
    moments = {at for at, names in made.values() if names & wide}
    mass = {seq: i for seq, i in edits.items() if seq in made and made[seq][0] in moments}
    rest = {seq: i for seq, i in edits.items() if seq not in mass}
    return edits if is_mass(_rows(rest)) or not mass else mass


async def _deletes(
    mirror: Mirror, settings: Settings, resource: Resource, workspaces: Collection[int]
) -> list[Unasked]:
    """Mass deletions by workspace, measured against the number of rows before the deletes."""
    limits, found = settings.deletions, []
    for workspace, edits in (await mirror.read(unsent.unapproved, resource, Op.DELETE)).items():
        if workspace is not None and workspace not in workspaces:
            continue
        rows = await mirror.read(missing_rows.row_count, resource, workspace)
        if too_many(
            len(edits),
            rows + len(edits),
            max_count=limits.max_count,
            max_fraction=limits.max_fraction,
        ):
            mine = workspace if len(workspaces) > 1 else None
            found.append(_mass(resource, MASS_DELETION, edits, mine))
    return found
