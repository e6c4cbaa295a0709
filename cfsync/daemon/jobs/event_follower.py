"""The follower: starts a pass over the hints of a resource as soon as there are any, and reads the
events logs now and then.

It is told by the receiver and by the events log of this process, and by the database of what other
processes keep. What comes close together is looked at together.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from cfsync.config import Settings
from cfsync.daemon.health.pass_monitor import WatchedContext
from cfsync.daemon.jobs.runner import Job, Runner
from cfsync.daemon.schedule import Schedule
from cfsync.hints import HINTED
from cfsync.mirror.bookkeeping import events
from cfsync.mirror.db import notifications
from cfsync.mirror.db.engine import Mirror
from cfsync.sync import passes
from cfsync.sync.events.log import LOG
from cfsync.sync.report import Report

GATHER_S = 0.1
"""Seconds in which what comes together is gathered."""


class Follower:
    def __init__(self, settings: Settings, mirror: Mirror) -> None:
        self.wake = asyncio.Event()
        self._settings = settings
        self._mirror = mirror

    def jobs(self) -> list[Job]:
        jobs = [Job("events", n, _follow) for n in HINTED if n in self._settings.wanted]
        return [*jobs, Job("events", LOG.name, self._read_logs)]

    def plan(self, schedule: Schedule, runner: Runner) -> None:
        for job in runner.of("events"):
            if every := self._every(job.resource):
                schedule.every(every, partial(runner.start, job))

    def _every(self, name: str) -> float:
        """Seconds between two looks without being told; 0: none."""
        settings = self._settings
        return settings.events.log_every if name == LOG.name else settings.resource(name).pull_every

    async def keep(self, runner: Runner) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), notifications.POLL_S)
                await asyncio.sleep(GATHER_S)
            self.wake.clear()
            jobs = {job.resource: job for job in runner.of("events")}
            for name in await self._mirror.read(events.waiting):
                if name in jobs:
                    runner.start(jobs[name], again=True)

    async def _read_logs(self, context: WatchedContext) -> Report | None:
        report = await passes.logs_due(context)
        if report is not None and report.total("hints"):
            self.wake.set()
        return report


async def _follow(context: WatchedContext) -> Report | None:
    return await passes.events_due(context, context.resource)
