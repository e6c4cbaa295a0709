"""The status as people read it, in lines of 80 characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cfsync.cli.colors import Part, Style
from cfsync.cli.text import age, aligned, columns, duration, moment, wrapped

if TYPE_CHECKING:
    from cfsync.sync.inspection.status import DaemonStatus, ResourceStatus, Status

_HEAD = "resource", "rows", "lag", "swept", "to send", "for you"
_RIGHT = 1, 2, 3, 4, 5
_FOR_YOU = ("parked", "held")
_LANES_HEAD = "resource", "found by", "within", "(99 %)"


def lines(found: Status) -> Iterator[Part | Iterable[Part]]:
    yield from _table(found)
    yield ""
    yield from map(_last_pass, found.passes)
    yield from _daemons(found)
    yield from ((wrapped(line, "  "), Style.BAD) for line in _troubles(found))
    yield from _stopped(found)
    if left_out := [name for name, r in found.resources.items() if r.enabled and r.left_out]:
        words = f"left out, not in this account or not for this token: {', '.join(left_out)}"
        yield wrapped(words, "  ")
    if found.budget:
        yield _rate(found.budget)
    yield from _counted(found)
    yield f"database: {found.database}"
    yield from _warnings(found)
    yield from _waiting(found)


def lanes(found: Status) -> Iterator[str]:
    """By which lane changes came in first, and how soon."""
    rows = [
        (name, f"{count:,} {lane}", *map(_delay, r.delays.get(lane, {}).values()))
        for name, r in found.resources.items()
        for lane, count in r.found.items()
    ]
    yield columns([_LANES_HEAD, *((*row, None, None)[:4] for row in rows)])


def _delay(seconds: float | None) -> str:
    return "over a week" if seconds is None else f"{seconds:g} s"


def _table(found: Status) -> Iterator[Iterable[Part]]:
    shown = {name: r for name, r in found.resources.items() if r.enabled or r.rows}
    rows = [_row(name, r, found) for name, r in shown.items()]
    head, *cells = aligned([_HEAD, *rows], _RIGHT)
    yield [("  ".join(head), Style.HEAD)]
    for row, (name, r) in zip(cells, shown.items(), strict=True):
        yield from _styled(row, r, is_paused=name in found.paused)


def _row(name: str, r: ResourceStatus, found: Status) -> tuple[str | None, ...]:
    sending = sum(n for state, n in r.edits.items() if state not in _FOR_YOU)
    decisions = sum(r.waiting.values())
    return (
        name,
        f"{r.rows:,}",
        "paused" if name in found.paused else _lag(r),
        _swept(r, found.at),
        f"{sending:,}" if sending else None,
        f"{decisions:,}" if decisions else None,
    )


def _lag(r: ResourceStatus) -> str:
    if r.unfinished:
        return "backfill"
    if r.lag_s is None:
        return "left out" if r.left_out else "never"
    return age(r.lag_s)


def _swept(r: ResourceStatus, now: str) -> str | None:
    if r.swept_at is None:
        return None
    passed = datetime.fromisoformat(now) - datetime.fromisoformat(r.swept_at)
    return ("census " if r.swept_by == "census" else "") + age(max(0.0, passed.total_seconds()))


def _styled(row: list[str], r: ResourceStatus, *, is_paused: bool) -> Iterator[Iterable[Part]]:
    name, rows, lag, swept, sending, decisions = row
    is_new = r.unfinished or r.lag_s is None
    yield [
        f"{name}  {rows}  ",
        (lag, Style.CAREFUL) if is_paused or is_new else lag,
        f"  {swept}  {sending}  ",
        (decisions, Style.CAREFUL) if r.waiting else decisions,
    ]


def _last_pass(run: Mapping[str, Any]) -> Part:
    from cfsync.mirror.progress import runs

    quiet = f", {run['quiet']} like it since" if run["quiet"] else ""
    error = f": {run['error']}" if run["error"] else ""
    if run["state"] == "running":
        return f"last {run['pass']}: began at {moment(run['started_at'])}, has not ended"
    text = f"last {run['pass']}: {run['state']} at {moment(run['ended_at'])}{quiet}{error}"
    has_failed = runs.has_failed(run["state"], run["trouble"])
    return (wrapped(text, "  "), Style.BAD) if has_failed else wrapped(text, "  ")


def _daemons(found: Status) -> Iterator[Part]:
    for daemon in found.daemons:
        yield wrapped(_daemon(daemon), "  "), Style.GOOD if daemon.runs else Style.CAREFUL
    if not any(daemon.runs for daemon in found.daemons):
        yield "no daemon runs now: changes are sent and fetched only by commands"


def _daemon(daemon: DaemonStatus) -> str:
    named = f"daemon on {daemon.host} (pid {daemon.pid})"
    if daemon.runs:
        return f"{named}: runs since {moment(daemon.started_at)}"
    if daemon.ended_at:
        return f"{named}: stopped at {moment(daemon.ended_at)}"
    return f"{named}: has not been seen since {moment(daemon.seen_at)}"


def _troubles(found: Status) -> Iterator[str]:
    from cfsync.sync.inspection.outage import outage

    if out := outage(found):
        yield f"ClickFunnels can't be reached since {moment(out.since)}: {out.reason}"
    for trouble in found.troubles:
        if not (out and trouble.kind == "server"):
            where = f"{trouble.name} of {trouble.resource}, since {moment(trouble.since)}"
            yield f"{where}: {trouble.text}"


def _stopped(found: Status) -> Iterator[Part]:
    from cfsync.mirror.coordination import pauses

    if found.paused:
        words = f"paused: {pauses.in_words(found.paused)}; `cfsync resume` lets them run again"
        yield wrapped(words, "  "), Style.CAREFUL
    yield from ((wrapped(line, "  "), Style.CAREFUL) for line in _unsent(found))
    if found.no_requests_until:
        until = f"no requests until {moment(found.no_requests_until)}"
        yield f"{until}: ClickFunnels asks to wait (429)", Style.CAREFUL


def _unsent(found: Status) -> Iterator[str]:
    """Resources whose edits have waited for long, and why, where that is known."""
    from cfsync.sync.inspection.status import UNSENT_S

    for name, r in found.resources.items():
        if r.oldest_edit_s is not None and r.oldest_edit_s > UNSENT_S:
            reason = f": the list {name} is paused" if name in found.paused else ""
            off = "push" if r.enabled else "enabled"
            reason = reason if r.push and r.enabled else f": resources.{name}.{off} is off"
            waited = duration(r.oldest_edit_s)
            yield f"warning: an edit of {name} has waited for {waited} to be sent{reason}"


def _rate(budget: Mapping[str, Any]) -> str:
    learned = budget.get("learned")
    limit = f", limit learned: {learned:.0f}" if learned else ""
    return f"rate: {budget['rate']:.0f} requests a second{limit}"


def _counted(found: Status) -> Iterator[str]:
    for name, r in found.resources.items():
        if r.counted is not None and r.counted_at is not None:
            at = moment(r.counted_at)
            yield f"{name}: {r.rows:,} rows; ClickFunnels counted {r.counted:,} at {at}"


def _warnings(found: Status) -> Iterator[Part]:
    from cfsync.mirror import wal

    for line in filter(None, (found.capture_problem, wal.warning(found.wal))):
        yield wrapped(f"warning: {line}", "  "), Style.CAREFUL


def _waiting(found: Status) -> Iterator[Part | Iterable[Part]]:
    """What waits for a person, each with the command that helps."""
    if not found.waiting_total:
        yield "nothing waits for you", Style.GOOD
        return
    yield f"waiting for you: {found.waiting_total:,}", Style.CAREFUL
    if found.waiting_long:
        yield f"warning: {found.waiting_long:,} of them for more than a day", Style.CAREFUL
    for one in found.waiting:
        what = f"{one['kind']}, {one['resource']}" + (f" {one['id']}" if one["id"] else "")
        reason = " ".join(str(one["reason"] or "").split())
        yield f"  {wrapped(f'{what}: {reason}'.rstrip(': '), '    ')}"
        yield [f"      {one['command']}"]
    if found.waiting_total > len(found.waiting):
        yield "  and more: SELECT * FROM cf_waiting"
