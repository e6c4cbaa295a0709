"""The health observer: reads the mirror's state every few seconds, on a connection apart from that
of the passes, and answers from memory in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from cfsync.config import Settings
from cfsync.daemon.jobs.runner import Runner
from cfsync.errors import UsageError
from cfsync.mirror import backups, wal
from cfsync.mirror.bookkeeping.tombstones import TombstoneState
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Busy
from cfsync.mirror.migrate import REVISIONS
from cfsync.mirror.progress.latency import Counts
from cfsync.mirror.reports import freshness, status
from cfsync.mirror.wal import Wal
from cfsync.sync import health_rule
from cfsync.sync.health_facts import HealthFacts, read_facts
from cfsync.times import later
from cfsync.web.daemon_health import Health, ResourceHealth

REFRESH_S = 10.0
"""Seconds between two reads of the mirror's state."""

COUNT_S = 60.0
"""Seconds between two counts of a table's rows; only tables that a pass changed are counted."""


@dataclass(frozen=True)
class MirrorState:
    """What was read of the mirror."""

    #: When it was read, in monotonic seconds.
    at: float
    facts: HealthFacts
    #: Open edits, by state.
    edits: Mapping[str, int]
    #: Age in seconds of the first edit that is still to be sent; 0: there is none.
    oldest_edit_s: float
    #: Open conflicts.
    conflicts: int
    deletions_held: int
    #: Age in seconds of what has waited longest for a person; 0: nothing waits.
    oldest_waiting_s: float
    #: Resource -> lane -> changes that it brought first, by the class of their delay.
    found: Mapping[str, Mapping[str, Counts]]


@dataclass
class HealthObserver:
    """Knows how up to date the mirror is."""

    settings: Settings
    mirror: Mirror
    #: The mirrored workspaces, as far as they are known.
    workspaces: Collection[int] = ()
    #: Resources whose rows are to be counted again.
    to_count: set[str] = field(init=False)
    _state: MirrorState | None = None
    _wal: Wal = field(default_factory=Wal)
    _backup_at: datetime | None = None
    _rows: dict[str, int] = field(default_factory=dict)
    _counted_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.to_count = self.settings.wanted

    async def refresh(self) -> None:
        """Read the mirror's state."""
        now = time.monotonic()
        self._state = await self.mirror.read(read_state, self.settings, self.workspaces, now)
        self._wal = await self.mirror.read(wal.read, self.mirror.place)
        if folder := self.settings.backup.dir:
            url = self.settings.database.url
            with suppress(UsageError):  # the job that makes them reports it
                self._backup_at = await asyncio.to_thread(backups.newest, url, folder)
        for name in list(self.to_count):
            if now - self._counted_at.get(name, -COUNT_S) >= COUNT_S:
                await self._count(name)
                self._counted_at[name] = now

    async def _count(self, name: str) -> None:
        """Count a table's rows. One that another program locks keeps its figure till later."""
        with suppress(Busy):
            self._rows[name] = await self.mirror.read(freshness.row_count, name)
            self.to_count.discard(name)

    @property
    def edits(self) -> Mapping[str, int]:
        """Open edits by state, as last counted."""
        return self._state.edits if self._state else {}

    def health(self, base: Health, runner: Runner, paused: Collection[str]) -> Health:
        """`base` completed with the mirror's state, in which ages have grown since it was read."""
        state = self._state
        if state is None:
            return base
        elapsed_s = time.monotonic() - state.at
        return replace(
            base,
            schema=REVISIONS[-1],
            resources={
                name: self._resource(name, state, elapsed_s, runner, name in paused)
                for name, settings in self.settings.resources.items()
                if settings.enabled
            },
            failed_passes=state.facts.failed_passes,
            capture_problem=state.facts.capture_problem,
            captures_restored=state.facts.captures_restored,
            edits=state.edits,
            oldest_edit_s=state.oldest_edit_s + elapsed_s if state.oldest_edit_s else 0.0,
            conflicts=state.conflicts,
            deletions_held=state.deletions_held,
            oldest_waiting_s=state.oldest_waiting_s + elapsed_s if state.oldest_waiting_s else 0.0,
            wal=self._wal.after(elapsed_s),
            backup_age_s=_age(self._backup_at),
        )

    def _resource(
        self, name: str, state: MirrorState, elapsed_s: float, runner: Runner, paused: bool
    ) -> ResourceHealth:
        jobs = [job for job in runner.jobs.values() if job.resource == name]
        found = health_rule.freshness(
            state.facts.pull_ages[name].after(elapsed_s),
            self.settings.resource(name).pull_every,
            [job.trouble for job in jobs if job.trouble is not None],
            later(state.facts.now, elapsed_s),
            paused=paused,
        )
        return ResourceHealth(
            **asdict(found),
            rows=self._rows.get(name),
            succeeded={j.name: j.succeeded_at for j in jobs if j.succeeded_at is not None},
            drift=sum(job.drift for job in jobs),
            found=state.found.get(name, {}),
        )


def _age(at: datetime | None) -> float | None:
    return None if at is None else max(0.0, (datetime.now(UTC) - at).total_seconds())


def read_state(tx: Tx, settings: Settings, workspaces: Collection[int], at: float) -> MirrorState:
    """The state of the mirror; `at`: now, in monotonic seconds."""
    pushed = [name for name, resource in settings.resources.items() if resource.push]
    ages = freshness.oldest_edit_ages(tx)
    edits: dict[str, int] = {}
    for by_state in status.open_edits(tx).values():
        for state, n in by_state.items():
            edits[state] = edits.get(state, 0) + n
    return MirrorState(
        at=at,
        facts=read_facts(tx, settings, workspaces),
        edits=edits,
        oldest_edit_s=max((ages[name] for name in pushed if name in ages), default=0.0),
        conflicts=status.total(status.open_conflicts(tx)),
        deletions_held=status.total(status.deletions(tx, TombstoneState.HELD)),
        oldest_waiting_s=freshness.oldest_waiting_age(tx),
        found=status.found_by_lane(tx),
    )
