"""The push jobs: a push starts as soon as edits have been left alone for `push.debounce`.

The database notifies the daemon of edits, which sets `wake`. An edit that a push leaves open (its
parent has no real id yet, or somebody locks its row) does not start the next push at once: it is
tried again when another push has created a record, or after RETRY_S.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress

from cfsync.config import Settings
from cfsync.daemon.jobs.pass_monitor import MonitoredContext
from cfsync.daemon.jobs.runner import Job, Runner
from cfsync.mirror.db import notifications
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.outgoing import debounce
from cfsync.mirror.progress.runs import PassName
from cfsync.resources import RESOURCES
from cfsync.sync.push.conductor import push
from cfsync.sync.report import Report

RETRY_S = 30.0
"""Seconds after which an edit that a push left open is tried again."""


class Pusher:
    """Starts push jobs when edits are ready. Set `wake` to make it look at once."""

    def __init__(self, settings: Settings, mirror: Mirror) -> None:
        self.wake = asyncio.Event()
        self._settings = settings
        self._mirror = mirror
        self._left_open: dict[str, Collection[int]] = {}  # resource -> edits, by seq
        self._retry_at: dict[str, float] = {}  # resource -> monotonic time

    def create_jobs(self) -> list[Job]:
        """A push job for each resource whose edits may be sent."""
        settings = {name: self._settings.resource(name) for name in RESOURCES}
        return [
            Job(PassName.PUSH, n, self._push) for n, s in settings.items() if s.push and s.enabled
        ]

    async def run(self, runner: Runner) -> None:
        """Start push jobs until cancelled."""
        while True:
            self.wake.clear()
            seconds = await self._start_due(runner)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), seconds)

    async def _start_due(self, runner: Runner) -> float:
        """Returns the seconds after which to look again unless it is woken before."""
        free = {job.resource: job for job in runner.jobs_of(PassName.PUSH) if runner.can_start(job)}
        now = time.monotonic()
        for name in [n for n, at in self._retry_at.items() if at <= now]:
            self.allow_retry(name)
        waits = await self._mirror.read(
            debounce.seconds_until_ready,
            list(free),
            debounce=self._settings.push.debounce,
            tried=[seq for name in free for seq in self._left_open.get(name, ())],
        )
        for name in [n for n, seconds in waits.items() if seconds <= 0]:
            runner.start(free[name])
        later = [seconds for seconds in waits.values() if seconds > 0]
        return min([*later, *(at - now for at in self._retry_at.values()), notifications.POLL_S])

    async def _push(self, context: MonitoredContext) -> Report:
        name, quiet_s = context.resource, self._settings.push.debounce
        ready = await context.mirror.read(debounce.ready_seqs, name, debounce=quiet_s)
        report = await push(context, [name], debounce=quiet_s)
        still_open = await context.mirror.read(debounce.open_among, ready)
        if report.total("created") or report.total("matched"):
            self._left_open.clear()
            self._retry_at.clear()
        if still_open:
            self._left_open[name] = still_open
            self._retry_at[name] = time.monotonic() + RETRY_S
        self.wake.set()
        return report

    def allow_retry(self, name: str) -> None:
        """Let the next look at the edits of a resource find those that a push has left open."""
        self._left_open.pop(name, None)
        self._retry_at.pop(name, None)
