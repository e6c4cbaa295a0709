"""The passes over many lists: backfill, pull and sweep. Each returns a report."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from cfsync.config import Settings
from cfsync.errors import Forbidden, NotFound
from cfsync.mirror.lists import absent, event_coverage, listings, row_counts
from cfsync.mirror.progress import checkpoints, events
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.progress.runs import PassName
from cfsync.records import Listing
from cfsync.resources import Resource, levels, named
from cfsync.sync import history
from cfsync.sync.account import TEAMS, announce_added, known_workspaces, open_account
from cfsync.sync.context import Context, each_list, is_needless
from cfsync.sync.events import log
from cfsync.sync.events.follow import follow
from cfsync.sync.incoming.census import due_lists, read_census, sweep_or_census
from cfsync.sync.incoming.deletions import judge_candidates, ready_candidates
from cfsync.sync.incoming.pace import due_now
from cfsync.sync.incoming.presence import note_gone_parent
from cfsync.sync.incoming.pull import pull_list
from cfsync.sync.incoming.sweep import settle_inserted, sweep_list
from cfsync.sync.pass_run import recorded, runnable, wanted_resources
from cfsync.sync.report import Report
from cfsync.sync.walk.page_writer import PageWriter, page_writer
from cfsync.sync.walk.records import reread_busy, reread_refused

logger = structlog.get_logger()

Rows = Mapping[str, int] | None
SweepOne = Callable[[Context, PageWriter, Listing], Awaitable[None]]


async def backfill(
    context: Context,
    names: Sequence[str] = (),
    *,
    workspace: str | None = None,
    restart: bool = False,
) -> Report:
    """Walk every list by id, from where an earlier run stopped; lists that are complete are pulled.
    With `restart` every list is walked from its beginning. `workspace`: only that one.
    """
    if workspace is not None:
        context = replace(context, settings=_only(context.settings, workspace))
    resources = wanted_resources(context.settings, names)
    async with recorded(context, PassName.BACKFILL, resources) as (context, report):
        resources = await runnable(context, report, resources)
        workspaces = await open_account(context, report)
        for level in levels(_but_teams(resources)):
            lists = await _lists(context, level, workspaces)
            rows = await context.mirror.read(row_counts.known, lists if restart else ())
            if restart:
                await context.mirror.write(listings.restart, lists)
            await _pull_lists(context, report, lists, rows)
            workspaces = await known_workspaces(context)
        await history.begin(context, resources, workspaces)
    return report


def _only(settings: Settings, workspace: str) -> Settings:
    api = settings.api.model_copy(update={"workspaces": [workspace]})
    return settings.model_copy(update={"api": api})


async def pull(context: Context, names: Sequence[str] = ()) -> Report:
    """Read what changed: every list of a workspace (one request each if nothing changed), of the
    lists below other records those whose parent changed and some in rotation; then the events.
    """
    resources = wanted_resources(context.settings, names)
    async with recorded(context, PassName.PULL, resources) as (context, report):
        resources = await runnable(context, report, resources)
        workspaces = await open_account(context, report)
        if not names:
            await announce_added(context, workspaces)
        for level in levels(_but_teams(resources)):
            for resource in level:
                await reread_busy(context, report, resource)
            now = await context.now()
            lists = await _due(context, level, workspaces)
            await _pull_lists(context, report, lists)
            await _mark_tried(context, report, lists, level, workspaces, now)
            workspaces = await known_workspaces(context)
        await history.begin(context, resources, workspaces)
        logs = await log.due(context, workspaces, every=0)
        await log.read_logs(context, report, logs)
        for resource in resources:
            await follow(context, report, resource, workspaces)
    return report


async def pull_due(context: Context, name: str) -> Report | None:
    """The daemon's pull: the lists of one resource that are due; None if none is. Teams are read by
    opening the account.
    """
    resource = named(name)
    if resource is TEAMS:
        async with recorded(context, PassName.PULL, [resource]) as (context, report):
            workspaces = await open_account(replace(context, opened=False), report)
            await history.begin(context, [resource], workspaces)
        return report
    workspaces, now = await known_workspaces(context), await context.now()
    lists = await _due_by_pace(context, resource, workspaces)
    if not lists and not await context.mirror.read(events.find_open, resource, busy=True, limit=1):
        return None
    async with recorded(context, PassName.PULL, [resource]) as (context, report):
        await reread_busy(context, report, resource)
        await _pull_lists(context, report, lists)
        await _mark_tried(context, report, lists, [resource], workspaces, now)
        await history.begin(context, [resource], workspaces)
    return report


async def events_due(context: Context, name: str) -> Report | None:
    """The daemon's pass over the hints of one resource; None if there are no hints, and no
    candidate for deletion can be judged yet.
    """
    resource = named(name)
    hints = await context.mirror.read(events.find_open, resource, limit=1)
    if not hints and not await ready_candidates(context, resource):
        return None
    async with recorded(context, PassName.EVENTS, [resource]) as (context, report):
        await follow(context, report, resource, await known_workspaces(context))
    return report


async def logs_due(context: Context) -> Report | None:
    """The daemon's pass over the events logs; None if none is due."""
    logs = await log.due_by_pace(context, await known_workspaces(context))
    if not logs:
        return None
    async with recorded(context, PassName.EVENTS, [log.LOG]) as (context, report):
        await log.read_logs(context, report, logs)
    return report


