"""`decisions`: who has decided what."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, Resources, load_settings, with_mirror
from cfsync.cli.text import columns, print_json, visible
from cfsync.resources import named

if TYPE_CHECKING:
    from cfsync.mirror.reports.decisions import Decision

SHOWN = 20
"""How many decisions a person sees who doesn't say how many."""


def register(app: typer.Typer) -> None:
    app.command()(decisions)


def decisions(
    resource: Resources = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="The last N decisions.")
    ] = SHOWN,
    config: Config = None,
    json: Json = False,
) -> int:
    """List who has decided what, the last first.

    Of each edit, conflict and deletion the last decision is kept, as long as it is itself:
    approve, retry, discard, adopt, resolve, reject, redact. Of each list, who has paused or resumed
    it last, and who has asked for a pass of it in the console. Of each record and action, who has
    had ClickFunnels do it last (`cfsync act`). Who has reverted a push, brought a deleted record
    back, or made an import. What is decided about several at once is one line.
    `cfsync explain` has the decisions about one record.

    \b
    Example:
      cfsync decisions contacts --limit 5
    """
    from cfsync.mirror.reports import decisions as reports

    names = [named(name).name for name in resource or []]
    settings = load_settings(config, quiet=True)
    found = with_mirror(
        settings, lambda mirror: mirror.read(reports.last, limit, resources=names), read_only=True
    )
    if json:
        print_json({"decisions": [asdict(one) for one in found]})
    elif found:
        print(columns([("at (UTC)", "by", "what"), *map(_row, found)]))
    else:
        print("nobody has decided anything yet")
    return 0


def _row(one: Decision) -> tuple[str, str, str]:
    return one.at[:19].replace("T", " "), visible(one.by), one.text
