"""`sync`: a pull, then a push."""

from __future__ import annotations

import typer

from cfsync.cli.changing import changes
from cfsync.cli.common import Config, Json
from cfsync.cli.passes.common import run_passes
from cfsync.cli.passes.pull import pull_pass
from cfsync.cli.passes.push import PUSH, push_pass


def register(app: typer.Typer) -> None:
    app.command()(sync)


@changes(PUSH)
def sync(config: Config = None, json: Json = False) -> int:
    """Pull, then push: bring both sides up to date once.

    Backfills every list that has not been read to its end before. Creates the database if there
    is none.

    \b
    Example:
      cfsync sync
    """
    return run_passes("sync", [pull_pass(), push_pass()], config, json=json, create=True)
