"""The daemon between its start and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

import structlog

from cfsync.daemon.assembly import Parts
from cfsync.daemon.chores import Duty, forever
from cfsync.daemon.duties import Duties
from cfsync.daemon.health.watchdog import stuck
from cfsync.daemon.jobs import polling
from cfsync.daemon.schedule import Schedule
from cfsync.errors import MirrorError
from cfsync.sync.context import task_group
from cfsync.web.health import Vitals

log = structlog.get_logger()

DRAIN = 0.8
"""The share of `daemon.stop_timeout` that passes have to end by themselves."""

GOODBYE_S = 1.0
"""Seconds in which leases are given back; where that fails they run out."""


class Daemon:
    def __init__(self, parts: Parts, end: Callable[[], None]) -> None:
        self.duties = Duties(parts, end)
        self.schedule = Schedule()
        self._parts = parts

    async def live(self, on_ready: Callable[[], None]) -> None:
        """Make contact, then go on until cancelled. Raises UsageError where the first contact shows
        that the settings are wrong.
        """
        parts = self._parts
        async with task_group() as group:
            parts.runner.group = group
            _begin(group, self.duties.before_contact())
            await parts.contact.make_first(self.duties.quiet)
            on_ready()
            polling.plan(self.schedule, parts.runner, parts.settings)
            parts.follower.plan(self.schedule, parts.runner)
            self.schedule.start()
            _begin(group, self.duties.after_contact())

    async def wind_down(self) -> None:
        """Let the passes end at their next page, abandon those that don't, give back what is held.
        What an abandoned pass may have under way keeps its lease until that runs out.
        """
        parts = self._parts
        parts.host.stopping = True
        self.schedule.pause()
        parts.runner.stop()
        abandoned = await parts.runner.drain(parts.settings.daemon.stop_timeout * DRAIN)
        if abandoned:
            log.warning("passes.abandoned", resources=sorted(abandoned))
        with suppress(MirrorError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await parts.rights.end(abandoned)
                await parts.sharing.end()
        self.schedule.end()

    def why_stuck(self, patience: float) -> str | None:
        parts = self._parts
        call_s = parts.settings.api.timeout_s
        return stuck(parts.sql, parts.runner.running, patience=patience, call_s=call_s)

    def vitals(self, now: Vitals) -> Vitals:
        parts = self._parts
        now = replace(
            now,
            token_ok=parts.contact.token_ok,
            rate=parts.contact.api.budget.rate.state(),
            leases=len(parts.rights.names),
        )
        return parts.observer.vitals(now, parts.runner, parts.host.paused)

    def status(self) -> str:
        """One line for a person."""
        parts = self._parts
        if parts.sql.database:
            return f"waits for the database: {parts.sql.database}"
        if not parts.contact.made.is_set():
            return parts.contact.why
        told = [f"filling {name}: {f:.0%}" for name, f in parts.host.filling.fractions.items()]
        troubled = [
            f"{job}: {job.trouble.kind}" for job in parts.runner.jobs.values() if job.trouble
        ]
        told += [f"in trouble: {', '.join(troubled)}"] if troubled else []
        told += [f"paused: {', '.join(parts.host.paused)}"] if parts.host.paused else []
        return "; ".join(told) or "in step"


def _begin(group: asyncio.TaskGroup, duties: Iterable[Duty]) -> None:
    for duty in duties:
        group.create_task(forever(duty))
