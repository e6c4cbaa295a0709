"""The jobs' host: decides which jobs may run, gives each its context, and handles how they end."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

from cfsync.api import Priority
from cfsync.config import Settings
from cfsync.daemon.api_access import ApiAccess
from cfsync.daemon.health.database_probe import DatabaseProbe
from cfsync.daemon.health.observer import HealthObserver
from cfsync.daemon.jobs import polling
from cfsync.daemon.jobs.pass_log import PassLog
from cfsync.daemon.jobs.pass_monitor import MonitoredContext, PassMonitor
from cfsync.daemon.jobs.runner import Job, Runner, is_token_refused
from cfsync.daemon.ownership import Ownership
from cfsync.daemon.startup import Connections
from cfsync.mirror.progress.runs import PassName
from cfsync.sync.report import Report
from cfsync.sync.walk_progress import Walks
from cfsync.web.metrics import Metrics

_PRIORITIES = {
    PassName.PUSH: Priority.PUSH,
    PassName.EVENTS: Priority.EVENTS,
    PassName.PULL: Priority.PULL,
    PassName.SWEEP: Priority.SWEEP,
}


@dataclass(kw_only=True)
class JobHost:
    """The daemon as the runner sees it."""

    settings: Settings
    connections: Connections
    database: DatabaseProbe
    api_access: ApiAccess
    ownership: Ownership
    observer: HealthObserver
    pass_log: PassLog
    metrics: Metrics
    #: Resources that a person has paused.
    paused: Collection[str] = ()
    #: The daemon is stopping: no job may be started.
    stopping: bool = False
    walks: Walks = field(default_factory=lambda: Walks(time.monotonic))
    #: Set before the first job starts: it is created with this host.
    runner: Runner = field(init=False)

    def may_run(self, job: Job) -> bool:
        if self.stopping or self.database.problem or not self.api_access.connected.is_set():
            return False
        return job.resource in self.ownership.owned and job.resource not in self.paused

    def why_not(self, job: Job) -> str:
        """Why a job that isn't running may not run now, for a person."""
        if self.stopping:
            return "the daemon is stopping"
        if self.database.problem:
            return f"the database can't be used: {self.database.problem}"
        if not self.api_access.connected.is_set():
            return f"the daemon {self.api_access.status or 'checks its token'}"
        if job.resource not in self.ownership.owned:
            return "another daemon has it"
        if job.resource in self.paused:
            return "it was resumed just now, and is pulled at once: press again in a moment"
        rest_s = max(0.0, job.resting_until - time.monotonic())
        return f"it begins in {rest_s:.0f} s{f': {job.trouble.text}' if job.trouble else ''}"

    def context_for(self, job: Job) -> MonitoredContext:
        job.monitor = monitor = PassMonitor(
            time.monotonic,
            check_owner=partial(self.ownership.check, job.resource),
            on_answer=self._count_request,
            lease=self.ownership.lease(job.resource),
        )
        asked, job.asked = job.asked, False
        api = self.api_access.api.with_priority(_PRIORITIES[job.name])
        api = api.for_pass(stop=job.stop, watcher=monitor)
        return MonitoredContext(
            api,
            self.connections.mirror.checked(monitor.writing),
            self.settings,
            job.stop,
            self.walks.begin(job.name, job.resource),
            self.connections.started_at,
            opened=True,
            resource=job.resource,
            asked=asked,
            monitor=monitor,
        )

    def pass_ended(self, job: Job, report: Report | None, error: Exception | None) -> None:
        self.walks.end(job.name, job.resource)
        self.pass_log.pass_ended(job, report, error)
        if is_token_refused(report, error):
            self.api_access.suspect()
        if report is None:
            if job.trouble is not None:
                self.metrics.pass_crashed(job.name, job.resource)
            return
        self.metrics.pass_ended(job.name, job.resource, report.state, report.seconds)
        self.observer.to_count |= report.counts.keys()
        if report.name == PassName.SWEEP:
            job.drift = report.total("drift")
        polling.pull_children(self.runner, job, report)

    def _count_request(self, priority: int, status: int, seconds: float) -> None:
        self.metrics.request(Priority(priority).name.lower(), status, seconds)
