"""The host of the jobs: says which may run, gives each what it needs, and hears how it ended."""

from __future__ import annotations

import time
from collections.abc import Collection
from functools import partial

from cfsync.api import Priority
from cfsync.config import Settings
from cfsync.daemon.api_access import Contact
from cfsync.daemon.health.observer import Observer
from cfsync.daemon.health.pass_monitor import Pulse, WatchedContext
from cfsync.daemon.health.watchdog import SqlThread
from cfsync.daemon.jobs import polling
from cfsync.daemon.jobs.pass_log import Journal
from cfsync.daemon.jobs.runner import Job, Runner, doubts_token
from cfsync.daemon.ownership import Rights
from cfsync.daemon.startup import Sides
from cfsync.records import Listing
from cfsync.sync.report import Report
from cfsync.web.metrics import Metrics

_PRIORITIES = {
    "push": Priority.PUSH,
    "events": Priority.EVENTS,
    "pull": Priority.PULL,
    "sweep": Priority.SWEEP,
}


class Filling:
    """How far the first walks are: resource -> fraction, 0 to 1."""

    def __init__(self) -> None:
        self.fractions: dict[str, float] = {}

    def at(self, listing: Listing, *, records: int, fraction: float) -> None:  # noqa: ARG002
        self.fractions[listing.resource] = fraction

    def walked(self, listing: Listing, *, of: int) -> None:
        pass


class JobHost:
    """`paused`: resources that a person has paused. `stopping`: nothing is started any more."""

    runner: Runner
    observer: Observer

    def __init__(
        self,
        settings: Settings,
        sides: Sides,
        *,
        sql: SqlThread,
        contact: Contact,
        rights: Rights,
        journal: Journal,
        metrics: Metrics,
    ) -> None:
        self.paused: Collection[str] = ()
        self.stopping = False
        self.filling = Filling()
        self._settings = settings
        self._sides = sides
        self._sql = sql
        self._contact = contact
        self._rights = rights
        self._journal = journal
        self._metrics = metrics

    def may_run(self, job: Job) -> bool:
        able = not self.stopping and not self._sql.database and self._contact.made.is_set()
        return able and job.resource in self._rights.names and job.resource not in self.paused

    def context_for(self, job: Job) -> WatchedContext:
        job.pulse = pulse = Pulse(
            time.monotonic,
            guard=partial(self._rights.guard, job.resource),
            told=self._told,
            lease=self._rights.lease(job.resource),
        )
        api = self._contact.api.at(_PRIORITIES[job.name]).apart(stop=job.stop, watcher=pulse)
        return WatchedContext(
            api,
            self._sides.mirror.checked(pulse.writing),
            self._settings,
            job.stop,
            self.filling,
            self._sides.started_at,
            opened=True,
            resource=job.resource,
            pulse=pulse,
        )

    def ended(self, job: Job, report: Report | None, error: Exception | None) -> None:
        self.filling.fractions.pop(job.resource, None)
        self._journal.ended(job, report, error)
        if doubts_token(report, error):
            self._contact.doubt()
        if report is None:
            if job.trouble is not None:
                self._metrics.pass_broke(job.name, job.resource)
            return
        self._metrics.pass_ended(job.name, job.resource, report.state, report.seconds)
        self.observer.changed |= report.counts.keys()
        if job.name == "sweep":
            job.drift = report.total("drift")
        polling.follow_up(self.runner, job, report)

    def _told(self, priority: int, status: int, seconds: float) -> None:
        self._metrics.request(Priority(priority).name.lower(), status, seconds)
