"""`status`: how complete and how fresh the mirror is, and what waits for you."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.text import columns, duration, print_json, print_lines, print_problem
from cfsync.errors import CfsyncError

if TYPE_CHECKING:
    from cfsync.config import Settings
    from cfsync.sync.inspection.status import DaemonStatus, ResourceStatus, Status
    from cfsync.sync.inspection.timeline import Span


_HEAD = "resource", "rows", "lag", "swept", "edits", "conflicts", "deletions", "found by", "within"
_SPAN_HEAD = "from (UTC)", "news", "sent", "waiting", "lag", "delay", "requests", "failed"


def register(app: typer.Typer) -> None:
    app.command()(status)


def status(
    health: Annotated[
        bool, typer.Option("--health", help="Only check health: exits 0 if healthy, else 1.")
    ] = False,
    history: Annotated[
        bool,
        typer.Option("--history", help="Show the last 24 hours and the last 14 days instead."),
    ] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Show rows, lag, edits, conflicts, daemons and what waits for you.

    --health is about how fresh the mirror is, and whether the daemon still runs. What waits for you
    doesn't make it unhealthy: it is listed by `cfsync status`, with a warning when it has waited
    for more than a day.

    --history shows what passes did in each hour and day: news from ClickFunnels, edits sent, the
    greatest age of a list, the delay of half of the changes. The last two are known for times at
    which a daemon ran.

    \b
    Example:
      cfsync status
      cfsync status --history
      cfsync status --health || systemctl restart cfsync
    """
    from cfsync.sync.inspection import status as inner

    settings = load_settings(config)
    if health:
        problems = _health_problems(settings)
        for line in problems:
            print_problem(line)
        if json:
            print_json({"healthy": not problems, "reasons": problems})
        return 1 if problems else 0
    if history:
        _show_history(settings, json=json)
        return 0
    found = with_mirror(settings, lambda mirror: inner.status(mirror, settings))
    if json:
        print_json(asdict(found))
    else:
        print_lines(_lines(found))
    return found.exit_code


def _health_problems(settings: Settings) -> list[str]:
    """A mirror that can't be read is a problem of its own."""
    from cfsync.sync import health_facts

    try:
        return with_mirror(settings, lambda mirror: health_facts.problems(mirror, settings))
    except CfsyncError as error:
        return [str(error)]


def _show_history(settings: Settings, *, json: bool) -> None:
    from cfsync.sync.inspection import timeline

    hours, days = with_mirror(settings, lambda mirror: mirror.read(timeline.hours_and_days))
    if json:
        print_json({"hours": list(map(asdict, hours.spans)), "days": list(map(asdict, days.spans))})
        return
    for line in hours, days:
        print(columns([_SPAN_HEAD, *map(_span_row, line.spans)]), end="\n\n")


def _span_row(span: Span) -> tuple[object, ...]:
    lag = None if span.lag_s is None else duration(span.lag_s)
    delay = None if span.p50_ms is None else duration(span.p50_ms / 1000)
    return (
        span.at[:16],
        span.all_news,
        span.sent,
        span.open_edits,
        lag,
        delay,
        span.requests,
        span.failed,
    )


def _lines(found: Status) -> Iterator[str]:
    from cfsync.mirror import wal
    from cfsync.mirror.coordination import pauses

    shown = {name: r for name, r in found.resources.items() if r.enabled or r.rows}
    yield columns([_HEAD, *(_row(n, r, paused=n in found.paused) for n, r in shown.items())])
    yield ""
    yield from map(_last_pass, found.passes)
    yield from map(_daemon, found.daemons)
    for trouble in found.troubles:
        yield f"{trouble.name} {trouble.resource}: {trouble.text} (since {trouble.since})"
    if found.paused:
        yield f"paused: {pauses.in_words(found.paused)}; `cfsync resume` lets them run again"
    yield from _unsent(found)
    if found.no_requests_until:
        yield f"no requests until {found.no_requests_until}: ClickFunnels asks to wait (429)"
    if found.budget:
        yield _rate(found.budget)
    yield from _counted(found)
    yield f"database: {found.database}"
    if found.capture_problem:
        yield f"warning: {found.capture_problem}"
    if line := wal.warning(found.wal):
        yield f"warning: {line}"
    if found.waiting_total:
        yield f"waiting for you: {found.waiting_total}"
        if found.waiting_long:
            yield f"warning: {found.waiting_long} of them for more than a day"
        yield columns(
            [(w["kind"], w["resource"], w["id"], w["reason"], w["command"]) for w in found.waiting]
        )


def _counted(found: Status) -> Iterator[str]:
    for name, r in found.resources.items():
        if r.counted is not None:
            yield f"{name}: {r.rows:,} rows; ClickFunnels counted {r.counted:,} at {r.counted_at}"


def _daemon(daemon: DaemonStatus) -> str:
    named = f"daemon on {daemon.host} (pid {daemon.pid})"
    if daemon.runs:
        return f"{named}, runs since {daemon.started_at}"
    if daemon.ended_at:
        return f"{named}, stopped at {daemon.ended_at}"
    return f"{named}, has not been seen since {daemon.seen_at}"


def _unsent(found: Status) -> Iterator[str]:
    """Resources whose edits have waited for long, and why, where that is known."""
    from cfsync.sync.inspection.status import UNSENT_S

    for name, r in found.resources.items():
        if r.oldest_edit_s is not None and r.oldest_edit_s > UNSENT_S:
            reason = f": {name} is paused" if name in found.paused else ""
            reason = reason if r.push else f": resources.{name}.push is off"
            waited = duration(r.oldest_edit_s)
            yield f"warning: an edit of {name} has waited for {waited} to be sent{reason}"


def _last_pass(run: Mapping[str, Any]) -> str:
    quiet = f", {run['quiet']} like it since" if run["quiet"] else ""
    error = f": {run['error']}" if run["error"] else ""
    if run["state"] == "running":
        return f"last {run['pass']}: began at {run['started_at']}, has not ended"
    return f"last {run['pass']}: {run['state']} at {run['ended_at']}{quiet}{error}"


def _rate(budget: Mapping[str, Any]) -> str:
    learned = budget.get("learned")
    limit = f", limit learned: {learned:.0f}" if learned else ""
    return f"rate: {budget['rate']:.0f} requests a second{limit}"


def _row(name: str, r: ResourceStatus, *, paused: bool) -> tuple[object, ...]:
    lag = "first walk" if r.unfinished else r.lag_s
    lag = duration(lag) if isinstance(lag, float) else lag
    held = {k: n for k, n in r.deletions.items() if k in ("candidate", "held", "approved")}
    return (
        name,
        r.rows,
        f"{lag or 'never'} (paused)" if paused else lag,
        f"{r.swept_at} (census)" if r.swept_by == "census" else r.swept_at,
        _counts(r.edits),
        r.conflicts or None,
        _counts(held),
        _counts(r.found),
        ", ".join(f"{lane} {_within(d)}" for lane, d in r.delays.items()) or None,
    )


def _within(delays: Mapping[str, float | None]) -> str:
    """`1 s (99 %: 60 s)`: the delay of half of the changes, and of 99 % of them."""
    half, most = ("over a week" if s is None else f"{s:g} s" for s in delays.values())
    return f"{half} (99 %: {most})"


def _counts(counts: Mapping[str, float]) -> str | None:
    return ", ".join(f"{n:g} {kind}" for kind, n in counts.items()) or None
