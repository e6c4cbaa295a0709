"""The rule of health: when a resource is late, and what is wrong with a mirror. Pure.

Both `cfsync status --health` and the daemon's `/healthz` follow it. A resource is late when one of
its lists has not been pulled for three of its intervals and a minute more; one that was never
pulled to its end, when its passes have been failing for that long. A pass that an unforeseen error
ended is a problem at once, and so is a daemon that no longer runs, where none does: unless somebody
pulls by command in its place. A resource that a person has paused is neither late nor a problem.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cfsync.mirror.coordination.daemons import Daemon
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.resources import Resource
from cfsync.times import seconds

CRASH = "error"
"""The kind of trouble of a pass that an unforeseen error ended."""

GRACE_S = 60.0
"""Seconds that a list may be late, beyond three of its intervals."""


@dataclass(frozen=True, slots=True)
class PullAge:
    """How long ago a resource was pulled."""

    #: Seconds since the pull up to which every change is in; None: never pulled to its end.
    lag_s: float | None = None
    #: Seconds until the first of its lists is late; negative: since then one is late.
    late_in_s: float = 0.0

    def after(self, elapsed_s: float) -> PullAge:
        """The age so many seconds later, if nothing is pulled in between."""
        if self.lag_s is None:
            return self
        return PullAge(self.lag_s + elapsed_s, self.late_in_s - elapsed_s)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How up to date a resource is."""

    #: Seconds since the pull up to which every change is in; None before the first.
    lag_s: float | None = None
    #: One of its lists was not pulled for too long.
    late: bool = False
    #: A person has paused it.
    paused: bool = False
    #: The kind of trouble that one of its passes is in; None: none is.
    trouble: str | None = None
    #: What one of its passes died of, if nobody foresaw it; None: nothing.
    crash: str | None = None


def late_after(interval_s: float) -> float:
    """The lag in seconds after which a list that is pulled at this interval is late."""
    return 3 * interval_s + GRACE_S


def pull_age(resource: Resource, pulls: Iterable[tuple[str, float]], now: str) -> PullAge:
    """The age of a resource, from each of its lists: when its last pull began, and its interval in
    seconds.

    All lists of a workspace are pulled each time, so the one left longest decides. Of lists below
    other records only some are pulled each time, so the one pulled last decides.
    """
    ages = [(max(0.0, seconds(began, now)), interval_s) for began, interval_s in pulls]
    if not ages:
        return PullAge()
    if resource.nested:
        ages = [min(ages)]
    late_in_s = min(late_after(interval_s) - age for age, interval_s in ages)
    return PullAge(max(age for age, _ in ages), late_in_s)


def is_late(age: PullAge, interval_s: float, *, failing_s: float) -> bool:
    """Whether a resource is late. `interval_s`: its shortest interval; `failing_s`: for how long
    its passes have been failing, 0 if they don't.
    """
    if age.lag_s is None:
        return failing_s > late_after(interval_s)
    return age.late_in_s < 0


def freshness(
    age: PullAge, interval_s: float, troubles: Collection[Trouble], now: str, *, paused: bool
) -> Freshness:
    """The freshness of a resource whose passes are in these `troubles`, at the time `now`."""
    failing_s = max((seconds(trouble.since, now) for trouble in troubles), default=0.0)
    return Freshness(
        lag_s=age.lag_s,
        late=is_late(age, interval_s, failing_s=failing_s),
        paused=paused,
        trouble=next((trouble.kind for trouble in troubles), None),
        crash=next((f"{t.name}: {t.text}" for t in troubles if t.kind == CRASH), None),
    )


def missing_daemon(daemons: Sequence[Daemon], now: str) -> tuple[Daemon, str] | None:
    """The daemon that ran last, and since when it has not been running; None where one runs, or
    none ever did. `now`: by the database's clock.
    """
    gone = [(daemon, daemon.gone_at(now)) for daemon in daemons]
    if not gone or any(at is None for _, at in gone):
        return None
    return max(((d, at) for d, at in gone if at is not None), key=lambda one: one[1])


def problems(
    resources: Mapping[str, Freshness],
    *,
    refusal: str | None,
    failed_passes: Iterable[str],
    capture_problem: str,
    gone: Daemon | None = None,
) -> list[str]:
    """Why the mirror may be out of date, or miss edits, a line each; empty: all is well.

    `refusal`: why the token can't be used, in a line; None: it can. `failed_passes`: passes started
    by a command that failed, and after which nothing was pulled. `capture_problem`: what is missing
    of the triggers; '' where nothing is. `gone`: the daemon that should run and doesn't.
    """
    capture = [capture_problem] if capture_problem else []
    token = [] if refusal is None else [_refused(refusal)]
    failed = [f"the last {name} failed" for name in failed_passes]
    late = [
        f"{name}: {_lag(found)}{f' ({found.trouble})' if found.trouble else ''}"
        for name, found in resources.items()
        if found.late and not found.paused
    ]
    crashed = [f"{name}: {r.crash}" for name, r in resources.items() if r.crash and not r.paused]
    return _daemon(gone) + token + capture + failed + crashed + late


def _refused(why: str) -> str:
    """Who refuses what, in a few words: what stands before the status."""
    who, status, _ = why.partition(" (")
    return who if status else "ClickFunnels refuses the token"


def _daemon(gone: Daemon | None) -> list[str]:
    if gone is None:
        return []
    since = f"stopped at {gone.ended_at}"
    if gone.ended_at is None:
        since = f"has not been seen since {gone.seen_at}"
    return [f"no daemon runs: the one on {gone.host} {since}; start it, or pull by cfsync sync"]


def _lag(found: Freshness) -> str:
    if found.lag_s is None:
        return "never pulled to its end"
    return f"the last pull began {found.lag_s:.0f} s ago"
