"""Decides about deletions in ClickFunnels that the guard holds."""

from __future__ import annotations

from collections.abc import Sequence

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import tombstones
from cfsync.mirror.bookkeeping.tombstones import Tombstone, TombstoneState
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.reports import status
from cfsync.resources import named


async def held(mirror: Mirror) -> list[Tombstone]:
    """Records that are missing in ClickFunnels and wait for a person's decision, oldest first."""
    return await mirror.read(tombstones.find, states=(TombstoneState.HELD,))


async def decide(
    mirror: Mirror, resource: str | None, ids: Sequence[str], *, approve: bool
) -> list[Tombstone]:
    """Approve or reject held deletions, and return them.

    After an approval, the next sweep asks for each record once more and deletes the rows of those
    that are gone. After a rejection the rows stay. If `resource` is None, all held deletions are
    decided; without `ids`, all of the resource.

    Raises UnknownResource, and UsageError for an id whose deletion is not held.
    """
    state = TombstoneState.APPROVED if approve else TombstoneState.REJECTED
    return await mirror.write(_decide, resource, ids, state)


def _decide(
    tx: Tx, resource: str | None, ids: Sequence[str], state: TombstoneState
) -> list[Tombstone]:
    if resource is not None:
        resource = named(resource).name
    stones = tombstones.find(tx, states=(TombstoneState.HELD,), resource=resource)
    if resource is not None and ids:
        wanted = [status.record_id(tx, named(resource), name) for name in ids]
        held_ids = {s.record_id for s in stones}
        if unknown := [str(i) for i in wanted if i not in held_ids]:
            raise UsageError(f"no deletion of {resource} {', '.join(unknown)} is held")
        stones = [s for s in stones if s.record_id in wanted]
    for name in {s.resource for s in stones}:
        tombstones.set_state(tx, name, [s.record_id for s in stones if s.resource == name], state)
    return stones
