"""The report of a pass, as text for people or as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfsync.cli.text import columns, duration, plural, print_problem
from cfsync.errors import Later

if TYPE_CHECKING:
    from cfsync.sync.report import Report

_QUIET = ("unchanged", "same")
_FORMS = {"hints": ("hint", "hints"), "differs": ("differs", "differ")}
"""Count -> its word for one and for more, where these differ."""
_ENDS = {"done": "done", "stopped": "stopped before the end", "failed": "failed"}


def print_problems(report: Report, command: str) -> None:
    """Print the report's problems on standard error, and how to continue a stopped pass, unless
    they say when that may be.
    """
    for line in dict.fromkeys(report.problems):
        print_problem(line)
    if report.is_stopped and report.paused:
        print_problem(f"run `cfsync resume`, then `cfsync {command}`")
    elif report.is_stopped and not (isinstance(report.cause, Later) and report.cause.is_dated):
        print_problem(f"run `cfsync {command}` again to go on")


def as_json(report: Report) -> dict[str, Any]:
    return {
        "pass": report.name,
        "state": report.state,
        "resources": report.counts,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "waiting": report.waiting,
        "unreachable": report.unreachable,
        "absent": report.absent,
        "unproved": report.unproved,
        "problems": report.problems,
        "outdated": report.outdated,
        "batch": report.batch,
    }


def as_text(report: Report) -> str:
    """Counts for each resource, then the totals and what waits."""
    from cfsync.mirror.progress.runs import PassName
    from cfsync.resources import ALL

    rows = [
        (name, _count_list(report.counts[name]))
        for name in ALL
        if name in report.counts and set(+report.counts[name]) - set(_QUIET)
    ]
    # a push reads again what it is about to change: that it is as it was is no news
    quiet = 0 if report.name == PassName.PUSH else sum(report.total(word) for word in _QUIET)
    lines = [
        *([columns(rows)] if rows else []),
        *([f"{quiet:,} {_QUIET[0] if report.total(_QUIET[0]) else _QUIET[1]}"] if quiet else []),
        *(f"not readable with this token: {name}" for name in report.unreachable),
        *(f"left out, not in this account or not for this token: {name}" for name in report.absent),
        *(f"deletions not seen, not in the order of ids: {name}" for name in report.unproved),
        *(f"not sent, changed since the plan: {name}" for name in report.outdated),
        f"{report.name}: {_ENDS[report.state]} after {duration(report.seconds)},"
        f" {plural(report.requests, 'request')}{_totals(report)}",
        *([f"batch {report.batch}: `cfsync revert {report.batch}`"] if report.batch else []),
        *([f"waiting for you: {report.waiting}; see `cfsync status`"] if report.waiting else []),
    ]
    return "\n".join(lines)


def _count_list(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{n:,} {_FORMS.get(what, (what, what))[n > 1].replace('_', ' ')}"
        for what, n in counts.items()
        if n and what not in _QUIET
    )


def _totals(report: Report) -> str:
    kinds = {kind: report.total(kind) for counts in report.counts.values() for kind in counts}
    words = _count_list({kind: n for kind, n in kinds.items() if kind not in _QUIET})
    if words:
        return f": {words}"
    return ", no difference" if report.total("same") else ", nothing new"
