"""Decides about deletions in ClickFunnels that the guard holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import decided, tombstones
from cfsync.mirror.bookkeeping.tombstones import Tombstone, TombstoneState
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.reports import status
from cfsync.resources import named
from cfsync.sync.decisions import decision_log
from cfsync.sync.selection import Filter, earliest, workspace_id


async def held(mirror: Mirror) -> list[Tombstone]:
    """Records that are missing in ClickFunnels and wait for a person's decision, oldest first."""
    return await mirror.read(tombstones.find, states=(TombstoneState.HELD,))


async def decide(
    mirror: Mirror,
    which: Sequence[str],
    given: Filter,
    *,
    approve: bool,
    confirm: Callable[[Sequence[Tombstone]], None],
    again: bool = False,
) -> list[Tombstone]:
    """Approve or reject held deletions, and return them.

    After an approval, the next sweep asks for each record once more and deletes the rows of those
    that are gone. After a rejection the rows stay. `which`: a resource and ids of its records, or
    a resource alone. The deletions are shown to `confirm` first, which raises an error to stop;
    where there are none it is not called. With `again`, an earlier decision may be taken back.

    Raises UnknownResource, and UsageError for an id whose deletion is not held.
    """
    if given.everything == bool(which):
        raise UsageError("name a resource, with or without ids, or use --all")
    states = _states(approve=approve, is_named=len(which) > 1) if again else _HELD
    chosen = await mirror.read(_choose, which, given, states)
    if chosen:
        confirm(chosen)
    state = TombstoneState.APPROVED if approve else TombstoneState.REJECTED
    done = await mirror.write(_decide, chosen, states, state)
    decision_log.deletions(_DECISIONS[state], done)
    return done


_HELD = (TombstoneState.HELD,)

_DECISIONS: Mapping[TombstoneState, Literal["approved", "rejected"]] = {
    TombstoneState.APPROVED: "approved",
    TombstoneState.REJECTED: "rejected",
}


def _states(*, approve: bool, is_named: bool) -> tuple[TombstoneState, ...]:
    """Those that can be decided. An approval can be taken back until a sweep has acted on it,
    without naming the record only where none is held; a rejection by naming the record, because a
    row is safe where it is.
    """
    if not approve:
        return TombstoneState.HELD, TombstoneState.APPROVED
    return (*_HELD, TombstoneState.REJECTED) if is_named else _HELD


def _choose(
    tx: Tx, which: Sequence[str], given: Filter, states: Sequence[TombstoneState]
) -> list[Tombstone]:
    resource = named(which[0]) if which else None
    found = tombstones.find(tx, states=states, resource=resource.name if resource else None)
    if resource and which[1:]:
        wanted = dict.fromkeys(status.record_id(tx, resource, name) for name in which[1:])
        held_ids = {s.record_id for s in found}
        if unknown := [str(i) for i in wanted if i not in held_ids]:
            raise UsageError(f"no deletion of {resource.name} {', '.join(unknown)} is held")
        found = [s for s in found if s.record_id in wanted]
    since = earliest(given.since, tx.now)
    workspace = workspace_id(tx, given.workspace)
    found = [s for s in found if s.first_seen >= since and workspace in (None, s.workspace_id)]
    waiting = [s for s in found if s.state in _HELD]
    return found if which[1:] else waiting or found


def _decide(
    tx: Tx,
    chosen: Sequence[Tombstone],
    states: Sequence[TombstoneState],
    state: TombstoneState,
) -> list[Tombstone]:
    """Decide those of the deletions that can still be decided; returns them."""
    done = set[tuple[str, int]]()
    for name in sorted({s.resource for s in chosen}):
        ids = [s.record_id for s in chosen if s.resource == name]
        changed = tombstones.set_state(tx, name, ids, state, was=states)
        decided.deletions(tx, _DECISIONS[state], name, changed)
        done |= {(name, i) for i in changed}
    return [s for s in chosen if (s.resource, s.record_id) in done]
