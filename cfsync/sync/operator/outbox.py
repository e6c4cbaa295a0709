"""Lists the edits that wait, and approves, retries or discards them as a person decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit, OutboxState
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.user_decisions import discard as discards
from cfsync.mirror.user_decisions import waiting_edits
from cfsync.resources import named


async def waiting(
    mirror: Mirror, names: Sequence[str] = (), *, state: str | None = None
) -> list[Edit]:
    """The edits in a state, of the resources named or of all. None means all open states.

    Raises UnknownResource, and UsageError for an unknown state.
    """
    if state is not None and state not in tuple(OutboxState):
        raise UsageError(f"there is no state {state!r}; choose from {', '.join(OutboxState)}")
    states = OPEN_STATES if state is None else (OutboxState(state),)
    resources = [named(name).name for name in names]
    return await mirror.read(outbox.find, states=states, resources=resources)


async def approve(mirror: Mirror, which: Sequence[str], *, everything: bool = False) -> list[Edit]:
    """Release held edits: by number, or all updates and deletes of a resource, or `everything`.

    Inserts, and deletes that are in conflict, are released by number only. Returns the edits.
    Raises UnknownResource, and UsageError if `which` names no held edit.
    """
    return await _decide(mirror, which, everything, _APPROVE)


async def retry(
    mirror: Mirror, which: Sequence[str], *, everything: bool = False, make_another: bool = False
) -> list[Edit]:
    """Make parked edits pending again: by number, or all of a resource, or `everything`.

    Inserts that may have arrived are retried by number only, and only with `make_another`. Returns
    the edits. Raises UnknownResource, and UsageError if `which` names no parked edit.
    """
    by_number = partial(waiting_edits.retry, make_another=make_another)
    decision = _Decision(OutboxState.PARKED, by_number, waiting_edits.retry_all)
    return await _decide(mirror, which, everything, decision)


async def discard(mirror: Mirror, which: Sequence[str]) -> list[Edit]:
    """Discard edits by number; the mirror shows ClickFunnels' values again. Returns the edits."""
    return await mirror.write(discards.discard, _numbers(which))


@dataclass(frozen=True, slots=True)
class _Decision:
    """What a person may decide about the edits in one state. A resource of None means all."""

    state: OutboxState
    by_number: Callable[[Tx, Collection[int]], list[Edit]]
    by_resource: Callable[[Tx, str | None], list[Edit]]


_APPROVE = _Decision(OutboxState.HELD, waiting_edits.approve, waiting_edits.approve_all)


async def _decide(
    mirror: Mirror, which: Sequence[str], everything: bool, decision: _Decision
) -> list[Edit]:
    if bool(which) == everything:
        raise UsageError("give numbers (cfsync outbox list shows them), a resource, or --all")
    if which and which[0].isdecimal():
        return await mirror.write(decision.by_number, _numbers(which))
    if len(which) > 1:
        raise UsageError("give numbers, or one resource")
    resource = None if everything else named(which[0]).name
    edits = await mirror.write(decision.by_resource, resource)
    if not edits:
        raise UsageError(f"no edit{f' of {resource}' if resource else ''} waits {decision.state}")
    return edits


def _numbers(which: Sequence[str]) -> list[int]:
    if wrong := [text for text in which if not text.isdecimal()]:
        raise UsageError(f"{wrong[0]!r} is not the number of an edit")
    return list(dict.fromkeys(map(int, which)))
