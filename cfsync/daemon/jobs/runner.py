"""Jobs: one pass of one resource each, run again and again, as tasks of the daemon.

A job that fails is left alone for a while, longer each time, and holds up no other. It knows why it
does not run; the daemon writes that down for `cfsync status`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

import structlog

from cfsync.daemon.health.pass_monitor import Pulse, WatchedContext
from cfsync.daemon.jobs import backoff
from cfsync.errors import Interrupted, RateLimited, ServerError, TokenRefused
from cfsync.sync.report import Report

_SHARED = ("token", "limit", "server", "database")
"""Troubles that several jobs have together; when one of them is over it, all may be."""

Do = Callable[[WatchedContext], Awaitable[Report | None]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a job is left alone: a word and a line. `at`: Unix time of its beginning."""

    kind: backoff.Kind
    text: str
    at: float


@dataclass
class Job:
    """`do` runs the pass; None is its answer where there was nothing to do. `again`: asked for
    while it ran. `resting_until` by the monotonic clock; `succeeded_at` Unix time.
    """

    name: str
    resource: str
    do: Do
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    pulse: Pulse | None = None
    again: bool = False
    failures: int = 0
    trouble: Trouble | None = None
    resting_until: float = 0.0
    succeeded_at: float | None = None
    drift: int = 0

    def __str__(self) -> str:
        return f"{self.name} {self.resource}"


class Host(Protocol):
    """What the runner asks of the daemon that it works for."""

    def may_run(self, job: Job) -> bool: ...

    def context_for(self, job: Job) -> WatchedContext: ...

    def ended(self, job: Job, report: Report | None, error: Exception | None) -> None: ...


class Runner:
    """Starts jobs in `group`, once there is one, and sees to what becomes of them."""

    group: asyncio.TaskGroup

    def __init__(self, host: Host, jobs: Iterable[Job]) -> None:
        self.jobs: Mapping[tuple[str, str], Job] = {(j.name, j.resource): j for j in jobs}
        self._host = host
        self._ids = count(1)

    def of(self, name: str) -> list[Job]:
        return [job for job in self.jobs.values() if job.name == name]

    @property
    def running(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.task is not None]

    def is_busy(self, resource: str) -> bool:
        return any(job.resource == resource for job in self.running)

    def is_free(self, job: Job) -> bool:
        """Whether it could be started now."""
        rested = time.monotonic() >= job.resting_until
        return job.task is None and rested and self._host.may_run(job)

    def start(self, job: Job, *, again: bool = False) -> None:
        """Start it, if it may run now. `again`: if it runs already, run it once more afterwards."""
        if job.task is not None:
            job.again |= again
        elif self.is_free(job):
            job.stop, job.again = asyncio.Event(), False
            job.task = self.group.create_task(self._run(job))

    def stop(self, which: Callable[[Job], bool] = lambda _: True) -> None:
        """End these at their next page."""
        for job in self.running:
            if which(job):
                job.stop.set()

    def wake(self, kind: backoff.Kind) -> None:
        """What kept these jobs from running is over: they need not wait."""
        for job in self.jobs.values():
            if job.trouble is not None and job.trouble.kind == kind:
                job.resting_until = 0.0
                self.start(job)

    async def drain(self, seconds: float) -> set[str]:
        """Wait for all to end; cancel what has not after so long, and return its resources."""
        tasks = {job.task: job.resource for job in self.running if job.task is not None}
        if not tasks:
            return set()
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)
        return {tasks[task] for task in late}

    async def _run(self, job: Job) -> None:
        structlog.contextvars.bind_contextvars(
            **{"pass": job.name}, resource=job.resource, pass_id=next(self._ids)
        )
        report, error = None, None
        try:
            report = await job.do(self._host.context_for(job))
        except Exception as raised:
            error = raised
        finally:
            job.task = None
        self._judge(job, report, error)
        self._host.ended(job, report, error)
        if job.again:
            self.start(job)

    def _judge(self, job: Job, report: Report | None, error: Exception | None) -> None:
        wrong = _wrong(report, error)
        if wrong is not None:
            self._rest(job, *wrong, named=_named(report, error))
        elif error is None:
            before, job.failures, job.trouble = job.trouble, 0, None
            if report is not None and report.state == "done":
                job.succeeded_at = time.time()
            if before is not None and before.kind in _SHARED:
                self.wake(before.kind)

    def _rest(self, job: Job, kind: backoff.Kind, text: str, *, named: float | None) -> None:
        job.failures += 1
        if job.trouble is None or job.trouble.kind != kind:
            job.trouble = Trouble(kind, text, time.time())
        seconds = backoff.delay(kind, job.failures, jitter=random.random(), named=named)  # noqa: S311
        job.resting_until = time.monotonic() + seconds
        asyncio.get_running_loop().call_later(seconds + 0.001, self.start, job)


def _wrong(report: Report | None, error: Exception | None) -> tuple[backoff.Kind, str] | None:
    if error is not None:
        return None if isinstance(error, Interrupted) else _described(error)
    return None if report is None else backoff.trouble_of(report)


def _described(error: Exception) -> tuple[backoff.Kind, str]:
    return backoff.kind_of(error), backoff.text_of(error)


def _named(report: Report | None, error: Exception | None) -> float | None:
    """The seconds that the server asked to wait."""
    cause = error or (report.cause if report else None)
    return cause.retry_after if isinstance(cause, RateLimited | ServerError) else None


def doubts_token(report: Report | None, error: Exception | None) -> bool:
    return isinstance(error or (report.cause if report else None), TokenRefused)
