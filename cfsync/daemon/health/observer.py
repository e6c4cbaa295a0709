"""The health observer: reads the state of the mirror every few seconds, on a connection apart from
that of the passes, and answers from memory in between.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cfsync.config import Settings
from cfsync.daemon.jobs.runner import Runner
from cfsync.mirror.bookkeeping.latency import Counts
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.lists import event_coverage, listings
from cfsync.mirror.migrate import REVISIONS
from cfsync.mirror.reports import freshness, status
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.incoming.pace import interval
from cfsync.values import seconds, time_text
from cfsync.web.health import Health, ResourceHealth, late_after

REFRESH_S = 10.0
"""Seconds between two reads of the mirror's state."""

COUNT_S = 60.0
"""Seconds between two counts of a table's rows; only tables that a pass changed are counted."""


@dataclass(frozen=True, slots=True)
class PullAge:
    """How long ago a resource was pulled, and how soon one of its lists is late. Seconds."""

    lag_s: float | None = None
    slack_s: float = 0.0


@dataclass(frozen=True)
class MirrorState:
    """What was read of the mirror at `at` (monotonic seconds)."""

    at: float
    pull_ages: Mapping[str, PullAge]
    edits: Mapping[str, int]
    oldest_edit_s: float
    conflicts: int
    deletions_held: int
    found: Mapping[str, Mapping[str, Counts]]


@dataclass
class HealthObserver:
    """Knows how up to date the mirror is."""

    settings: Settings
    mirror: Mirror
    #: The mirrored workspaces, as far as they are known.
    workspaces: Collection[int] = ()
    #: Resources whose rows are to be counted again.
    to_count: set[str] = field(default_factory=lambda: set(RESOURCES))
    _state: MirrorState | None = None
    _rows: dict[str, int] = field(default_factory=dict)
    _counted_at: dict[str, float] = field(default_factory=dict)

    async def refresh(self) -> None:
        """Read the mirror's state."""
        now = time.monotonic()
        self._state = await self.mirror.read(read_state, self.settings, self.workspaces, now)
        for name in list(self.to_count):
            if now - self._counted_at.get(name, -COUNT_S) >= COUNT_S:
                self.to_count.discard(name)
                self._rows[name] = await self.mirror.read(freshness.row_count, name)
                self._counted_at[name] = now

    @property
    def edits(self) -> Mapping[str, int]:
        """Open edits by state, as last counted."""
        return self._state.edits if self._state else {}

    def health(self, base: Health, runner: Runner, paused: Collection[str]) -> Health:
        """`base` completed with the mirror's state, in which ages have grown since it was read."""
        state = self._state
        if state is None:
            return base
        since_read = time.monotonic() - state.at
        return replace(
            base,
            schema=REVISIONS[-1],
            resources={
                name: self._resource(name, state, since_read, runner, name in paused)
                for name, settings in self.settings.resources.items()
                if settings.enabled
            },
            edits=state.edits,
            oldest_edit_s=state.oldest_edit_s + since_read if state.oldest_edit_s else 0.0,
            conflicts=state.conflicts,
            deletions_held=state.deletions_held,
        )

    def _resource(
        self, name: str, state: MirrorState, since_read: float, runner: Runner, paused: bool
    ) -> ResourceHealth:
        age = state.pull_ages[name]
        mine = [job for job in runner.jobs.values() if job.resource == name]
        troubled = [job.trouble for job in mine if job.trouble is not None]
        now = time_text(datetime.now(UTC))
        since = min((trouble.since for trouble in troubled), default=now)
        patience = late_after(self.settings.resource(name).pull_every)
        unfinished = age.lag_s is None and seconds(since, now) > patience
        return ResourceHealth(
            rows=self._rows.get(name),
            lag_s=None if age.lag_s is None else age.lag_s + since_read,
            late=unfinished or (age.lag_s is not None and since_read > age.slack_s),
            paused=paused,
            trouble=troubled[0].kind if troubled else None,
            succeeded={j.name: j.succeeded_at for j in mine if j.succeeded_at is not None},
            drift=sum(job.drift for job in mine),
            found=state.found.get(name, {}),
        )


def read_state(tx: Tx, settings: Settings, workspaces: Collection[int], at: float) -> MirrorState:
    pushed = [name for name, resource in settings.resources.items() if resource.push]
    edits: dict[str, int] = {}
    for states in status.open_edits(tx).values():
        for state, n in states.items():
            edits[state] = edits.get(state, 0) + n
    return MirrorState(
        at=at,
        pull_ages={n: _age(tx, r, settings, workspaces) for n, r in RESOURCES.items()},
        edits=edits,
        oldest_edit_s=freshness.oldest_edit(tx, pushed),
        conflicts=status.sum_of(status.open_conflicts(tx)),
        deletions_held=status.sum_of(status.deletions(tx, "held")),
        found=status.found(tx),
    )


def _age(tx: Tx, resource: Resource, settings: Settings, workspaces: Collection[int]) -> PullAge:
    """The oldest list counts, since all are pulled; of lists below other records only some are
    pulled each time, so the newest speaks for them.
    """
    mine = settings.resource(resource.name)
    if resource.nested:
        newest = freshness.newest_pull_below(tx, resource, workspaces)
        return PullAge() if newest is None else _aged([(newest, mine.pull_every)], tx.now)
    places = listings.places(tx, resource)
    told = event_coverage.trusted(tx, resource) if settings.events.stretch_pulls else set()
    lists = listings.all_lists(tx, resource, workspaces)
    found = [p for li in lists if (p := places.get(li.parent_id)) and p.began_at]
    return _aged([(p.began_at or "", interval(p, mine, tx.now, told)) for p in found], tx.now)


def _aged(pulls: list[tuple[str, float]], now: str) -> PullAge:
    """From (when a list's last pull began, its interval) of each list."""
    if not pulls:
        return PullAge()
    ages = [(max(0.0, seconds(began, now)), every) for began, every in pulls]
    return PullAge(max(age for age, _ in ages), min(late_after(every) - age for age, every in ages))
