"""`pull`: what changed in ClickFunnels into the mirror."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cfsync.cli.common import Config, Json, Resources
from cfsync.cli.passes.common import Pass, run_passes

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.report import Report


def register(app: typer.Typer) -> None:
    app.command()(pull)


def pull(resource: Resources = None, config: Config = None, json: Json = False) -> int:
    """Fetch what changed in ClickFunnels.

    \b
    Example:
      cfsync pull
      cfsync pull contacts
    """
    return run_passes("pull", [pull_pass(resource)], config, json=json)


def pull_pass(resource: list[str] | None = None) -> Pass:
    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        return await passes.pull(context, resource or [])

    return work
