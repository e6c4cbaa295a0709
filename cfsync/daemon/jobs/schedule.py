"""The schedule: calls actions at fixed intervals. An action starts a pass as a task and returns."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

JITTER = 0.1
"""Share of an interval by which each call may come earlier or later."""


async def _call(action: Callable[[], None]) -> None:
    """A coroutine, because the scheduler runs plain functions in a thread."""
    action()


class _Every(BaseTrigger):  # type: ignore[misc]  # it has no types
    """An interval from now on. APScheduler's own goes through all calls that were missed, one by
    one: after a jump of the clock, or a long sleep of the machine, that would take minutes.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        share = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
        return now + timedelta(seconds=self._seconds * share)

    def latest_fire_time(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._seconds * (1 + JITTER))


class Schedule:
    """Actions with their intervals. Several missed calls are made up for by one.

    The scheduler goes by the wall clock, which can be set: see `follow_clock`.
    """

    def __init__(self) -> None:
        self._actions: list[tuple[float, Callable[[], None]]] = []
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def every(self, seconds: float, action: Callable[[], None]) -> None:
        """Call the action every so many seconds; add actions before `start` or `restart`."""
        self._actions.append((seconds, action))

    @property
    def is_running(self) -> bool:
        return bool(self._scheduler.running)

    def clear(self) -> None:
        """Forget all actions, so that others can be added before `restart`."""
        self._actions.clear()

    def start(self) -> None:
        self._scheduler.start(paused=True)
        self.restart()
        self._scheduler.resume()

    def restart(self) -> None:
        """Let all intervals begin now. Does nothing before `start`."""
        if not self._scheduler.running:
            return
        self._scheduler.remove_all_jobs()
        for seconds, action in self._actions:
            self._scheduler.add_job(_call, _Every(seconds), [action])

    async def follow_clock(self) -> None:
        """Let all intervals begin now if a call lies further ahead than its interval: the clock was
        set back. It may have been set forth just before, so nobody can tell by the clock itself.
        """
        now = datetime.now(UTC)
        jobs = self._scheduler.get_jobs()
        if any(job.next_run_time > job.trigger.latest_fire_time(now) for job in jobs):
            self.restart()

    def pause(self) -> None:
        """Make no more calls."""
        if self._scheduler.running:
            self._scheduler.pause()

    def shut_down(self) -> None:
        """End without waiting, which would cancel running tasks."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
