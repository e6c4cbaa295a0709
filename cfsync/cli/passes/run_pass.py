"""`backfill`, `pull`, `push`, `sweep`, `sync`: one pass or two, then what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.common import Config, Json, Resources, configured, opened, until_stopped
from cfsync.cli.text import columns, counted, print_json, problem, took

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.report import Report

Work = Callable[["Context"], Awaitable["Report"]]

_QUIET = ("unchanged", "same")
_ENDS = {"done": "done", "stopped": "stopped before the end", "failed": "failed"}


def register(app: typer.Typer) -> None:
    for command in (backfill, pull, push, sync, sweep):
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
    """Fill the mirror: walk everything by id.

    Goes on where an earlier run stopped, so it can be stopped at any time. Makes the database if
    there is none.

    \b
    Example:
      cfsync backfill
      cfsync backfill contacts orders --workspace 42
    """

    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        names = resource or []
        return await passes.backfill(context, names, workspace=workspace, restart=restart)

    return run("backfill", [work], config, json=json, create=True)


def pull(resource: Resources = None, config: Config = None, json: Json = False) -> int:
    """News in: read what changed in ClickFunnels.

    \b
    Example:
      cfsync pull
      cfsync pull contacts
    """
    return run("pull", [_pull(resource)], config, json=json)


def push(
    resource: Resources = None,
    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Send just what this plan says.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Edits out: send what was changed here by SQL.

    With --plan the records that changed since the plan was made are not sent but listed; then it
    exits 5.

    \b
    Example:
      cfsync push
      cfsync push contacts
      cfsync push --plan monday.json
    """
    return run("push", [_push(resource, plan)], config, json=json)


def sync(config: Config = None, json: Json = False) -> int:
    """News in, then edits out.

    Backfills what was never walked to its end. Makes the database if there is none.

    \b
    Example:
      cfsync sync
    """
    return run("sync", [_pull(None), _push(None)], config, json=json, create=True)


def sweep(resource: Resources = None, config: Config = None, json: Json = False) -> int:
    """Compare everything: find deletions and drift.

    Walks every list whole. What is missing in ClickFunnels is asked for once more, and leaves the
    mirror when it is really gone; too many at once wait for you.

    \b
    Example:
      cfsync sweep products
    """

    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        return await passes.sweep(context, resource or [])

    return run("sweep", [work], config, json=json)


def _pull(resource: list[str] | None) -> Work:
    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        return await passes.pull(context, resource or [])

    return work


def _push(resource: list[str] | None, plan: Path | None = None) -> Work:
    async def work(context: Context) -> Report:
        from cfsync.sync.push import plan_file
        from cfsync.sync.push.conductor import push as inner

        only = plan_file.load(plan) if plan else None
        return await inner(context, resource or [], only=only)

    return work


def run(
    name: str, works: Sequence[Work], config: Path | None, *, json: bool, create: bool = False
) -> int:
    """Open both sides, do the passes until one is stopped, print the reports; the exit code."""
    settings = configured(config, bars=True)

    async def body(stop: asyncio.Event) -> tuple[list[Report], dict[str, Any]]:
        async with opened(settings, stop, create=create, bars=True) as context:
            reports = []
            for work in works:
                reports.append(await work(context))
                if reports[-1].state == "stopped":
                    break
            return reports, await _place(context, counted=name == "backfill")

    reports, place = until_stopped(body)
    if json:
        print_json(_joined(name, reports) | place)
    else:
        print("\n".join(as_text(report) for report in reports))
        rows = f", {place['rows']:,} rows" if "rows" in place else ""
        print(f"database: {place['database']}{rows}")
        if name == "backfill" and reports[-1].state == "done":
            print("Change it by SQL as you like: `cfsync push` sends the edits to ClickFunnels.")
    for report in reports:
        say_problems(report, name)
    return min((r.exit_code for r in reports if r.exit_code), default=0)


async def _place(context: Context, *, counted: bool) -> dict[str, Any]:
    """Where it all is. The rows are counted where a pass has read them all anyway: of a million it
    takes a while.
    """
    from cfsync.mirror.reports import status

    place: dict[str, Any] = {"database": str(context.mirror.place)}
    if counted:
        place["rows"] = sum((await context.mirror.read(status.row_counts)).values())
    return place


def _joined(name: str, reports: Sequence[Report]) -> dict[str, Any]:
    if len(reports) == 1 and reports[0].name == name:
        return as_json(reports[0])
    return {"pass": name, "passes": [as_json(r) for r in reports]}


def say_problems(report: Report, command: str) -> None:
    for line in report.problems:
        problem(line)
    if report.state == "stopped":
        problem(f"run `cfsync {command}` again to go on")


def as_json(report: Report) -> dict[str, Any]:
    return {
        "pass": report.name,
        "state": report.state,
        "resources": report.counts,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "waiting": report.waiting,
        "unreachable": report.unreachable,
        "unproved": report.unproved,
        "problems": report.problems,
        "outdated": report.outdated,
        "batch": report.batch,
    }


def as_text(report: Report) -> str:
    """What was done in each resource, then the sums."""
    from cfsync.resources import ALL

    rows = [
        (name, _words(report.counts[name]))
        for name in ALL
        if name in report.counts and set(+report.counts[name]) - set(_QUIET)
    ]
    quiet = sum(report.total(word) for word in _QUIET)
    lines = [
        *([columns(rows)] if rows else []),
        *([f"{quiet:,} {_QUIET[0] if report.total(_QUIET[0]) else _QUIET[1]}"] if quiet else []),
        *(f"not readable with this token: {name}" for name in report.unreachable),
        *(f"deletions not seen, not in the order of ids: {name}" for name in report.unproved),
        *(f"not sent, changed since the plan: {name}" for name in report.outdated),
        f"{report.name}: {_ENDS[report.state]} after {took(report.seconds)},"
        f" {counted(report.requests, 'request')}{_sums(report)}",
        *([f"batch {report.batch}: `cfsync revert {report.batch}`"] if report.batch else []),
        *([f"waiting for you: {report.waiting}; see `cfsync status`"] if report.waiting else []),
    ]
    return "\n".join(lines)


def _words(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{n:,} {(what.removesuffix('s') if n == 1 else what).replace('_', ' ')}"
        for what, n in counts.items()
        if n and what not in _QUIET
    )


def _sums(report: Report) -> str:
    kinds = {kind: report.total(kind) for counts in report.counts.values() for kind in counts}
    words = _words({kind: n for kind, n in kinds.items() if kind not in _QUIET})
    if words:
        return f": {words}"
    return ", no difference" if report.total("same") else ", nothing new"
