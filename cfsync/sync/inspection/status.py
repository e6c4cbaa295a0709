"""Reports how complete and how current the mirror is, and what waits in it, without any request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isinf
from typing import Any

from cfsync.config import Settings
from cfsync.mirror import wal
from cfsync.mirror.coordination import daemons, pauses
from cfsync.mirror.coordination import rate_limit as budget
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.mirror.db import clock
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.lists import absent
from cfsync.mirror.progress import counted, runs
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.progress.latency import Counts, quantile
from cfsync.mirror.reports import freshness, waiting
from cfsync.mirror.reports import status as inspect
from cfsync.mirror.wal import Wal
from cfsync.resources import RESOURCES, Resource
from cfsync.sync import capture_check
from cfsync.sync.health_facts import mirrored_workspaces, read_pull_ages
from cfsync.times import later

LONG_S = 86400.0
"""Seconds after which something that waits for a person is worth a warning."""
UNSENT_S = 3600.0
"""Seconds after which an edit that is still to be sent is worth a warning."""
SHOWN = 20
"""Entries of `cf_waiting` that are listed; the others are only counted."""


@dataclass(slots=True)
class ResourceStatus:
    """The state of one resource in the mirror."""

    enabled: bool
    rows: int = 0
    #: How many records ClickFunnels had when `cfsync verify --quick` last asked, and when that was;
    #: None: it never did, or the account doesn't tell.
    counted: int | None = None
    counted_at: str | None = None
    #: Lists that were ever walked.
    lists: int = 0
    #: Lists whose backfill is not complete.
    unfinished: int = 0
    #: Whether nothing of it is read, since the account or the token doesn't have it. Where only one
    #: list of several was refused, the others are pulled, and it is not left out.
    left_out: bool = False
    #: The newest `updated_at` up to which all changes are in; None before the first pull.
    watermark: str | None = None
    #: Seconds since the last pull began that has brought in every change; None before the first.
    lag_s: float | None = None
    #: When the oldest of the last sweeps of its lists began; None before the first.
    swept_at: str | None = None
    #: Whether that was a walk ("sweep") or a census.
    swept_by: str | None = None
    #: Open edits by state.
    edits: Mapping[str, int] = field(default_factory=dict)
    #: Age in seconds of the oldest edit that is still to be sent; None: there is none.
    oldest_edit_s: float | None = None
    #: Whether its edits are sent.
    push: bool = True
    #: The number of open conflicts.
    conflicts: int = 0
    #: Kind of `cf_waiting` -> how much of it waits for a person. An edit of a record that is in
    #: conflict as a whole is decided with its conflict, and not counted beside it.
    waiting: Mapping[str, int] = field(default_factory=dict)
    #: Deletions in ClickFunnels by state.
    deletions: Mapping[str, int] = field(default_factory=dict)
    #: Changes by the lane that was the first to bring them.
    found: Mapping[str, int] = field(default_factory=dict)
    #: Lane -> p50 and p99 of the seconds from `updated_at` to the mirror; None: above a week.
    delays: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """A daemon that the mirror knows."""

    host: str
    pid: int
    started_at: str
    #: Its last sign of life.
    seen_at: str
    #: When it was stopped; None: it runs, or was killed.
    ended_at: str | None
    runs: bool


@dataclass(slots=True)
class Status:
    """The state of the whole mirror."""

    database: str
    #: When it was read.
    at: str
    resources: dict[str, ResourceStatus]
    #: The last run of each pass.
    passes: list[dict[str, Any]]
    #: What was learned about the rate limit.
    budget: dict[str, float]
    #: ClickFunnels has asked for a pause (429) until then; None: it hasn't.
    no_requests_until: str | None
    #: Resource -> since when a person has paused it.
    paused: dict[str, str]
    #: Passes of a daemon that fail, each with the reason.
    troubles: list[Trouble]
    #: The daemons that run, or ran last.
    daemons: list[DaemonStatus]
    #: What waits for a person, up to `SHOWN` entries.
    waiting: list[dict[str, Any]]
    #: The number of all entries that wait for a person.
    waiting_total: int
    #: How many of them have waited for more than `LONG_S`.
    waiting_long: int
    #: SQLite's log beside the file.
    wal: Wal
    #: What is missing of the capture, in a line; '' where nothing is.
    capture_problem: str

    @property
    def exit_code(self) -> int:
        return 5 if self.waiting_total or self.capture_problem else 0


async def status(mirror: Mirror, settings: Settings) -> Status:
    """Read the status in one transaction."""
    return await mirror.read(read_status, mirror.place, settings)


def read_status(
    tx: Tx, place: Place, settings: Settings, rows: Mapping[str, int] | None = None
) -> Status:
    """`rows`: how many of each resource there are, where that was counted just before."""
    rows = inspect.row_counts(tx) if rows is None else rows
    return Status(
        database=str(place),
        at=tx.now,
        resources=_resources(tx, settings, rows),
        passes=inspect.last_runs(tx),
        budget=budget.load(tx),
        no_requests_until=budget.pause_end(tx),
        paused=pauses.paused(tx),
        troubles=pauses.troubles(tx),
        daemons=_daemons(tx),
        waiting=inspect.waiting(tx, SHOWN),
        waiting_total=runs.waiting(tx),
        waiting_long=freshness.waiting_since_before(tx, later(tx.now, -LONG_S)),
        wal=wal.read(tx, place),
        capture_problem=capture_check.problem(tx),
    )


def _daemons(tx: Tx) -> list[DaemonStatus]:
    now = clock.now(tx)
    return [
        DaemonStatus(
            d.host, d.pid, d.started_at, d.seen_at, d.ended_at, runs=d.gone_at(now) is None
        )
        for d in daemons.known(tx)
    ]


def _resources(tx: Tx, settings: Settings, rows: Mapping[str, int]) -> dict[str, ResourceStatus]:
    edits, conflicts = inspect.open_edits(tx), inspect.open_conflicts(tx)
    waits = waiting.by_resource(tx)
    ages = freshness.oldest_edit_ages(tx)
    deletions, found = inspect.deletions(tx), inspect.found_by_lane(tx)
    walks = {(w["resource"], w["lane"]): w for w in inspect.walks(tx)}
    shown = {
        name: resource
        for name, resource in RESOURCES.items()
        if settings.resource(name).enabled or rows.get(name) or name in edits or name in waits
    }
    workspaces = mirrored_workspaces(tx, settings)
    pull_ages = read_pull_ages(tx, shown.values(), settings, workspaces)
    counts, left_out = counted.totals(tx, workspaces), absent.resources(tx)
    return {
        name: ResourceStatus(
            enabled=settings.resource(name).enabled,
            rows=rows.get(name, 0),
            edits=edits.get(name, {}),
            oldest_edit_s=ages.get(name),
            push=settings.resource(name).push,
            conflicts=sum(conflicts.get(name, {}).values()),
            waiting=waits.get(name, {}),
            deletions=deletions.get(name, {}),
            found={lane: sum(n.values()) for lane, n in found.get(name, {}).items()},
            delays=_delays(found.get(name, {})),
            lag_s=pull_ages[name].lag_s,
            left_out=name in left_out and pull_ages[name].lag_s is None,
            **_counted(counts.get(name)),
            **_walked(resource, walks),
            **_swept(tx, resource, walks),
        )
        for name, resource in shown.items()
    }


def _delays(found: Mapping[str, Counts]) -> dict[str, dict[str, float | None]]:
    """Lane -> p50 and p99; lanes that have brought nothing are left out."""
    return {
        lane: {"p50": _finite(half), "p99": _finite(quantile(counts, 0.99))}
        for lane, counts in found.items()
        if (half := quantile(counts, 0.5)) is not None
    }


def _finite(seconds: float | None) -> float | None:
    return None if seconds is None or isinf(seconds) else seconds


def _counted(found: tuple[int, str] | None) -> dict[str, Any]:
    return {} if found is None else {"counted": found[0], "counted_at": found[1]}


def _walked(
    resource: Resource, walks: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    backfill = walks.get((resource.name, Lane.BACKFILL), {})
    pull = walks.get((resource.name, Lane.PULL), {})
    return {
        "lists": max(backfill.get("lists", 0), pull.get("lists", 0)),
        "unfinished": backfill.get("unfinished", 0),
        "watermark": pull.get("watermark"),
    }


def _swept(
    tx: Tx, resource: Resource, walks: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    if resource.filter_class and (found := inspect.oldest_sweep(tx, resource)):
        return {"swept_at": found[0], "swept_by": found[1]}
    swept_at = walks.get((resource.name, Lane.SWEEP), {}).get("oldest")
    return {"swept_at": swept_at, "swept_by": swept_at and Lane.SWEEP}
