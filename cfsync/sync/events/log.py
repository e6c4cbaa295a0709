"""The events log: the same events as deliveries bring, in the order of their ids, for those who
have no public address, and for what deliveries have missed.

A log is read where it gives events: where one came in the last day, or an endpoint asks for them.
The others are looked at once an hour. Each read begins a few events before the last one, since an
event may become visible after another one with a higher id; what is known already changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import ceil

import structlog

from cfsync.api import Priority
from cfsync.api.pages import walk_by_id
from cfsync.errors import BadAnswer, Forbidden, NotFound
from cfsync.hints import from_log
from cfsync.mirror.bookkeeping import webhook_secrets
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import checkpoints, events
from cfsync.mirror.progress.checkpoints import Checkpoint, Lane
from cfsync.mirror.progress.events import EventSource, SavedEvents
from cfsync.records import Listing, Record
from cfsync.resources import ALL
from cfsync.sync.context import Context, side_by_side
from cfsync.sync.report import Report
from cfsync.times import seconds

log = structlog.get_logger()

LOG = ALL["webhook_events"]

BEFORE = 10
"""Events that are read once more: half a page, so that a quiet log costs one request."""

QUIET_S = 3600.0
"""Seconds between two looks at a log that gives nothing."""

FRESH_S = 86_400.0
"""So long after its last event a log counts as one that gives events."""

SPACING_S = 1.0
"""Seconds between two requests of a daemon that reads many logs."""


def most_rate(every: float, logs: int) -> float:
    """Requests a second that so many logs cost if each of them gives events. Pure."""
    return min(logs / every, 1.0 / SPACING_S) if every else 0.0


def interval(place: Checkpoint | None, every: float, now: str, *, has_endpoint: bool) -> float:
    """Seconds between two reads of a log that stands at `place` (`done_at` None: it could not be
    read the last time). Pure.
    """
    if place is not None and place.done_at is None:
        return max(every, QUIET_S)
    fresh = place is not None and place.seen_at and seconds(place.seen_at, now) < FRESH_S
    return every if fresh or has_endpoint else max(every, QUIET_S)


def is_due(place: Checkpoint | None, every: float, now: str) -> bool:
    """Whether a log that is read at that interval is to be read now; ticks come a little early or
    late. Pure.
    """
    if place is None or place.began_at is None:
        return True
    age = seconds(place.began_at, now)
    return age < 0 or age >= every / 2


async def due(
    context: Context, workspaces: Sequence[int], *, every: float, most: int | None = None
) -> list[int]:
    """Workspaces whose log is to be read now, `every` so many seconds where it gives events; no
    more than `most` of them, those that have waited longest.
    """
    if not context.settings.events.log_every:
        return []
    return (await context.mirror.read(_due, workspaces, every))[:most]


async def due_by_pace(context: Context, workspaces: Sequence[int]) -> list[int]:
    """The same for the daemon, which asks each `events.log_every`: many logs come in turn."""
    every = context.settings.events.log_every
    return await due(context, workspaces, every=every, most=ceil(every / SPACING_S))


def _due(tx: Tx, workspaces: Collection[int], every: float) -> list[int]:
    awaited = webhook_secrets.workspaces_with_any(tx, workspaces)
    found = []
    for workspace in workspaces:
        place = checkpoints.get(tx, Listing(LOG.name, workspace, workspace), Lane.EVENTS)
        pace = interval(place, every, tx.now, has_endpoint=workspace in awaited)
        if is_due(place, pace, tx.now):
            found.append((place.began_at or "" if place else "", workspace))
    return [workspace for _, workspace in sorted(found)]


async def read_logs(context: Context, report: Report, workspaces: Sequence[int]) -> None:
    """Keep the news of the logs of these workspaces, as hints."""
    context = replace(context, api=context.api.with_priority(Priority.EVENTS))

    async def work(workspace: int) -> None:
        await _read(context, report, Listing(LOG.name, workspace, workspace))

    await side_by_side(context, workspaces, work)


async def _read(context: Context, report: Report, listing: Listing) -> None:
    began_at = await context.now()
    start = await context.mirror.read(checkpoints.get, listing, Lane.EVENTS)
    place = replace(start or checkpoints.fresh(listing, Lane.EVENTS), began_at=began_at)
    try:
        if place.upper is None:
            await context.mirror.write(_begin, place, await _newest(context, listing))
        else:
            await _walk(context, report, listing, place)
    except (Forbidden, NotFound, BadAnswer) as error:
        log.info("events_log.unreadable", list=str(listing), status=error.status)
        await context.mirror.write(checkpoints.save, replace(place, done_at=None))


async def _newest(context: Context, listing: Listing) -> Sequence[Record]:
    """The last page of a log that was never read: what came before it, pulls have brought."""
    page = await context.api.page(listing, descending=True)
    return sorted(page.records, key=lambda event: event.id)


def _begin(tx: Tx, place: Checkpoint, newest: Sequence[Record]) -> None:
    checkpoints.save(tx, _behind(place, newest, tx.now))


async def _walk(context: Context, report: Report, listing: Listing, place: Checkpoint) -> None:
    async for page in walk_by_id(context.api, listing, after=place.cursor):
        place, kept = await context.mirror.write(
            _keep, place, page.records, context.settings.wanted, context.settings.events.use_payload
        )
        for resource, hints in kept.open.items():
            report.add(resource, hints=hints)
        context.check_stop()


def _keep(
    tx: Tx, place: Checkpoint, page: Sequence[Record], wanted: Collection[str], bodies: bool
) -> tuple[Checkpoint, SavedEvents]:
    """One page of the log, and the place behind it."""
    hints = [from_log(event, place.parent_id) for event in page]
    kept = events.save(tx, hints, EventSource.LOG, wanted=wanted, bodies=bodies)
    place = _behind(place, page, tx.now)
    checkpoints.save(tx, place)
    return place, kept


def _behind(place: Checkpoint, page: Sequence[Record], now: str) -> Checkpoint:
    """`upper` is the highest id that was read; `cursor` stands some events before it. Pure."""
    upper, ids = place.upper or 0, [event.id for event in page]
    is_news = bool(ids) and ids[-1] > upper
    return replace(
        place,
        upper=max([upper, *ids]),
        cursor=ids[-BEFORE - 1] if len(ids) > BEFORE else place.cursor,
        seen_at=now if is_news else place.seen_at,
        done_at=now,
    )
