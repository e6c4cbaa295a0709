"""The events jobs: near-real-time updates.

A job reads the records of a resource to which webhooks or the events log point (hints). It starts
as soon as there are any: the receiver and the events log of this process set `wake`, and the
database notifies of hints that other processes store. Hints that arrive together are handled in one
pass. One more job reads the events logs at `events.log_every`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from cfsync.config import Settings
from cfsync.daemon.jobs.pass_monitor import MonitoredContext
from cfsync.daemon.jobs.runner import Job, Runner
from cfsync.daemon.jobs.schedule import Schedule
from cfsync.hints import FOLLOWED
from cfsync.mirror.db import notifications
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.progress import events
from cfsync.mirror.progress.runs import PassName
from cfsync.sync import passes
from cfsync.sync.events.log import LOG
from cfsync.sync.report import Report

GATHER_S = 0.1
"""Seconds to wait for further hints after the first one."""


class EventFollower:
    """Starts events jobs when there are hints. Set `wake` to make it look at once."""

    def __init__(self, settings: Settings, mirror: Mirror) -> None:
        self.wake = asyncio.Event()
        self._settings = settings
        self._mirror = mirror

    def create_jobs(self) -> list[Job]:
        """A job for each resource that events point to, and one for the events logs."""
        wanted = self._settings.wanted
        jobs = [Job(PassName.EVENTS, name, _follow_hints) for name in FOLLOWED if name in wanted]
        return [*jobs, Job(PassName.EVENTS, LOG.name, self._read_logs)]

    def schedule_jobs(self, schedule: Schedule, runner: Runner) -> None:
        """Start each job at its interval too, in case a notification is lost."""
        for job in runner.jobs_of(PassName.EVENTS):
            if every := self._interval(job.resource):
                schedule.every(every, partial(runner.start, job))

    def _interval(self, name: str) -> float:
        """Seconds between two scheduled starts; 0: none."""
        settings = self._settings
        return settings.events.log_every if name == LOG.name else settings.resource(name).pull_every

    async def run(self, runner: Runner) -> None:
        """Start events jobs until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), notifications.POLL_S)
                await asyncio.sleep(GATHER_S)
            self.wake.clear()
            jobs = {job.resource: job for job in runner.jobs_of(PassName.EVENTS)}
            for name in await self._mirror.read(events.resources_with_open):
                if name in jobs:
                    runner.start(jobs[name], rerun=True)

    async def _read_logs(self, context: MonitoredContext) -> Report | None:
        report = await passes.logs_due(context)
        if report is not None and report.total("hints"):
            self.wake.set()
        return report


async def _follow_hints(context: MonitoredContext) -> Report | None:
    return await passes.events_due(context, context.resource)
