"""The edits that wait, and what a human says about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit, OutboxState
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.decisions import discard as discards
from cfsync.mirror.decisions import waiting_edits
from cfsync.resources import named


async def waiting(
    mirror: Mirror, names: Sequence[str] = (), *, state: str | None = None
) -> list[Edit]:
    """The open edits, or those in one state, of the resources named or of all.

    Raises UsageError for a state that there is none, UnknownResource.
    """
    if state is not None and state not in tuple(OutboxState):
        raise UsageError(f"there is no state {state!r}; choose from {', '.join(OutboxState)}")
    states = OPEN_STATES if state is None else (OutboxState(state),)
    resources = [named(name).name for name in names]
    return await mirror.read(outbox.find, states=states, resources=resources)


async def approve(mirror: Mirror, which: Sequence[str], *, everything: bool = False) -> list[Edit]:
    """Let held edits go: by their numbers, or the updates and deletes of a resource, or of all.

    An insert, and a delete that is in conflict, are let go by their numbers alone.
    """
    return await _decide(
        mirror,
        which,
        everything,
        OutboxState.HELD,
        waiting_edits.approve,
        waiting_edits.approve_all,
    )


async def retry(mirror: Mirror, which: Sequence[str], *, everything: bool = False) -> list[Edit]:
    """Send parked edits once more: by their numbers, or those of a resource, or all.

    An insert that may have arrived is sent again by its number alone.
    """
    return await _decide(
        mirror, which, everything, OutboxState.PARKED, waiting_edits.retry, waiting_edits.retry_all
    )


async def discard(mirror: Mirror, which: Sequence[str]) -> list[Edit]:
    """Drop edits; the mirror shows what ClickFunnels has."""
    return await mirror.write(discards.discard, _numbers(which))


async def _decide(
    mirror: Mirror,
    which: Sequence[str],
    everything: bool,
    state: OutboxState,
    by_number: Callable[[Tx, Collection[int]], list[Edit]],
    by_resource: Callable[[Tx, str | None], list[Edit]],
) -> list[Edit]:
    if bool(which) == everything:
        raise UsageError("give numbers (cfsync outbox list shows them) or a resource, or say --all")
    if which and which[0].isdecimal():
        return await mirror.write(by_number, _numbers(which))
    if len(which) > 1:
        raise UsageError("give numbers, or one resource")
    resource = None if everything else named(which[0]).name
    edits = await mirror.write(by_resource, resource)
    if not edits:
        raise UsageError(f"no edit{f' of {resource}' if resource else ''} waits {state}")
    return edits


def _numbers(which: Sequence[str]) -> list[int]:
    if wrong := [text for text in which if not text.isdecimal()]:
        raise UsageError(f"{wrong[0]!r} is not the number of an edit")
    return list(dict.fromkeys(map(int, which)))
