"""The observer: reads now and then how the mirror is, on a connection of its own, and answers from
memory in between.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from cfsync.config import Settings
from cfsync.daemon.jobs.runner import Runner
from cfsync.mirror.bookkeeping.latency import Counts
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.lists import event_coverage, listings
from cfsync.mirror.migrate import REVISIONS
from cfsync.mirror.reports import freshness, status
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.incoming.pace import interval
from cfsync.values import seconds
from cfsync.web.health import ResourceVitals, Vitals, may_be_late

LOOK_S = 10.0
ROWS_S = 60.0
"""Seconds between two looks; rows are counted less often, and only where a pass changed some."""


@dataclass(frozen=True, slots=True)
class Age:
    """A resource's lag in seconds, and after how much of it some list is late."""

    lag_s: float | None = None
    slack_s: float = 0.0


@dataclass(frozen=True)
class Seen:
    """What was read at `at` (monotonic)."""

    at: float
    ages: Mapping[str, Age]
    edits: Mapping[str, int]
    oldest_edit_s: float
    conflicts: int
    held: int
    found: Mapping[str, Mapping[str, Counts]]


@dataclass
class Observer:
    """`workspaces`: those that are kept, as far as they are known. `changed`: resources whose rows
    are to be counted again.
    """

    settings: Settings
    books: Mirror
    workspaces: Collection[int] = ()
    changed: set[str] = field(default_factory=lambda: set(RESOURCES))
    _seen: Seen | None = None
    _rows: dict[str, int] = field(default_factory=dict)
    _counted_at: dict[str, float] = field(default_factory=dict)

    async def look(self) -> None:
        now = time.monotonic()
        self._seen = await self.books.read(_see, self.settings, self.workspaces, now)
        for name in list(self.changed):
            if now - self._counted_at.get(name, -ROWS_S) >= ROWS_S:
                self.changed.discard(name)
                self._rows[name] = await self.books.read(freshness.row_count, name)
                self._counted_at[name] = now

    @property
    def edits(self) -> Mapping[str, int]:
        """Open edits by state, when they were counted last."""
        return self._seen.edits if self._seen else {}

    def vitals(self, now: Vitals, runner: Runner, paused: Collection[str]) -> Vitals:
        """`now` with all that is known of the mirror; its ages grow from look to look."""
        seen = self._seen
        if seen is None:
            return now
        later = time.monotonic() - seen.at
        return replace(
            now,
            schema=REVISIONS[-1],
            resources={
                name: self._resource(name, seen, later, runner, name in paused)
                for name, settings in self.settings.resources.items()
                if settings.enabled
            },
            edits=seen.edits,
            oldest_edit_s=seen.oldest_edit_s + later if seen.oldest_edit_s else 0.0,
            conflicts=seen.conflicts,
            deletions_held=seen.held,
        )

    def _resource(
        self, name: str, seen: Seen, later: float, runner: Runner, paused: bool
    ) -> ResourceVitals:
        age = seen.ages[name]
        mine = [job for job in runner.jobs.values() if job.resource == name]
        troubled = [job.trouble for job in mine if job.trouble is not None]
        since = min((t.at for t in troubled), default=time.time())
        patience = may_be_late(self.settings.resource(name).pull_every)
        unfinished = age.lag_s is None and time.time() - since > patience
        return ResourceVitals(
            rows=self._rows.get(name),
            lag_s=None if age.lag_s is None else age.lag_s + later,
            late=unfinished or (age.lag_s is not None and later > age.slack_s),
            paused=paused,
            trouble=troubled[0].kind if troubled else None,
            succeeded={j.name: j.succeeded_at for j in mine if j.succeeded_at is not None},
            drift=sum(job.drift for job in mine),
            found=seen.found.get(name, {}),
        )


def _see(tx: Tx, settings: Settings, workspaces: Collection[int], at: float) -> Seen:
    pushed = [name for name, resource in settings.resources.items() if resource.push]
    edits: dict[str, int] = {}
    for states in status.open_edits(tx).values():
        for state, n in states.items():
            edits[state] = edits.get(state, 0) + n
    return Seen(
        at=at,
        ages={n: _age(tx, r, settings, workspaces) for n, r in RESOURCES.items()},
        edits=edits,
        oldest_edit_s=freshness.oldest_edit(tx, pushed),
        conflicts=status.sum_of(status.open_conflicts(tx)),
        held=status.sum_of(status.deletions(tx, "held")),
        found=status.found(tx),
    )


def _age(tx: Tx, resource: Resource, settings: Settings, workspaces: Collection[int]) -> Age:
    """The oldest list counts, since all are pulled; of lists below other records only some are
    pulled each time, so the newest speaks for them.
    """
    mine = settings.resource(resource.name)
    if resource.nested:
        newest = freshness.newest_pull_below(tx, resource, workspaces)
        return Age() if newest is None else _aged([(newest, mine.pull_every)], tx.now)
    places = listings.places(tx, resource)
    told = event_coverage.trusted(tx, resource) if settings.events.stretch_pulls else set()
    lists = listings.all_lists(tx, resource, workspaces)
    found = [p for li in lists if (p := places.get(li.parent_id)) and p.began_at]
    return _aged([(p.began_at or "", interval(p, mine, tx.now, told)) for p in found], tx.now)


def _aged(pulls: list[tuple[str, float]], now: str) -> Age:
    """From (when a list's last pull began, its interval) of each list."""
    if not pulls:
        return Age()
    ages = [(max(0.0, seconds(began, now)), every) for began, every in pulls]
    return Age(max(age for age, _ in ages), min(may_be_late(every) - age for age, every in ages))
