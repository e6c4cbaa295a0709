"""The runner: starts jobs as tasks and handles how they end.

A job is one pass of one resource (`pull contacts`), run again and again. A job that fails is left
alone for a while, longer after each failure, and delays no other job. It keeps the trouble that
stops it; the daemon saves that in the mirror for `cfsync status`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

import structlog

from cfsync.daemon.jobs import backoff
from cfsync.daemon.jobs.pass_monitor import MonitoredContext, PassMonitor
from cfsync.errors import Interrupted, Later, TokenRefused
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.mirror.progress.runs import PassName, RunState
from cfsync.sync.report import Report
from cfsync.sync.trouble import Kind, kind_of, text_of, trouble_of
from cfsync.times import time_text

log = structlog.get_logger()

_COMMON = ("token", "limit", "server", "database")
"""Kinds of trouble with a common cause: when one job is over it, all are tried again."""

RunPass = Callable[[MonitoredContext], Awaitable[Report | None]]
"""Runs one pass. Returns its report; None if there was nothing to do."""


@dataclass
class Job:
    """One pass of one resource."""

    name: PassName
    resource: str
    run_pass: RunPass
    #: Set: the running pass ends at its next page.
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    #: The running pass; None while it does not run.
    task: asyncio.Task[None] | None = None
    monitor: PassMonitor | None = None
    #: Requested while it ran: run it once more afterwards.
    rerun: bool = False
    #: Asked for by a person: the next run does its work even if it isn't due.
    asked: bool = False
    #: Failures in a row.
    failures: int = 0
    #: Why it fails; None after a success.
    trouble: Trouble | None = None
    #: Not started before this time, by the monotonic clock.
    resting_until: float = 0.0
    #: Unix time; None: not since the daemon started.
    succeeded_at: float | None = None
    #: Rows that its last sweep found changed past the triggers.
    drift: int = 0

    def __str__(self) -> str:
        return f"{self.name} {self.resource}"


class Host(Protocol):
    """What the runner needs from the daemon."""

    def may_run(self, job: Job) -> bool:
        """Whether the job may be started now."""

    def context_for(self, job: Job) -> MonitoredContext:
        """The context for the job's next pass."""

    def pass_ended(self, job: Job, report: Report | None, error: Exception | None) -> None:
        """Called after each pass, when the job's state is up to date."""


class Runner:
    """Starts jobs as tasks in `group`, which must be set before the first start."""

    group: asyncio.TaskGroup

    def __init__(self, host: Host, jobs: Iterable[Job]) -> None:
        self.jobs: Mapping[tuple[str, str], Job] = {(j.name, j.resource): j for j in jobs}
        self._host = host
        self._pass_ids = count(1)

    def jobs_of(self, name: PassName) -> list[Job]:
        """The jobs of one pass, one for each resource."""
        return [job for job in self.jobs.values() if job.name == name]

    @property
    def running(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.task is not None]

    def is_busy(self, resource: str) -> bool:
        """Whether any pass of the resource is running."""
        return any(job.resource == resource for job in self.running)

    def can_start(self, job: Job) -> bool:
        """Whether the job could be started now."""
        rested = time.monotonic() >= job.resting_until
        return job.task is None and rested and self._host.may_run(job)

    def rest_left(self, kind: str) -> float:
        """Seconds until the last of the jobs with this kind of trouble is tried again."""
        jobs = [job for job in self.jobs.values() if job.trouble and job.trouble.kind == kind]
        return max((job.resting_until - time.monotonic() for job in jobs), default=0.0)

    def start(self, job: Job, *, rerun: bool = False) -> None:
        """Start the job if it may run now. `rerun`: if it is running already, run it once more
        afterwards.
        """
        if job.task is not None:
            job.rerun |= rerun
        elif self.can_start(job):
            job.stop, job.rerun = asyncio.Event(), False
            job.task = self.group.create_task(self._run(job))

    def stop(self, which: Callable[[Job], bool] = lambda _: True) -> None:
        """Let these running jobs end at their next page. Does not wait for them."""
        for job in self.running:
            if which(job):
                job.stop.set()

    def retry_now(self, kind: str) -> None:
        """Start the jobs with this kind of trouble at once: its cause is gone."""
        for job in self.jobs.values():
            if job.trouble is not None and job.trouble.kind == kind:
                job.resting_until = 0.0
                self.start(job)

    async def drain(self, seconds: float) -> set[str]:
        """Wait until all jobs have ended. Those still running after `seconds` are cancelled;
        returns their resources.
        """
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
            **{"pass": job.name}, resource=job.resource, pass_id=next(self._pass_ids)
        )
        report, error = None, None
        try:
            report = await job.run_pass(self._host.context_for(job))
        except Exception as raised:
            error = raised
        finally:
            job.task = None
        self._update_state(job, report, error)
        self._host.pass_ended(job, report, error)
        if job.rerun:
            self.start(job)

    def _update_state(self, job: Job, report: Report | None, error: Exception | None) -> None:
        failure = _failure(report, error)
        if failure is not None:
            self._back_off(job, *failure, retry_after=_retry_after(report, error))
        elif error is None:
            before, job.failures, job.trouble = job.trouble, 0, None
            if before is not None:
                log.info("pass.recovered", kind=before.kind, since=before.since)
            if report is not None and report.state == RunState.DONE:
                job.succeeded_at = time.time()
            if before is not None and before.kind in _COMMON:
                self.retry_now(before.kind)

    def _back_off(self, job: Job, kind: Kind, text: str, *, retry_after: float | None) -> None:
        job.failures += 1
        since = time_text(datetime.now(UTC))
        if job.trouble is not None and job.trouble.kind == kind:
            since = job.trouble.since
        job.trouble = Trouble(job.name, job.resource, kind, text, since)
        jitter = random.random()  # noqa: S311
        seconds = backoff.delay(kind, job.failures, jitter=jitter, retry_after=retry_after)
        job.resting_until = time.monotonic() + seconds
        asyncio.get_running_loop().call_later(seconds + 0.001, self.start, job)


def _failure(report: Report | None, error: Exception | None) -> tuple[Kind, str] | None:
    """Kind and text of what went wrong; None if nothing did, or the pass was only interrupted."""
    if isinstance(error, Interrupted):
        return None
    if error is not None:
        return kind_of(error), text_of(error)
    return None if report is None else trouble_of(report)


def _retry_after(report: Report | None, error: Exception | None) -> float | None:
    """The seconds that the server asked to wait; None if it named none."""
    cause = error or (report.cause if report else None)
    return cause.retry_after if isinstance(cause, Later) else None


def is_token_refused(report: Report | None, error: Exception | None) -> bool:
    """Whether a pass ended because ClickFunnels refused the token."""
    return isinstance(error or (report.cause if report else None), TokenRefused)
