"""`recover`: make a restored backup safe to use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, open_context, until_stopped
from cfsync.cli.reports import as_json, as_text, print_problems
from cfsync.cli.text import plural, print_json

if TYPE_CHECKING:
    from cfsync.config import Settings
    from cfsync.sync.decisions.recover import Recovered


_RECOVER = Change(
    "inserts that wait are looked up in ClickFunnels, then parked or held; nothing is sent, and"
    " every list is read from beginning to end",
    "`cfsync outbox list` shows what waits, before and after",
    "`cfsync outbox approve` and `adopt` release what it parks or holds",
)


def register(app: typer.Typer) -> None:
    app.command()(recover)


@changes(_RECOVER)
def recover(config: Config = None, json: Json = False) -> int:
    """Make a restored backup safe: send nothing twice.

    Run it before anything else after you restored a backup of the mirror, with the daemon stopped.
    Inserts that wait in the backup are looked up in ClickFunnels: those with a similar record
    there are parked as unknown, the others are held, and you decide (`cfsync outbox adopt`,
    `approve` or `discard`). Then every list is read from beginning to end.

    \b
    Example:
      cfsync recover
    """
    done = run_recovery(load_settings(config, quiet=True), quiet=json)
    if json:
        print_json(as_object(done))
    else:
        print("\n".join(as_lines(done)))
    print_problems(done.sweep, "recover")
    return done.sweep.exit_code


def run_recovery(settings: Settings, *, quiet: bool = False) -> Recovered:
    """Recover the mirror that the settings name, with bars on a terminal. With `quiet`, nothing is
    said before.
    """

    async def body(stop: asyncio.Event) -> Recovered:
        from cfsync.sync.decisions.recover import recover as inner

        async with open_context(settings, stop, bars=True) as context:
            _RECOVER.say(json=quiet)
            return await inner(context)

    return until_stopped(body)


def as_object(done: Recovered) -> dict[str, Any]:
    """What was done, for `--json`."""
    counts = {"looked_for": done.looked_for, "parked": done.parked, "held": done.held}
    left = {"left_to_push": done.left, "watermarks": done.watermarks}
    return counts | left | {"sweep": as_json(done.sweep)}


def as_lines(done: Recovered) -> Iterator[str]:
    """What was done, for people."""
    yield (
        f"looked for {plural(done.looked_for, 'insert')}: {done.parked} parked as unknown,"
        f" {done.held} held, {done.left} left to the next push"
    )
    yield f"dropped {plural(done.watermarks, 'watermark')}: every list is walked whole again"
    yield as_text(done.sweep)
