"""`status`: how complete and how fresh the mirror is, and what waits for you."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.colors import print_parts
from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.text import columns, duration, print_json, print_problem
from cfsync.errors import CfsyncError

if TYPE_CHECKING:
    from cfsync.config import Settings
    from cfsync.sync.inspection.timeline import Span


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
    lanes: Annotated[
        bool,
        typer.Option("--lanes", help="Show instead in which way changes came in, and how soon."),
    ] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Show how full and fresh the mirror is, and what waits for you.

    \b
    rows      records in the mirror
    lag       time since the last pull that brought in all changes
    swept     time since the last complete comparison, which finds deletions
    to send   edits made by SQL that the next push sends
    for you   what waits for your decision: refused and held edits, conflicts,
              held deletions; listed below, each with the command that helps

    Below it: the last passes (times in UTC), the daemons and where they run, what is paused.
    --lanes counts the changes by the lane that found them first (backfill, pull, events, sweep,
    census), and shows after how long half of them, and 99 % of them, were in the mirror.

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
    found = with_mirror(settings, lambda mirror: inner.status(mirror, settings), read_only=True)
    if json:
        print_json(asdict(found))
    else:
        from cfsync.cli.output import status as status_text

        print_parts(status_text.lanes(found) if lanes else status_text.lines(found))
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

    hours, days = with_mirror(
        settings, lambda mirror: mirror.read(timeline.hours_and_days), read_only=True
    )
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
