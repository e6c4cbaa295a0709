"""The schedule: when something is to be looked at. A tick starts a pass and returns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

JITTER = 0.1
"""Share of an interval by which each tick may come earlier or later."""


async def _tick(do: Callable[[], None]) -> None:
    """A coroutine, because the scheduler runs other functions in a thread."""
    do()


class Schedule:
    """Every late tick is made up for, once. The scheduler goes by the wall clock: where that is
    changed, `set_right` lets all intervals begin anew.
    """

    def __init__(self) -> None:
        self._ticks: list[tuple[float, Callable[[], None]]] = []
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def every(self, seconds: float, do: Callable[[], None]) -> None:
        self._ticks.append((seconds, do))

    def start(self) -> None:
        self._scheduler.start(paused=True)
        self.set_right()
        self._scheduler.resume()

    def set_right(self) -> None:
        if not self._scheduler.running:
            return
        self._scheduler.remove_all_jobs()
        for seconds, do in self._ticks:
            self._scheduler.add_job(_tick, self._trigger(seconds), [do])

    def pause(self) -> None:
        if self._scheduler.running:
            self._scheduler.pause()

    def end(self) -> None:
        """Without waiting, which would cancel what runs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _trigger(self, seconds: float) -> IntervalTrigger:
        first = datetime.now(UTC) + timedelta(seconds=seconds)
        return IntervalTrigger(seconds=seconds, start_date=first, jitter=seconds * JITTER)
