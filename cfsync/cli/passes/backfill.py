"""`backfill`: everything from ClickFunnels into the mirror."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, Resources
from cfsync.cli.passes.common import run_passes

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.report import Report


def register(app: typer.Typer) -> None:
    app.command()(backfill)


def backfill(
    resource: Resources = None,
    workspace: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this workspace (id or public id).")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start again from the beginning.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Copy all records from ClickFunnels into the mirror.

    It continues where an earlier run stopped, so you can stop it at any time. Creates the database
    if there is none.

    \b
    Example:
      cfsync backfill
      cfsync backfill contacts orders --workspace 42
    """

    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        names = resource or []
        return await passes.backfill(context, names, workspace=workspace, restart=restart)

    return run_passes("backfill", [work], config, json=json, create=True)
