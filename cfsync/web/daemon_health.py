"""The health of a running daemon: is it alive, is it ready, is its mirror fresh. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cfsync.mirror.progress.latency import Counts
from cfsync.mirror.wal import Wal
from cfsync.sync import health_rule as rule
from cfsync.sync.health_rule import Freshness

SQL_PATIENCE_S = 150.0
"""Seconds without an answer after which the SQL thread is stuck: a transaction on SQLite may wait
for other writers four times, 30 s each.
"""


@dataclass(frozen=True, slots=True)
class ResourceHealth(Freshness):
    """One resource: its freshness, and more for the metrics."""

    #: Rows of its table; None before they were counted.
    rows: int | None = None
    #: Pass -> when it last succeeded, Unix time.
    succeeded: Mapping[str, float] = field(default_factory=dict)
    #: Rows that the last sweep found changed past the triggers.
    drift: int = 0
    #: Lane -> changes that it brought first, by the class of their delay.
    found: Mapping[str, Counts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """The whole daemon."""

    #: Seconds since the SQL thread last answered.
    sql_silence_s: float = 0.0
    #: Why the database can't be used; '' if it can.
    database_problem: str = "not opened yet"
    #: The schema's revision; None before it was read.
    schema: str | None = None
    #: False: ClickFunnels, or a gateway, refuses the token.
    token_ok: bool = True
    #: Why it can't be used, in a line.
    refusal: str = ""
    resources: Mapping[str, ResourceHealth] = field(default_factory=dict)
    #: Passes started by a command that failed, and after which nothing was pulled.
    failed_passes: Sequence[str] = ()
    #: What is missing of the triggers, in a line; '' where nothing is.
    capture_problem: str = ""
    #: How often a pass has put back what was missing.
    captures_restored: int = 0
    #: Open rows of the outbox, by state.
    edits: Mapping[str, int] = field(default_factory=dict)
    #: Age in seconds of the first edit that is still to be sent; 0: there is none.
    oldest_edit_s: float = 0.0
    #: Open conflicts.
    conflicts: int = 0
    deletions_held: int = 0
    #: Age in seconds of what has waited longest for a person; 0: nothing waits.
    oldest_waiting_s: float = 0.0
    #: SQLite's log beside the file.
    wal: Wal = field(default_factory=Wal)
    #: Age in seconds of the newest backup; None: there is none, or `backup.dir` is not set.
    backup_age_s: float | None = None
    #: Why the last attempt of a backup failed; '' where none did.
    backup_problem: str = ""
    #: The learned rate limit, by kind.
    rate: Mapping[str, float] = field(default_factory=dict)
    #: Seconds until the end of the waits in progress, by reason: rate_limit (all requests wait),
    #: outage (the passes that a failing server stops).
    waits: Mapping[str, float] = field(default_factory=dict)
    #: Resources that this daemon works for.
    leases: int = 0


def liveness_problems(health: Health) -> list[str]:
    """Why the process should be restarted. (The event loop works, or this would not run.)"""
    silence = health.sql_silence_s
    return [f"the SQL thread is silent for {silence:.0f} s"] if silence > SQL_PATIENCE_S else []


def readiness_problems(health: Health) -> list[str]:
    """Why the daemon can do nothing at all; whether ClickFunnels works does not matter here."""
    reasons = [f"database: {health.database_problem}"] if health.database_problem else []
    return reasons + liveness_problems(health)


def freshness_problems(health: Health) -> list[str]:
    """Why the mirror may be out of date, by the same rule as `cfsync status --health`."""
    return readiness_problems(health) + rule.problems(
        health.resources,
        refusal=None if health.token_ok else health.refusal,
        failed_passes=health.failed_passes,
        capture_problem=health.capture_problem,
    )
