"""What every pass receives: the API, the mirror, the settings, and the signal to stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from cfsync.api import Api
from cfsync.config import Settings
from cfsync.errors import (
    SERVER_FAILED,
    BadAnswer,
    CfsyncError,
    Endless,
    Forbidden,
    Interrupted,
    NotFound,
    Refused,
    StateConflict,
    Transient,
    located,
)
from cfsync.mirror.bookkeeping import bases
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import listings
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.progress.runs import RunState
from cfsync.records import Listing
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.progress import Progress
from cfsync.sync.report import Report
from cfsync.sync.workspaces import mirrored

LISTS_IN_TROUBLE = 3
"""So many lists more than could be read may fail before the server counts as down."""

log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """What a pass works with."""

    api: Api
    mirror: Mirror
    settings: Settings
    #: When set, the pass ends at the next page; everything that was read is kept.
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    progress: Progress = field(default_factory=Progress)
    #: When this process started, by the database's clock, which stamps the edits; canonical text.
    started_at: str = ""
    #: Whether this process has asked for the teams and workspaces already.
    opened: bool = False
    #: (resource, workspaces) of which the history is known to be complete.
    with_history: set[tuple[str, frozenset[int]]] = field(default_factory=set)

    async def reading(self, resource: Resource, lane: Lane) -> Reading:
        """Begin a reading: call it before ClickFunnels is asked for records of `resource`, and
        write what comes with it.
        """
        return await self.mirror.read(_begin_reading, self.settings, resource, lane)

    async def now(self) -> str:
        """The time by the mirror's clock, canonical text."""
        return await self.mirror.read(_now)

    def check_stop(self) -> None:
        if self.stop.is_set():
            raise Interrupted("stopped; everything is kept, start it again and it goes on")

    async def wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return
        self.check_stop()


def _begin_reading(tx: Tx, settings: Settings, resource: Resource, lane: Lane) -> Reading:
    return Reading(
        resource,
        lane,
        rev_before=bases.highest_rev(tx),
        began_at=tx.now,
        policy=settings.resource(resource.name).on_conflict,
        on_drift=settings.sweep.on_drift,
        ours=frozenset(mirrored(listings.workspaces(tx), settings.api)),
    )


def _now(tx: Tx) -> str:
    return tx.now


async def each_list(
    context: Context,
    report: Report,
    listings: Sequence[Listing],
    work: Callable[[Listing], Awaitable[None]],
    *,
    rows: Mapping[str, int] | None = None,
) -> None:
    """Do `work` for every list, as many at once as `api.max_concurrency` allows. `rows`: how many
    records of a resource an earlier walk has found, for the progress that is shown.

    A list that can't be read is reported and the others go on; an error that concerns all lists
    ends the pass, as does one of the server's while no list can be read.
    """
    context.progress.begin(Counter(listing.resource for listing in listings), rows or {})
    failed: list[Transient] = []
    walked = 0

    async def guarded(listing: Listing) -> None:
        nonlocal walked
        try:
            async with _reported(context, report, listing):
                await work(listing)
        except SERVER_FAILED as error:
            failed.append(error)
            if len(failed) > walked + LISTS_IN_TROUBLE:
                raise
            _note_trouble(report, listing, error)
        else:
            walked += 1
        context.progress.walked(listing)

    await side_by_side(context, listings, guarded)
    if failed and not walked:
        raise failed[0]


async def side_by_side(
    context: Context, items: Iterable[T], work: Callable[[T], Awaitable[None]]
) -> None:
    """Do `work` for every item, as many at once as `api.max_concurrency` allows. The first error
    ends it; of several at once the one whose exit code counts is raised.
    """
    queue = iter(items)

    async def worker() -> None:
        for item in queue:
            context.check_stop()
            await work(item)

    async with task_group() as group:
        for _ in range(context.settings.api.max_concurrency):
            group.create_task(worker())


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises, of several errors, the one whose exit code counts."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except* CfsyncError as errors:
        raise _worst(errors) from None


def _note_trouble(report: Report, listing: Listing, error: Transient) -> None:
    """The pass goes on with other lists, and has not come to its end."""
    log.warning("list.in_trouble", list=str(listing), status=error.status, error=str(error))
    report.problems.append(f"{listing}: {error}")
    report.cause = report.cause or error
    if report.state == RunState.DONE:
        report.state = RunState.STOPPED


@asynccontextmanager
async def _reported(context: Context, report: Report, listing: Listing) -> AsyncIterator[None]:
    try:
        with located(f"list {listing}"):
            yield
    except (Forbidden, NotFound) as error:
        if not is_needless(context.settings, listing):
            log.warning("list.unreachable", list=str(listing), status=error.status)
            report.unreachable.append(str(listing))
    except (BadAnswer, Endless, Refused, StateConflict) as error:
        log.error("list.failed", list=str(listing), error=str(error))
        report.problems.append(f"{listing}: {error}")
        report.state = RunState.FAILED


def is_needless(settings: Settings, listing: Listing) -> bool:
    """Whether a list of teams or workspaces need not be readable: the settings name the
    workspaces. Pure.
    """
    return RESOURCES[listing.resource].scope and bool(settings.api.workspaces)


def _worst(errors: BaseExceptionGroup[CfsyncError]) -> CfsyncError:
    """The error whose exit code counts: 1, then 2, 3 and 4."""
    return min(_leaves(errors), key=lambda e: e.exit_code)


def _leaves(errors: BaseExceptionGroup[CfsyncError]) -> list[CfsyncError]:
    found: list[CfsyncError] = []
    for error in errors.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
