"""The daemon itself: connects to ClickFunnels, runs its jobs and tasks, and stops in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from cfsync.daemon.assembly import Components
from cfsync.daemon.health.watchdog import find_stuck
from cfsync.daemon.jobs import polling
from cfsync.daemon.jobs.schedule import Schedule
from cfsync.daemon.maintenance import Maintenance
from cfsync.daemon.periodic import PeriodicTask, repeat
from cfsync.errors import Interrupted, MirrorError
from cfsync.mirror.coordination import pauses
from cfsync.sync.context import task_group
from cfsync.sync.walk_progress import WalkState
from cfsync.web.daemon_health import Health

log = structlog.get_logger()

DRAIN_SHARE = 0.8
"""The share of `daemon.stop_timeout` in which passes may end by themselves."""

CLOCK_S = 1.0
"""Seconds between two looks whether the clock was set back."""

RELEASE_S = 2.0
"""Seconds in which to give leases back; if that fails they expire."""


class Daemon:
    """A daemon whose database is connected. `end` is called when it has to end by itself."""

    def __init__(self, components: Components, end: Callable[[], None]) -> None:
        self.maintenance = Maintenance(components, end)
        self.schedule = Schedule()
        self._components = components

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Connect to ClickFunnels, call `on_ready`, then run until cancelled. Raises UsageError if
        the first connection shows that the settings are wrong.
        """
        c = self._components
        async with task_group() as group:
            c.runner.group = group
            _start(group, self.maintenance.tasks_from_start())
            with suppress(MirrorError):  # then it is read later
                await c.rate_sharing.begin()
            await c.api_access.connect(self.maintenance)
            on_ready()
            self._plan()
            self.schedule.start()
            _start(group, [PeriodicTask("schedule", CLOCK_S, self.schedule.follow_clock)])
            _start(group, self.maintenance.tasks_when_connected())

    def _plan(self) -> None:
        c = self._components
        polling.schedule_jobs(self.schedule, c.runner, c.settings)
        c.event_follower.schedule_jobs(self.schedule, c.runner)

    def reschedule(self) -> None:
        """Go by the intervals that the settings have now."""
        if self.schedule.is_running:
            self.schedule.clear()
            self._plan()
            self.schedule.restart()

    async def stop(self) -> None:
        """Let the passes end at their next page, cancel those that take too long, and give leases
        back. A cancelled pass may have an open call: its lease is left to expire.
        """
        c = self._components
        c.job_host.stopping = True
        self.schedule.pause()
        c.runner.stop()
        abandoned = await c.runner.drain(c.settings.daemon.stop_timeout * DRAIN_SHARE)
        if abandoned:
            log.warning("passes.abandoned", resources=sorted(abandoned))
        with suppress(Interrupted, MirrorError, TimeoutError):
            async with asyncio.timeout(RELEASE_S):
                await c.ownership.release(abandoned)
                await c.rate_sharing.end()
                await c.announcement.end()
        self.schedule.shut_down()

    def find_stuck(self, patience: float) -> str | None:
        """What has made no progress for `patience` seconds; None if nothing is stuck."""
        c = self._components
        call_s = c.settings.api.timeout_s
        return find_stuck(c.database, c.runner.running, patience=patience, call_s=call_s)

    def health(self, base: Health) -> Health:
        """`base` completed with what is known of ClickFunnels and of the mirror."""
        c = self._components
        health = replace(
            base,
            token_ok=c.api_access.token_ok,
            refusal=c.api_access.refusal,
            rate=c.api_access.api.budget.rate.state(),
            waits={
                "rate_limit": c.api_access.api.budget.pause_left,
                "outage": max(0.0, c.runner.rest_left("server")),
            },
            leases=len(c.ownership.owned),
            backup_problem=self.maintenance.backups.problem,
        )
        return c.observer.health(health, c.runner, c.job_host.paused)

    def start_pass(self, name: str, resource: str) -> str:
        """Start a pass of a resource now, by their names, also where it has failed and would be
        tried again later. Returns why it can't be started; '' where it runs.
        """
        runner = self._components.runner
        job = runner.jobs.get((name, resource))
        if job is None:
            return f"it is off (resources.{resource}.enabled)"
        if job.trouble is not None and job.trouble.kind not in ("token", "limit"):
            job.resting_until = 0.0
        job.asked = True
        runner.start(job, rerun=True)
        job.asked &= job.task is not None
        return "" if job.task is not None else self._components.job_host.why_not(job)

    def progress(self) -> Sequence[WalkState]:
        """How far the running walks have come."""
        return self._components.job_host.walks.states

    def status(self) -> str:
        """One line for a person."""
        c = self._components
        if c.database.problem:
            return f"waits for the database: {c.database.problem}"
        if not c.api_access.connected.is_set():
            return c.api_access.status
        pause = c.api_access.api.budget.pause_left
        waits = f"no requests for {pause:.0f} s: ClickFunnels asks to wait (429)"
        parts = [waits] if pause >= 1.0 else []
        parts += [
            f"filling {walk.resource}: {walk.fraction or 0:.0%}" for walk in c.job_host.walks.states
        ]
        troubled = [f"{job}: {job.trouble.kind}" for job in c.runner.jobs.values() if job.trouble]
        parts += [f"in trouble: {', '.join(troubled)}"] if troubled else []
        paused = c.job_host.paused
        parts += [f"paused: {pauses.in_words(paused)}"] if paused else []
        return "; ".join(parts) or "in step"


def _start(group: asyncio.TaskGroup, tasks: Iterable[PeriodicTask]) -> None:
    for task in tasks:
        group.create_task(repeat(task))
