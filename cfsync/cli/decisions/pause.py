"""`pause` and `resume`: stored in the database, so that all daemons and commands obey."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, Resources, load_settings, with_mirror
from cfsync.cli.text import print_json

if TYPE_CHECKING:
    from cfsync.mirror.db.engine import Mirror


_LISTED = "`cfsync status` shows what is paused"
_PAUSE = Change(
    "nothing is read or sent until it is resumed; edits made by SQL are still recorded",
    _LISTED,
    "`cfsync resume` takes it back",
)
_RESUME = Change(
    "it is read again, and the next push sends the edits that wait",
    f"{_LISTED}, and `cfsync plan` the edits",
    "`cfsync pause` takes it back",
)


def register(app: typer.Typer) -> None:
    app.command()(pause)
    app.command()(resume)


@changes(_PAUSE)
def pause(resource: Resources = None, config: Config = None, json: Json = False) -> None:
    """Stop reading and sending, for all resources or those named.

    A running daemon stops at the next page. Edits made by SQL are still recorded.

    \b
    Example:
      cfsync pause contacts
      cfsync pause
    """
    _change("paused", resource, config, json=json)


@changes(_RESUME)
def resume(resource: Resources = None, config: Config = None, json: Json = False) -> None:
    """Undo a pause.

    \b
    Example:
      cfsync resume contacts
      cfsync resume
    """
    _change("resumed", resource, config, json=json)


def _change(
    what: Literal["paused", "resumed"],
    names: list[str] | None,
    config: Path | None,
    *,
    json: bool,
) -> None:
    """Make the change, then print what is paused."""
    from cfsync.mirror.coordination import pauses
    from cfsync.sync.decisions.pause import change

    async def work(mirror: Mirror) -> dict[str, str]:
        return await change(mirror, what, names or [], partial(told.say, json=json))

    told = _PAUSE if what == "paused" else _RESUME
    paused = with_mirror(load_settings(config, quiet=True), work)
    if json:
        print_json({"paused": paused})
    else:
        print(f"paused: {pauses.in_words(paused)}" if paused else "nothing is paused")
