"""The guard against mass deletions and mass updates by SQL: they wait until a person approves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog

from cfsync.config import Settings
from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.bookkeeping.outbox import Op
from cfsync.mirror.bookkeeping.reasons import MASS_DELETION, MASS_UPDATE
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
class Mass:
    """Edits of one kind that are too many at once to be sent without approval."""

    resource: str
    seqs: tuple[int, ...]
    what: str
    #: The workspace, where there are others; None: there are none, or it is a mass over all.
    workspace: int | None = None

    @property
    def reason(self) -> str:
        option = "" if self.workspace is None else f" --workspace {self.workspace}"
        command = f"cfsync outbox approve {self.resource}{option}"
        return f"{self.what} of {len(self.seqs)}: {command}"


async def hold_masses(
    context: Context, report: Report, resources: Sequence[Resource], workspaces: Collection[int]
) -> None:
    """Hold the edits of each mass. Edits that a person has approved are not counted."""
    for resource in resources:
        for mass in await masses(context.mirror, context.settings, resource, workspaces):
            edits = await context.mirror.write(outbox.hold, mass.seqs, mass.reason)
            log.warning("edits.held", resource=resource.name, count=len(mass.seqs))
            edit_log.held(edits, mass.reason)
            report.add(resource.name, held=len(mass.seqs))


async def masses(
    mirror: Mirror, settings: Settings, resource: Resource, workspaces: Collection[int]
) -> list[Mass]:
    """What a push would hold now. Changes nothing."""
    deletes = await _deletes(mirror, settings, resource, workspaces)
    return deletes + await _updates(mirror, settings, resource, workspaces)


async def _updates(
    mirror: Mirror, settings: Settings, resource: Resource, workspaces: Collection[int]
) -> list[Mass]:
    """Mass updates: too many rows in all, or too large a share of those of a workspace."""
    updates, limits = await mirror.read(unsent.unapproved, resource, Op.UPDATE), settings.push
    edited = sum(len(set(edits.values())) for edits in updates.values())
    if limits.hold_updates and edited > limits.hold_updates:
        seqs = tuple(seq for edits in updates.values() for seq in edits)
        return [Mass(resource.name, seqs, MASS_UPDATE)]
    found = []
    for workspace, edits in updates.items():
        edited = len(set(edits.values()))
        if edited < UPDATES_FROM or (workspace is not None and workspace not in workspaces):
            continue  # counting a large table is slow
        rows = await mirror.read(missing_rows.row_count, resource, workspace)
        if is_large_share(edited, rows, max_fraction=limits.hold_fraction, at_least=UPDATES_FROM):
            mine = workspace if len(workspaces) > 1 else None
            found.append(Mass(resource.name, tuple(edits), MASS_UPDATE, mine))
    return found


async def _deletes(
    mirror: Mirror, settings: Settings, resource: Resource, workspaces: Collection[int]
) -> list[Mass]:
    """Mass deletions by workspace, measured against the number of rows before the deletes."""
    limits, found = settings.deletions, []
    for workspace, seqs in (await mirror.read(unsent.unapproved, resource, Op.DELETE)).items():
        if workspace is not None and workspace not in workspaces:
            continue
        rows = await mirror.read(missing_rows.row_count, resource, workspace)
        if too_many(
            len(seqs),
            rows + len(seqs),
            max_count=limits.max_count,
            max_fraction=limits.max_fraction,
        ):
            mine = workspace if len(workspaces) > 1 else None
            found.append(Mass(resource.name, tuple(seqs), MASS_DELETION, mine))
    return found
