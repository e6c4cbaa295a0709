"""The pusher: starts a push as soon as edits have been left alone for `push.debounce`.

The database tells of edits (`mirror.watch`), and `wake` is set. An edit that a push has left open
(its parent has no real id yet, somebody holds its row) does not start the next one at once: it is
tried again when another push has created something, or after RETRY_S.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress

from cfsync.config import Settings
from cfsync.daemon.health.pass_monitor import WatchedContext
from cfsync.daemon.jobs.runner import Job, Runner
from cfsync.mirror.db import notifications
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.outgoing import debounce as ready
from cfsync.resources import RESOURCES
from cfsync.sync.push.conductor import push
from cfsync.sync.report import Report

RETRY_S = 30.0


class Pusher:
    def __init__(self, settings: Settings, mirror: Mirror) -> None:
        self.wake = asyncio.Event()
        self._settings = settings
        self._mirror = mirror
        self._tried: dict[str, Collection[int]] = {}
        self._retry_at: dict[str, float] = {}

    def jobs(self) -> list[Job]:
        settings = {name: self._settings.resource(name) for name in RESOURCES}
        return [Job("push", n, self._push) for n, s in settings.items() if s.push and s.enabled]

    async def keep(self, runner: Runner) -> None:
        while True:
            self.wake.clear()
            seconds = await self._start_what_is_due(runner)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), seconds)

    async def _start_what_is_due(self, runner: Runner) -> float:
        """Returns after how many seconds to look again, if nothing happens before."""
        free = {job.resource: job for job in runner.of("push") if runner.is_free(job)}
        now = time.monotonic()
        for name in [n for n, at in self._retry_at.items() if at <= now]:
            self._retry(name)
        waits = await self._mirror.read(
            ready.soonest,
            list(free),
            debounce=self._settings.push.debounce,
            tried=[seq for name in free for seq in self._tried.get(name, ())],
        )
        for name in [n for n, seconds in waits.items() if seconds <= 0]:
            runner.start(free[name])
        later = [seconds for seconds in waits.values() if seconds > 0]
        return min([*later, *(at - now for at in self._retry_at.values()), notifications.POLL_S])

    async def _push(self, context: WatchedContext) -> Report:
        name, debounce = context.resource, self._settings.push.debounce
        settled = await context.mirror.read(ready.settled, name, debounce=debounce)
        report = await push(context, [name], debounce=debounce)
        left = await context.mirror.read(ready.still_open, settled)
        if report.total("created"):
            self._tried.clear()
            self._retry_at.clear()
        if left:
            self._tried[name] = left
            self._retry_at[name] = time.monotonic() + RETRY_S
        self.wake.set()
        return report

    def _retry(self, name: str) -> None:
        self._tried.pop(name, None)
        self._retry_at.pop(name, None)
