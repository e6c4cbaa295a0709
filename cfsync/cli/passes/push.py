"""`push`: edits made by SQL to ClickFunnels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, Resources
from cfsync.cli.inspection.plan import show_plan
from cfsync.cli.passes.common import Pass, run_passes
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.report import Report


PUSH = Change(
    "the edits made by SQL are sent to ClickFunnels",
    "`cfsync plan` shows what waits",
    "`cfsync revert BATCH` takes them back",
)
"""The progress says it, with the number of the batch."""


def register(app: typer.Typer) -> None:
    app.command()(push)


@changes(PUSH)
def push(
    resource: Resources = None,
    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Send only what this plan lists.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing; show the plan, as `cfsync plan` does.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Send the edits made by SQL to ClickFunnels.

    With --plan, records that have changed since the plan was written are listed instead of sent;
    then it exits 5.

    \b
    Example:
      cfsync push
      cfsync push contacts
      cfsync push --plan monday.json
    """
    if dry_run:
        if plan:
            raise UsageError("--dry-run shows what a push without --plan would send: drop one")
        return show_plan(resource or [], config, json=json)
    return run_passes("push", [push_pass(resource, plan)], config, json=json)


def push_pass(resource: list[str] | None = None, plan: Path | None = None) -> Pass:
    async def work(context: Context) -> Report:
        from cfsync.sync.push.conductor import push as inner
        from cfsync.sync.push.planning import plan_file

        only = plan_file.load(plan) if plan else None
        return await inner(context, resource or [], only=only)

    return work
