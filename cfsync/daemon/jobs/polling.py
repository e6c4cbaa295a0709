"""The rounds: pulls and sweeps, each resource at its own pace. Whether a list's time has come is
told by the mirror, so that restarts, several daemons and a clock that jumps make no difference; a
tick only asks.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

from cfsync.config import Settings
from cfsync.daemon.health.pass_monitor import WatchedContext
from cfsync.daemon.jobs.runner import Job, Runner
from cfsync.daemon.schedule import Schedule
from cfsync.mirror.bookkeeping import runs
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.lists import listings
from cfsync.resources import RESOURCES, children_of
from cfsync.sync import passes
from cfsync.sync.report import Report
from cfsync.values import seconds

SWEEP_LOOKS = 20
"""How often in `sweep_every` it is asked whether a sweep is due; at least once an hour."""

HOUR_S = 3600.0


def jobs(settings: Settings) -> list[Job]:
    enabled = [name for name in RESOURCES if settings.resource(name).enabled]
    return [Job("pull", n, _pull) for n in enabled] + [Job("sweep", n, _sweep) for n in enabled]


def plan(schedule: Schedule, runner: Runner, settings: Settings) -> None:
    for job in runner.of("pull"):
        schedule.every(settings.resource(job.resource).pull_every, partial(runner.start, job))
    for job in runner.of("sweep"):
        every = min(settings.resource(job.resource).sweep_every / SWEEP_LOOKS, HOUR_S)
        schedule.every(every, partial(runner.start, job))


def follow_up(runner: Runner, job: Job, report: Report) -> None:
    """News of a record is news of the lists below it."""
    counts = report.counts.get(job.resource, Counter())
    if job.name in ("pull", "events") and (counts.get("new") or counts.get("changed")):
        for child in children_of(job.resource):
            if below := runner.jobs.get(("pull", child.name)):
                runner.start(below, again=True)


async def _pull(context: WatchedContext) -> Report | None:
    return await passes.pull_due(context, context.resource)


async def _sweep(context: WatchedContext) -> Report | None:
    since, now = await context.mirror.read(_last_complete, context.resource)
    every = context.settings.resource(context.resource).sweep_every
    if not sweep_is_due(since, now, every, jitter=random.Random(context.resource).random()):  # noqa: S311
        return None
    return await passes.sweep(context, [context.resource])


def sweep_is_due(since: str | None, now: str, every: float, *, jitter: float) -> bool:
    """Whether the last complete walk is long enough ago; False where there was none yet, since a
    backfill is one. `jitter` (0 to 1) spreads the resources over a tenth of the interval. Pure.
    """
    if since is None:
        return False
    age = seconds(since, now)
    return age < 0 or age >= every * (1.0 - jitter / 10)


def _last_complete(tx: Tx, resource: str) -> tuple[str | None, str]:
    swept = runs.last_done(tx, "sweep", resource)
    return swept or listings.first_walk(tx, RESOURCES[resource]), tx.now
