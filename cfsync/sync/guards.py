"""The guard before what users change by SQL: masses wait until a human has approved them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog

from cfsync.config import Settings
from cfsync.mirror import outbox, tombstones
from cfsync.mirror.engine import Mirror
from cfsync.resources import Resource
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from cfsync.sync.verdicts import too_many

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Mass:
    """Edits of one kind that are too many at once to be sent unasked."""

    resource: str
    seqs: tuple[int, ...]
    what: str

    @property
    def reason(self) -> str:
        return f"{self.what} of {len(self.seqs)}: cfsync outbox approve {self.resource}"


async def hold_masses(
    context: Context, report: Report, resources: Sequence[Resource], workspaces: Collection[int]
) -> None:
    """Hold deletes and updates that are too many at once in one workspace. Approved ones pass."""
    for resource in resources:
        for mass in await masses(context.mirror, context.settings, resource, workspaces):
            await context.mirror.write(outbox.hold, mass.seqs, mass.reason)
            log.warning("edits.held", resource=resource.name, count=len(mass.seqs))
            report.add(resource.name, held=len(mass.seqs))


async def masses(
    mirror: Mirror, settings: Settings, resource: Resource, workspaces: Collection[int]
) -> list[Mass]:
    """What a push would hold now, without holding it."""
    found = [await _deletes(mirror, settings, resource, w) for w in workspaces]
    return [m for m in [*found, await _updates(mirror, settings, resource)] if m]


async def _deletes(
    mirror: Mirror, settings: Settings, resource: Resource, workspace: int
) -> Mass | None:
    limits = settings.deletions
    seqs = await mirror.read(outbox.unapproved, resource, "delete", workspace)
    rows = await mirror.read(tombstones.row_count, resource, workspace) if seqs else 0
    many = too_many(
        len(seqs),
        rows + len(seqs),
        max_count=limits.max_count,
        max_fraction=limits.max_fraction,
    )
    return Mass(resource.name, tuple(seqs), "a mass deletion") if many else None


async def _updates(mirror: Mirror, settings: Settings, resource: Resource) -> Mass | None:
    limit = settings.push.hold_updates
    seqs = await mirror.read(outbox.unapproved, resource, "update", None)
    return (
        Mass(resource.name, tuple(seqs), "a mass update") if limit and len(seqs) > limit else None
    )
