"""The guard before what users change by SQL: masses wait until a human has approved them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog

from cfsync.mirror import outbox, tombstones
from cfsync.resources import Resource
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from cfsync.sync.verdicts import too_many

log = structlog.get_logger()


async def hold_masses(
    context: Context, report: Report, resources: Sequence[Resource], workspaces: Collection[int]
) -> None:
    """Hold deletes and updates that are too many at once in one workspace. Approved ones pass."""
    for resource in resources:
        for workspace in workspaces:
            await _hold_deletes(context, report, resource, workspace)
        await _hold_updates(context, report, resource)


async def _hold_deletes(
    context: Context, report: Report, resource: Resource, workspace: int
) -> None:
    limits = context.settings.deletions
    seqs = await context.mirror.read(outbox.unapproved, resource, "delete", workspace)
    if not seqs:
        return
    rows = await context.mirror.read(tombstones.row_count, resource, workspace)
    if too_many(
        len(seqs),
        rows + len(seqs),
        max_count=limits.max_count,
        max_fraction=limits.max_fraction,
    ):
        await _hold(context, report, resource, seqs, "a mass deletion")


async def _hold_updates(context: Context, report: Report, resource: Resource) -> None:
    limit = context.settings.push.hold_updates
    seqs = await context.mirror.read(outbox.unapproved, resource, "update", None)
    if limit and len(seqs) > limit:
        await _hold(context, report, resource, seqs, "a mass update")


async def _hold(
    context: Context, report: Report, resource: Resource, seqs: Sequence[int], what: str
) -> None:
    reason = f"{what} of {len(seqs)}: cfsync outbox approve {resource.name}"
    await context.mirror.write(outbox.hold, seqs, reason)
    log.warning("edits.held", resource=resource.name, count=len(seqs))
    report.add(resource.name, held=len(seqs))
