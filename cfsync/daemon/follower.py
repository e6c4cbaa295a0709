"""The follower: starts a pass over the hints of a resource as soon as there are any.

It is told by the receiver and by the events log of this process, and by the database of what other
processes keep. What comes close together is looked at together.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from cfsync.config import Settings
from cfsync.daemon.jobs import Job, Runner
from cfsync.daemon.pulse import WatchedContext
from cfsync.hints import HINTED
from cfsync.mirror import events, watch
from cfsync.mirror.engine import Mirror
from cfsync.sync import passes
from cfsync.sync.report import Report

GATHER_S = 0.1
"""Seconds in which what comes together is gathered."""


class Follower:
    def __init__(self, settings: Settings, mirror: Mirror) -> None:
        self.wake = asyncio.Event()
        self._settings = settings
        self._mirror = mirror

    def jobs(self) -> list[Job]:
        return [Job("events", n, _follow) for n in HINTED if self._settings.resource(n).enabled]

    async def keep(self, runner: Runner) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), watch.POLL_S)
                await asyncio.sleep(GATHER_S)
            self.wake.clear()
            jobs = {job.resource: job for job in runner.of("events")}
            for name in await self._mirror.read(events.waiting):
                if name in jobs:
                    runner.start(jobs[name], again=True)


async def _follow(context: WatchedContext) -> Report | None:
    return await passes.events_due(context, context.resource)
