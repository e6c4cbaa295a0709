"""`backfill`, `pull`, `sweep`, `sync`: one pass each, then its report."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.common import Config, Json, Resources, configured, opened, until_stopped
from cfsync.cli.text import columns, counted, print_json, problem, took

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.report import Report


def register(app: typer.Typer) -> None:
    for command in (backfill, pull, sweep, sync):
        app.command()(command)


def backfill(
    resource: Resources = None,
    workspace: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this workspace (id or public id).")
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="From the beginning again.")] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Fill the mirror: walk every list by id, going on where an earlier run stopped.

    Makes the database if there is none. It can be stopped at any time; the same command goes on.

    \b
    Example:
      cfsync backfill
      cfsync backfill contacts orders --workspace 42
    """

    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        names = resource or []
        return await passes.backfill(context, names, workspace=workspace, restart=restart)

    return run(work, config, json=json, create=True)


def pull(resource: Resources = None, config: Config = None, json: Json = False) -> int:
    """News in: read what changed in ClickFunnels since the last pass.

    \b
    Example:
      cfsync pull
      cfsync pull contacts
    """

    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        return await passes.pull(context, resource or [])

    return run(work, config, json=json)


def sweep(resource: Resources = None, config: Config = None, json: Json = False) -> int:
    """The complete comparison: finds what was deleted in ClickFunnels, and rows that drifted.

    \b
    Example:
      cfsync sweep products
    """

    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        return await passes.sweep(context, resource or [])

    return run(work, config, json=json)


def sync(config: Config = None, json: Json = False) -> int:
    """One round: a backfill where one is unfinished, and the news in.

    Makes the database if there is none.

    \b
    Example:
      cfsync sync
    """

    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        return await passes.pull(context)

    return run(work, config, json=json, create=True)


def run(
    work: Callable[[Context], Awaitable[Report]],
    config: Path | None,
    *,
    json: bool,
    create: bool = False,
) -> int:
    """Open both sides, do the pass, print its report; the exit code."""
    settings = configured(config, bars=True)

    async def body(stop: asyncio.Event) -> tuple[Report, str]:
        async with opened(settings, stop, create=create, bars=True) as context:
            return await work(context), str(context.mirror.place)

    report, place = until_stopped(body)
    show(report, place, json=json)
    return report.exit_code


def show(report: Report, place: str, *, json: bool) -> None:
    if json:
        print_json(as_json(report) | {"database": place})
    else:
        print(as_text(report, place))
    say_problems(report)


def say_problems(report: Report) -> None:
    for line in report.problems:
        problem(line)
    if report.state == "stopped":
        problem(f"run `cfsync {report.name}` again to go on")


def as_json(report: Report) -> dict[str, Any]:
    return {
        "pass": report.name,
        "state": report.state,
        "resources": report.counts,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "waiting": report.waiting,
        "unreachable": report.unreachable,
        "problems": report.problems,
    }


def as_text(report: Report, place: str) -> str:
    """What was done per resource, then the sum; what did nothing is left out."""
    rows = [
        (name, ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in counts.items() if n))
        for name, counts in report.counts.items()
        if any(counts.values())
    ]
    end = {"done": "done", "stopped": "stopped before the end", "failed": "failed"}[report.state]
    lines = [
        columns(rows) if rows else "nothing new",
        f"{report.name}: {end} after {took(report.seconds)}, {counted(report.requests, 'request')}",
        f"database: {place}",
        *(f"not readable with this token: {name}" for name in report.unreachable),
    ]
    if report.waiting:
        lines.append(f"waiting for you: {report.waiting} (see `cfsync status`)")
    return "\n".join(lines)