async def sweep(context: Context, names: Sequence[str] = (), *, walk: bool = False) -> Report:
    """The complete comparison: walk every list by id, then decide about what was missing. A list
    with a trusted census is not walked, unless `walk` says so.
    """
    resources = wanted_resources(context.settings, names)
    async with recorded(context, PassName.SWEEP, resources) as (context, report):
        resources = await runnable(context, report, resources)
        workspaces = await open_account(context, report)
        for level in levels(resources):
            lists = await _lists(context, level, workspaces)
            await _sweep_lists(context, report, lists, sweep_list if walk else sweep_or_census)
            for resource in level:
                await judge_candidates(context, report, resource, workspaces)
                await settle_inserted(context, report, resource)
    return report


async def census_due(context: Context, name: str) -> Report | None:
    """The daemon's pass over the lists of one resource whose trusted census is due; None if none
    is.
    """
    resource = named(name)
    if not resource.filter_class:
        return None
    workspaces = await known_workspaces(context)
    due = await context.mirror.read(due_lists, context.settings, resource, workspaces)
    if not due:
        return None
    async with recorded(context, PassName.CENSUS, [resource]) as (context, report):
        await _sweep_lists(context, report, due, read_census)
        await judge_candidates(context, report, resource, workspaces)
    return report


def _but_teams(resources: Sequence[Resource]) -> list[Resource]:
    """All but the teams, which opening the account has read."""
    return [r for r in resources if r is not TEAMS]


async def _lists(
    context: Context, resources: Sequence[Resource], workspaces: Collection[int]
) -> list[Listing]:
    lists = [
        listing
        for resource in resources
        for listing in await context.mirror.read(listings.all_lists, resource, workspaces)
    ]
    return await context.mirror.read(absent.without, lists)


async def _due(
    context: Context, resources: Sequence[Resource], workspaces: Collection[int]
) -> list[Listing]:
    lists: list[Listing] = []
    for resource in resources:
        read = listings.due_lists if resource.nested else listings.all_lists
        lists += await context.mirror.read(read, resource, workspaces)
    return await context.mirror.read(absent.without, lists)


async def _due_by_pace(
    context: Context, resource: Resource, workspaces: Collection[int]
) -> list[Listing]:
    lists = await _due(context, [resource], workspaces)
    if resource.nested:
        return lists
    settings, now = context.settings.resource(resource.name), await context.now()
    places = await context.mirror.read(listings.pull_checkpoints, resource)
    told: Collection[int] = ()
    if context.settings.events.stretch_pulls:
        told = await context.mirror.read(event_coverage.covered_workspaces, resource)
    return due_now([(li, places.get(li.parent_id)) for li in lists], settings, now, told)


async def _mark_tried(
    context: Context,
    report: Report,
    lists: Sequence[Listing],
    resources: Sequence[Resource],
    workspaces: Collection[int],
    began_at: str,
) -> None:
    """Remember which lists were tried; and, if all could be read, that all due ones were pulled."""
    nested = {r.name: r for r in resources if r.nested}
    if tried := [li for li in lists if li.resource in nested]:
        await context.mirror.write(listings.mark_tried, tried)
    if nested and not (report.problems or report.unreachable):
        await context.mirror.write(
            listings.mark_pulled, list(nested.values()), workspaces, began_at
        )


async def _pull_lists(
    context: Context, report: Report, lists: Sequence[Listing], rows: Rows = None
) -> None:
    noted = await context.mirror.read(absent.noted, lists)
    async with page_writer(context, report) as writer:

        async def work(listing: Listing) -> None:
            async with _explained(context, report, listing):
                await pull_list(context, writer, listing)
                await _found_again(context, listing, noted)

        await each_list(context, report, lists, work, rows=rows)
    await _retry_refused(context, report, lists)


async def _sweep_lists(
    context: Context, report: Report, lists: Sequence[Listing], sweep_one: SweepOne
) -> None:
    noted = await context.mirror.read(absent.noted, lists)
    async with page_writer(context, report) as writer:

        async def work(listing: Listing) -> None:
            async with _explained(context, report, listing):
                await sweep_one(context, writer, listing)
                await _found_again(context, listing, noted)

        rows = await context.mirror.read(row_counts.known, lists)
        await each_list(context, report, lists, work, rows=rows)
    await _retry_refused(context, report, lists)


@asynccontextmanager
async def _explained(context: Context, report: Report, listing: Listing) -> AsyncIterator[None]:
    """A list that has gone with its parent isn't reported, one that the account doesn't have is
    said once, and one that nobody needs isn't late.
    """
    try:
        yield
    except (Forbidden, NotFound) as error:
        if isinstance(error, NotFound) and await note_gone_parent(context, listing):
            return
        is_first = await context.mirror.write(absent.note, listing)
        if is_first is not None:
            if is_first:
                logger.info("list.absent", list=str(listing), status=error.status)
                report.absent.append(listing.resource)
            return
        if is_needless(context.settings, listing):
            await context.mirror.write(checkpoints.forget, listing, Lane.PULL)
        raise


async def _found_again(context: Context, listing: Listing, noted: Sequence[Listing]) -> None:
    """Read a list from now on that had been left out."""
    if listing in noted:
        await context.mirror.write(absent.forget, [listing])
        logger.info("list.found_again", list=str(listing))


async def _retry_refused(context: Context, report: Report, lists: Sequence[Listing]) -> None:
    """Try the rows again that this pass could not write: what was in the way came later in it."""
    for name in sorted({listing.resource for listing in lists}):
        if name in report.counts and report.counts[name]["refused"]:
            await reread_refused(context, report, named(name))
