"""Status: how complete and how old the mirror is, and what waits in it. Reads the mirror alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isinf
from typing import Any

from cfsync.config import Settings
from cfsync.mirror.bookkeeping import runs
from cfsync.mirror.bookkeeping.latency import quantile
from cfsync.mirror.coordination import pauses
from cfsync.mirror.coordination import rate_limit as budget
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.reports import status as inspect
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.operator.health import mirrored_workspaces, read_pull_age

SHOWN = 20
"""Waiting things that are named; the rest is counted."""


@dataclass(slots=True)
class ResourceStatus:
    """`lists`: that were ever walked; `unfinished`: whose first walk is under way. `watermark`: the
    newest `updated_at` that is in. `lag_s`: seconds since the beginning of the pull up to which
    every change is in; None before the first. `edits`: by state. `found`: news, by the lane that
    brought it first; `delays`: lane -> within how many seconds from `updated_at` on half of it and
    99 % of it came (p50, p99; None: longer than a week).
    """

    enabled: bool
    rows: int = 0
    lists: int = 0
    unfinished: int = 0
    watermark: str | None = None
    lag_s: float | None = None
    swept_at: str | None = None
    edits: Mapping[str, int] = field(default_factory=dict)
    conflicts: int = 0
    deletions: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, int] = field(default_factory=dict)
    delays: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)


@dataclass(slots=True)
class Status:
    """`passes`: the last run of each. `paused`: resource -> since when a person keeps it so.
    `troubles`: passes of a daemon that fail, each with why. `waiting_total`: all that waits for a
    human.
    """

    database: str
    at: str
    resources: dict[str, ResourceStatus]
    passes: list[dict[str, Any]]
    budget: dict[str, float]
    paused: dict[str, str]
    troubles: list[Trouble]
    waiting: list[dict[str, Any]]
    waiting_total: int

    @property
    def exit_code(self) -> int:
        return 5 if self.waiting_total else 0


async def status(mirror: Mirror, settings: Settings) -> Status:
    return await mirror.read(_status, str(mirror.place), settings)


def _status(tx: Tx, place: str, settings: Settings) -> Status:
    return Status(
        database=place,
        at=tx.now,
        resources=_resources(tx, settings),
        passes=inspect.last_runs(tx),
        budget=budget.load(tx),
        paused=pauses.paused(tx),
        troubles=pauses.troubles(tx),
        waiting=inspect.waiting(tx, SHOWN),
        waiting_total=runs.waiting(tx),
    )


def _resources(tx: Tx, settings: Settings) -> dict[str, ResourceStatus]:
    rows, edits, conflicts = (
        inspect.row_counts(tx),
        inspect.open_edits(tx),
        inspect.open_conflicts(tx),
    )
    deletions, found = inspect.deletions(tx), inspect.found_by_lane(tx)
    walks = {(w["resource"], w["lane"]): w for w in inspect.walks(tx)}
    workspaces = mirrored_workspaces(tx, settings)
    return {
        name: ResourceStatus(
            enabled=settings.resource(name).enabled,
            rows=rows[name],
            edits=edits.get(name, {}),
            conflicts=sum(conflicts.get(name, {}).values()),
            deletions=deletions.get(name, {}),
            found={lane: sum(n.values()) for lane, n in found.get(name, {}).items()},
            delays={
                lane: {"p50": _finite(half), "p99": _finite(quantile(n, 0.99))}
                for lane, n in found.get(name, {}).items()
                if (half := quantile(n, 0.5)) is not None
            },
            lag_s=read_pull_age(tx, resource, settings, workspaces).lag_s,
            **_walked(resource, walks),
        )
        for name, resource in RESOURCES.items()
    }


def _finite(seconds: float | None) -> float | None:
    return None if seconds is None or isinf(seconds) else seconds


def _walked(
    resource: Resource, walks: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    backfill = walks.get((resource.name, "backfill"), {})
    pull = walks.get((resource.name, "pull"), {})
    return {
        "lists": max(backfill.get("lists", 0), pull.get("lists", 0)),
        "unfinished": backfill.get("unfinished", 0),
        "watermark": pull.get("watermark"),
        "swept_at": walks.get((resource.name, "sweep"), {}).get("oldest"),
    }
