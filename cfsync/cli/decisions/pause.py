"""`pause` and `resume`: stored in the database, so that all daemons and commands obey."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from cfsync.cli.common import Config, Json, Resources, load_settings, with_mirror
from cfsync.cli.text import print_json

if TYPE_CHECKING:
    from cfsync.mirror.db.engine import Mirror, Tx


def register(app: typer.Typer) -> None:
    app.command()(pause)
    app.command()(resume)


def pause(resource: Resources = None, config: Config = None, json: Json = False) -> None:
    """Stop reading and sending, for all resources or those named.

    A running daemon stops at the next page. Edits made by SQL are still recorded, and are sent
    after `cfsync resume`.

    \b
    Example:
      cfsync pause contacts
      cfsync pause
    """
    from cfsync.mirror.coordination import pauses

    _change(pauses.pause, "paused", resource, config, json=json)


def resume(resource: Resources = None, config: Config = None, json: Json = False) -> None:
    """Undo a pause.

    \b
    Example:
      cfsync resume contacts
      cfsync resume
    """
    from cfsync.mirror.coordination import pauses

    _change(pauses.resume, "resumed", resource, config, json=json)


def _change(
    change: Callable[[Tx, Sequence[str]], None],
    what: Literal["paused", "resumed"],
    names: list[str] | None,
    config: Path | None,
    *,
    json: bool,
) -> None:
    """Make the change and log it, then print what is paused."""
    from cfsync.mirror.coordination import pauses
    from cfsync.resources import named
    from cfsync.sync.decisions import decision_log

    wanted = [named(name).name for name in names or []]

    async def work(mirror: Mirror) -> dict[str, str]:
        await mirror.write(change, wanted)
        decision_log.paused(what, wanted)
        return await mirror.read(pauses.paused)

    paused = with_mirror(load_settings(config, quiet=True), work)
    if json:
        print_json({"paused": paused})
    else:
        print(f"paused: {pauses.in_words(paused)}" if paused else "nothing is paused")
