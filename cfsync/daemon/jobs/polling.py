"""The pull and sweep jobs: when each resource is polled.

The mirror itself knows which lists are due, so that restarts, several daemons and clock changes
make no difference. The schedule only starts a job often enough to ask.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

from cfsync.config import Settings
from cfsync.daemon.jobs.pass_monitor import MonitoredContext
from cfsync.daemon.jobs.runner import Job, Runner
from cfsync.daemon.jobs.schedule import Schedule
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.lists import listings
from cfsync.mirror.progress import runs
from cfsync.mirror.progress.runs import PassName
from cfsync.resources import RESOURCES, children_of
from cfsync.sync import passes
from cfsync.sync.report import Report
from cfsync.times import seconds

SWEEP_CHECKS = 20
"""How often within `sweep_every`, or `census.every`, to check whether a sweep is due; at least once
an hour."""

HOUR_S = 3600.0


def create_jobs(settings: Settings) -> list[Job]:
    """A pull and a sweep job for each enabled resource."""
    enabled = [name for name in RESOURCES if settings.resource(name).enabled]
    pulls = [Job(PassName.PULL, name, _pull) for name in enabled]
    return pulls + [Job(PassName.SWEEP, name, _sweep) for name in enabled]


def schedule_jobs(schedule: Schedule, runner: Runner, settings: Settings) -> None:
    """Start each job at its interval."""
    for job in runner.jobs_of(PassName.PULL):
        schedule.every(settings.resource(job.resource).pull_every, partial(runner.start, job))
    for job in runner.jobs_of(PassName.SWEEP):
        often = min(settings.resource(job.resource).sweep_every, settings.census.every)
        every = min(often / SWEEP_CHECKS, HOUR_S)
        schedule.every(every, partial(runner.start, job))


def pull_children(runner: Runner, job: Job, report: Report) -> None:
    """Pull the lists below a resource if the pass found new or changed records of it."""
    counts = report.counts.get(job.resource, Counter())
    brings_news = job.name in (PassName.PULL, PassName.EVENTS)
    if brings_news and (counts.get("new") or counts.get("changed")):
        for child in children_of(job.resource):
            if child_pull := runner.jobs.get((PassName.PULL, child.name)):
                runner.start(child_pull, rerun=True)


async def _pull(context: MonitoredContext) -> Report | None:
    if context.asked:
        return await passes.pull(context, [context.resource])
    return await passes.pull_due(context, context.resource)


async def _sweep(context: MonitoredContext) -> Report | None:
    if context.asked:
        return await passes.sweep(context, [context.resource])
    since, now = await context.mirror.read(_last_complete_walk, context.resource)
    every = context.settings.resource(context.resource).sweep_every
    if not sweep_is_due(since, now, every, jitter=random.Random(context.resource).random()):  # noqa: S311
        return await passes.census_due(context, context.resource)
    return await passes.sweep(context, [context.resource])


def sweep_is_due(since: str | None, now: str, every: float, *, jitter: float) -> bool:
    """Whether the last complete walk, at `since`, was at least `every` seconds ago. Pure.

    False if there was none: the first walk is a complete one. `jitter` (0 to 1) spreads the
    resources over a tenth of the interval.
    """
    if since is None:
        return False
    age = seconds(since, now)
    return age < 0 or age >= every * (1.0 - jitter / 10)


def _last_complete_walk(tx: Tx, resource: str) -> tuple[str | None, str]:
    """When the resource was last walked completely (None: never), and the time now."""
    swept = runs.last_done(tx, PassName.SWEEP, resource)
    return swept or listings.first_backfill_at(tx, RESOURCES[resource]), tx.now
