"""`census enable / disable / status`: a saved filter that names all contacts in a few answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cfsync.cli.changing import Change, changes, once
from cfsync.cli.common import Config, Json, load_settings, open_context, until_stopped, with_mirror
from cfsync.cli.text import columns, print_json

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.inspection.census import States


_LISTED = "`cfsync census status` shows them"
_ENABLE = Change(
    "a filter `cfsync census` is created in each workspace, where people of the account see it",
    _LISTED,
    "`cfsync census disable` deletes it",
)
_DISABLE = Change(
    "the filter is deleted in each workspace: sweeps walk the list of contacts again",
    _LISTED,
    "`cfsync census enable` creates it again",
)


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Sweep contacts with a saved filter instead of a walk.")
    group.command()(enable)
    group.command()(disable)
    group.command()(status)
    app.add_typer(group, name="census")


@changes(_ENABLE)
def enable(config: Config = None, json: Json = False) -> int:
    """Create the filter in each workspace, so that sweeps of contacts cost few requests.

    People see it in the account, as `cfsync census`. The next sweep walks the list and compares
    both: the filter is used only where they agree. It also tries again where it was off.

    \b
    Example:
      cfsync census enable
    """
    from cfsync.sync.decisions import census

    return _change(census.enable, _ENABLE, config, json=json)


@changes(_DISABLE)
def disable(config: Config = None, json: Json = False) -> int:
    """Delete the filter in each workspace. Sweeps walk the list again.

    \b
    Example:
      cfsync census disable
    """
    from cfsync.sync.decisions import census

    return _change(census.disable, _DISABLE, config, json=json)


def status(config: Config = None, json: Json = False) -> None:
    """Show for each workspace whether the filter is used, and why not.

    \b
    Example:
      cfsync census status
    """
    from cfsync.sync.inspection import census

    states = with_mirror(
        load_settings(config, quiet=True), lambda m: m.read(census.status), read_only=True
    )
    _print(states, json=json)


def _change(
    change: Callable[[Context, Callable[[], None]], Awaitable[States]],
    told: Change,
    config: Path | None,
    *,
    json: bool,
) -> int:
    settings = load_settings(config, quiet=True)

    async def body(stop: asyncio.Event) -> States:
        async with open_context(settings, stop) as context:
            return await change(context, once(told, json=json))

    states = until_stopped(body)
    _print(states, json=json)
    if not json and any(state.standing == "unproved" for state in states.values()):
        print("next: `cfsync sweep contacts` walks the list once and compares it with the filter")
    return 5 if any(state.standing == "off" for state in states.values()) else 0


def _print(states: States, *, json: bool) -> None:
    names = ("standing", "records", "read_at", "checked_at", "reason")
    rows = [
        (workspace, *(getattr(state, name) for name in names))
        for workspace, state in states.items()
    ]
    if json:
        keys = ("workspace_id", *names)
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    elif rows:
        head = ("workspace", "census", "contacts", "read at", "a walk agreed at", "reason")
        print(columns([head, *rows]))
    else:
        print("no census is enabled")
