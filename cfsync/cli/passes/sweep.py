"""`sweep`: the complete comparison, which finds deletions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, Resources
from cfsync.cli.passes.common import run_passes

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.report import Report


def register(app: typer.Typer) -> None:
    app.command()(sweep)


Walk = Annotated[
    bool, typer.Option("--walk", help="Walk lists of contacts that have a trusted census, too.")
]


def sweep(
    resource: Resources = None, walk: Walk = False, config: Config = None, json: Json = False
) -> int:
    """Compare every record, to find deletions and drift.

    Reads every list from beginning to end, but asks a saved filter for the contacts where `cfsync
    census` has made one that is trusted. A record that is missing in ClickFunnels is requested
    once more, and leaves the mirror only if it is really gone. Too many missing at once wait for
    you: see `cfsync deletions`. `cfsync verify` compares and changes nothing.

    \b
    Example:
      cfsync sweep products
      cfsync sweep contacts --walk
    """

    async def work(context: Context) -> Report:
        from cfsync.sync import passes

        return await passes.sweep(context, resource or [], walk=walk)

    return run_passes("sweep", [work], config, json=json)
