"""What the commands that run passes share: run them one after another, print the reports."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfsync.cli.common import load_settings, open_context, until_stopped
from cfsync.cli.reports import as_json, as_text, print_problems
from cfsync.cli.text import print_json
from cfsync.errors import SERVER_FAILED

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.report import Report

Pass = Callable[["Context"], Awaitable["Report"]]


def run_passes(
    command: str, passes: Sequence[Pass], config: Path | None, *, json: bool, create: bool = False
) -> int:
    """Run the passes in order until one is stopped, and print their reports; the exit code. A list
    in trouble stops no other pass. With `create` the database is created where there is none.
    """
    settings = load_settings(config, quiet=True)

    async def body(stop: asyncio.Event) -> tuple[list[Report], dict[str, Any]]:
        opened = open_context(settings, stop, create=create, bars=True, announced=not json)
        async with opened as context:
            reports = []
            for one in passes:
                reports.append(await one(context))
                if reports[-1].is_stopped and not isinstance(reports[-1].cause, SERVER_FAILED):
                    break
            return reports, await _database(context, counted=command == "backfill")

    reports, database = until_stopped(body)
    if json:
        print_json(_combined(command, reports) | database)
    else:
        _print(command, reports, database)
    for report in reports:
        print_problems(report, command)
    return min((r.exit_code for r in reports if r.exit_code), default=0)


async def _database(context: Context, *, counted: bool) -> dict[str, Any]:
    """The database's place, and its rows if `counted`: counting a million takes a while, so only
    a pass that has read them all anyway does it.
    """
    from cfsync.mirror.reports import status

    found: dict[str, Any] = {"database": str(context.mirror.place)}
    if counted:
        found["rows"] = sum((await context.mirror.read(status.row_counts)).values())
    return found


def _combined(command: str, reports: Sequence[Report]) -> dict[str, Any]:
    if len(reports) == 1 and reports[0].name == command:
        return as_json(reports[0])
    return {"pass": command, "passes": [as_json(r) for r in reports]}


def _print(command: str, reports: Sequence[Report], database: dict[str, Any]) -> None:
    print("\n".join(as_text(report) for report in reports))
    rows = f", {database['rows']:,} rows" if "rows" in database else ""
    print(f"database: {database['database']}{rows}")
    if command == "backfill" and reports[-1].is_done:
        print("Change it by SQL as you like: `cfsync push` sends the edits to ClickFunnels.")
