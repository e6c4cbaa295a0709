"""What is known of a running daemon, and what follows from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cfsync.mirror.bookkeeping.latency import Counts

SQL_PATIENCE_S = 150.0
"""Seconds after which a thread that does not answer is stuck: a transaction on SQLite may wait for
others four times 30 s.
"""

GRACE_S = 60.0
"""Seconds that a list may be late, beyond three of its intervals."""


@dataclass(frozen=True, slots=True)
class ResourceVitals:
    """One resource. `lag_s`: seconds since the pull up to which every change is in, None before the
    first; `late`: some list of it is later than it may be. `trouble`: why a pass of it does not
    run, in a word. `succeeded`: pass -> when it last ended well, Unix time. `drift`: rows that the
    last sweep found changed past the triggers. `found`: lane -> news, by the class of its delay.
    """

    rows: int | None = None
    lag_s: float | None = None
    late: bool = False
    paused: bool = False
    trouble: str | None = None
    succeeded: Mapping[str, float] = field(default_factory=dict)
    drift: int = 0
    found: Mapping[str, Counts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vitals:
    """The whole daemon. `sql_silence_s`: seconds since the SQL thread answered. `database`: why it
    can't be used, '' if it can. `schema`: its revision, None before it was looked at. `edits`: open
    rows of the outbox by state, `oldest_edit_s` the age of the first that waits to be sent. `rate`:
    the learned limit, by kind.
    """

    sql_silence_s: float = 0.0
    database: str = "not opened yet"
    schema: str | None = None
    token_ok: bool = True
    resources: Mapping[str, ResourceVitals] = field(default_factory=dict)
    edits: Mapping[str, int] = field(default_factory=dict)
    oldest_edit_s: float = 0.0
    conflicts: int = 0
    deletions_held: int = 0
    rate: Mapping[str, float] = field(default_factory=dict)
    leases: int = 0


def may_be_late(interval_s: float) -> float:
    """The lag in seconds from which on a list that is pulled at this interval is late."""
    return 3 * interval_s + GRACE_S


def not_alive(vitals: Vitals) -> list[str]:
    """Why the process should be restarted; that the loop turns is proved by asking."""
    silence = vitals.sql_silence_s
    return [f"the SQL thread is silent for {silence:.0f} s"] if silence > SQL_PATIENCE_S else []


def not_ready(vitals: Vitals) -> list[str]:
    """Why nothing can be done at all; ClickFunnels has no part in it."""
    reasons = [f"database: {vitals.database}"] if vitals.database else []
    return reasons + not_alive(vitals)


def not_fresh(vitals: Vitals) -> list[str]:
    """Why the mirror is not what ClickFunnels is. What a person has paused is not late."""
    late = [
        f"{name}: {_lag(r)}{f' ({r.trouble})' if r.trouble else ''}"
        for name, r in vitals.resources.items()
        if r.late and not r.paused
    ]
    token = [] if vitals.token_ok else ["ClickFunnels refuses the token"]
    return not_ready(vitals) + token + late


def _lag(resource: ResourceVitals) -> str:
    if resource.lag_s is None:
        return "never pulled to its end"
    return f"the last pull began {resource.lag_s:.0f} s ago"
