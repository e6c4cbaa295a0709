"""The guard against mass deletions and mass updates by SQL, and against deletes of other programs'
webhook endpoints: they wait until a person approves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

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


def _mass(resource: Resource, what: str, seqs: Collection[int], workspace: int | None) -> Unasked:
    """Too many edits of one kind at once. `workspace`: None if there are no others, or if they are
    too many over all.
    """
    option = "" if workspace is None else f" --workspace {workspace}"
    command = f"cfsync outbox approve {resource.name}{option}"
    return Unasked(tuple(seqs), f"{what} of {len(seqs)}: {command}")


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
    edited = sum(len(set(edits.values())) for edits in updates.values())
    if limits.hold_updates and edited > limits.hold_updates:
        seqs = tuple(seq for edits in updates.values() for seq in edits)
        return [_mass(resource, MASS_UPDATE, seqs, None)]
    found = []
    for workspace, edits in updates.items():
        edited = len(set(edits.values()))
        if edited < UPDATES_FROM or (workspace is not None and workspace not in workspaces):
            continue  # counting a large table is slow
        rows = await mirror.read(missing_rows.row_count, resource, workspace)
        if is_large_share(edited, rows, max_fraction=limits.hold_fraction, at_least=UPDATES_FROM):
            mine = workspace if len(workspaces) > 1 else None
            found.append(_mass(resource, MASS_UPDATE, edits, mine))
    return found


async def _deletes(
    mirror: Mirror, settings: Settings, resource: Resource, workspaces: Collection[int]
) -> list[Unasked]:
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
            found.append(_mass(resource, MASS_DELETION, seqs, mine))
    return found
