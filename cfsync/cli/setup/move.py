"""`move`: the mirror goes from one kind of database to another."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, until_stopped
from cfsync.cli.questions import ask
from cfsync.cli.row_bars import row_bars
from cfsync.cli.setup.backup import without_daemon
from cfsync.cli.text import plural, print_json, print_lines

if TYPE_CHECKING:
    from cfsync.mirror.moving.move import Moved


_MOVE = Change(
    "the mirror is copied to the new database and compared; then the file takes no more writes",
    "`cfsync status` shows what waits now",
    "cfsync can't take it back; `cfsync backup` first keeps a copy that takes writes",
)


def register(app: typer.Typer) -> None:
    app.command()(move)


@changes(_MOVE)
def move(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="An empty PostgreSQL database.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Move an SQLite mirror to PostgreSQL, with all that waits.

    Edits, conflicts and history move too.

    Stop the daemon and programs that write first. All of it is copied and compared, or nothing. The
    file stays, but nothing can be written to it any more. Your own tables and columns stay in it.
    Other users see the URL, so keep a password in PGPASSWORD or ~/.pgpass.

    \b
    Example:
      cfsync move --to postgresql://cfsync_owner@localhost/cfsync
    """
    from cfsync.mirror.moving import move as moving

    settings = load_settings(config, quiet=True)
    url = settings.database.url

    async def body(stop: asyncio.Event) -> Moved:
        now = datetime.now(UTC)
        return await asyncio.to_thread(moving.move, url, to, now, stop.is_set, progress)

    with without_daemon(settings):
        left_behind = moving.own_objects(url, to)
        if left_behind is not None:
            print_lines(_stays(left_behind), file=sys.stderr)
            if yes:
                _MOVE.say(json=json)
            else:
                ask("Move the mirror?", needs="move needs --yes", change=_MOVE)
        with row_bars() as progress:
            done = until_stopped(body)
    if json:
        print_json(asdict(done))
    else:
        print_lines(_lines(done))
    return 5 if done.is_unsafe else 0


def _stays(left_behind: list[str]) -> Iterator[str]:
    if left_behind:
        yield "These are yours and stay in the file:"
        yield from (f"  {name}" for name in left_behind)


def _lines(done: Moved) -> Iterator[str]:
    if done.rows:
        yield f"moved {done.source} to {done.target}: {plural(done.rows, 'row')}, compared"
    else:
        yield f"{done.source} is in {done.target} already"
    yield f"{plural(done.open_edits, 'edit')} not confirmed, in the new database as in the old one"
    if done.is_unsafe:
        yield "an earlier move did not end: run cfsync recover there before anything else"
    yield "set database.url to the new database, then start the daemon: cfsync run"
