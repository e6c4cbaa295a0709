"""The history for a person or a program: what has changed, and a record as it was."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import tombstones
from cfsync.mirror.bookkeeping.tombstones import Cause, TombstoneState
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.history import starts
from cfsync.mirror.history.changes import Side
from cfsync.mirror.lists import listings
from cfsync.mirror.reports import history
from cfsync.mirror.reports.history import LAST, Row, Wanted
from cfsync.resources import RESOURCES, Resource, named
from cfsync.sync.selection import check_field, earliest
from cfsync.values import Unholdable, decode


@dataclass(frozen=True, slots=True)
class Request:
    """Which changes somebody asks for; those that fit all that is given."""

    #: Empty: of all resources.
    names: Sequence[str] = ()
    #: The id of one record, its public id, or a provisional one that it had.
    record: str | None = None
    #: The number after which they begin, a time, or an age such as `1h`.
    since: str | None = None
    side: str | None = None
    field: str | None = None
    #: Whether to say, as changes, from when on the history of a list is complete.
    starts: bool = True


@dataclass(frozen=True, slots=True)
class Scope:
    """What the changes are part of."""

    #: From when on all of them are there, canonical text; None: not all lists were read yet.
    complete_since: str | None
    #: How many workspaces the mirror holds.
    workspaces: int


@dataclass(frozen=True, slots=True)
class AsOf:
    """A record as it was."""

    resource: str
    id: int
    #: Canonical text.
    as_of: str
    #: The values that the history knows; None: the mirror had no such record then.
    record: dict[str, Any] | None


async def _at_end() -> bool:
    return False


async def changes(
    mirror: Mirror,
    request: Request,
    *,
    limit: int | None = None,
    wait: Callable[[], Awaitable[bool]] = _at_end,
) -> AsyncGenerator[list[Row]]:
    """The changes in order, some at a time, each as its row of `cf_feed`.

    `limit`: of those after `request.since` the first ones; without that, the last ones, and then
    whatever follows. `wait` is awaited where there are no more for now, and says whether to look
    again. Raises UnknownResource, and UsageError for what doesn't exist.
    """
    wanted, after = await mirror.read(_understood, request)
    left = limit if request.since is not None else None
    if limit is not None and left is None:
        after = await _before_last(mirror, wanted, limit)
    while left is None or left > 0:
        chunk = await mirror.read(history.newer, wanted, after)
        after, found = chunk.seq, chunk.changes[:left]
        left = None if left is None else left - len(found)
        if found:
            yield found
        if chunk.is_last and not await wait():
            return


async def scope(mirror: Mirror, request: Request) -> Scope:
    """Raises UnknownResource."""
    return await mirror.read(_scope, [named(name) for name in request.names])


def _scope(tx: Tx, resources: Sequence[Resource]) -> Scope:
    _check_on(tx)
    begun = [starts.find(tx, resource) for resource in resources or RESOURCES.values()]
    times = [at for found in begun for at in found.values()]
    is_whole = times and (all(begun) or not resources)
    since = max(filter(None, [*times, starts.find_pruned(tx)])) if is_whole else None
    return Scope(since, len(listings.workspaces(tx)))


async def _before_last(mirror: Mirror, wanted: Wanted, limit: int) -> int:
    """The number after which the last `limit` changes come."""
    found = await mirror.read(history.last, wanted, limit)
    return int(found[-1]["seq"]) - 1 if found and len(found) == limit else 0


def _understood(tx: Tx, request: Request) -> tuple[Wanted, int]:
    """What is wanted, and the number after which it begins."""
    names = [named(name).name for name in request.names]
    if request.field is not None:
        check_field(names, request.field)
    if request.side is not None and request.side not in tuple(Side):
        raise UsageError(f"there is no side {request.side!r}; choose from {', '.join(Side)}")
    if request.record is not None and len(names) != 1:
        raise UsageError("--id needs the one resource that the record is of")
    _check_on(tx)
    after, since = 0, request.since
    if since is not None and since.isdecimal():
        after, since = min(int(since), LAST), None
    had = [] if request.record is None else history.ids_of(tx, named(names[0]), request.record)[1]
    at = earliest(since, clock.now(tx), takes="a number of a change, ")
    return Wanted(names, had, request.side, request.field, at, starts=request.starts), after


def _check_on(tx: Tx) -> None:
    if starts.is_off(tx):
        raise UsageError("there is no history: retention.changes is 0")


async def as_of(mirror: Mirror, resource_name: str, record_name: str, time: str) -> AsOf:
    """A record as it was at a time. A date alone is its first moment, UTC.

    Raises UnknownResource, and UsageError where the history doesn't reach so far back.
    """
    resource = named(resource_name)
    try:
        at = str(decode("timestamp", time))
    except Unholdable:
        raise UsageError(
            f"{time!r} is neither a date such as 2026-05-21 nor a time such as 2026-05-21T12:00Z"
        ) from None
    return await mirror.read(_as_of, resource, record_name, at)


def _as_of(tx: Tx, resource: Resource, record_name: str, at: str) -> AsOf:
    _check_on(tx)
    if at > clock.now(tx):
        raise UsageError(f"give a time that has been: {at} is to come")
    record_id, had = history.ids_of(tx, resource, record_name)
    stones = tombstones.find(
        tx, states=tuple(TombstoneState), resource=resource.name, record_id=record_id
    )
    past = history.as_of(tx, resource, record_id, had, at)
    if past.is_redacted or any(stone.cause == Cause.REDACTED for stone in stones):
        raise UsageError(f"{resource.name} {record_id} was redacted: nothing is left of it")
    if not past.is_known and not stones:
        raise UsageError(f"{resource.name}: the mirror knows nothing of {record_name}")
    if why := _out_of_reach(tx, resource, past.workspace_id, at):
        raise UsageError(why)
    return AsOf(resource.name, record_id, at, past.record)


def known_since(tx: Tx, resource: Resource, workspace: int | None) -> str | None:
    """Since when it can be told how a record of a resource was; None: it can't."""
    since = None if starts.is_off(tx) else _begun(tx, resource, workspace)
    return since and max(since, starts.find_pruned(tx) or "")


def _begun(tx: Tx, resource: Resource, workspace: int | None) -> str | None:
    begun = starts.find(tx, resource)
    return begun.get(workspace, begun.get(None)) or max(begun.values(), default=None)


def _out_of_reach(tx: Tx, resource: Resource, workspace: int | None, at: str) -> str:
    """Why the history doesn't tell what was at a time; '' if it does."""
    since = _begun(tx, resource, workspace)
    if since is None:
        return f"the history of {resource.name} has not begun: not all of their lists were read yet"
    if at < since:
        return f"the history of {resource.name} begins at {since}: nothing is known of {at}"
    kept = starts.find_pruned(tx)
    if kept is not None and at < kept:
        return f"changes before {kept} are no longer kept (retention.changes): {at} can't be told"
    return ""
