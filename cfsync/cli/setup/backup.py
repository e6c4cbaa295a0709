"""`backup` and `restore`: copies of the mirror."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, until_stopped
from cfsync.cli.decisions.recover import as_lines, as_object, run_recovery
from cfsync.cli.questions import ask
from cfsync.cli.reports import print_problems
from cfsync.cli.text import print_json, print_problem
from cfsync.errors import CfsyncError, UsageError

if TYPE_CHECKING:
    from cfsync.config import Settings
    from cfsync.mirror.backups import Backup, Restored
    from cfsync.sync.decisions.recover import Recovered


_RESTORE = Change(
    "the backup takes the mirror's place; edits that were made after it and not sent are not in it",
    "`cfsync status` shows what waits now",
    "the mirror that was there before stays beside it, under a name that is printed",
)


def register(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


def backup(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where to; default: backup.dir.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Copy the mirror to a file that only you can read. Everything else goes on meanwhile.

    The copy gets its name once it is whole and checked. In backup.dir only the newest backup.keep
    copies stay. The daemon backs up by itself where backup.dir is set.

    \b
    Example:
      cfsync backup /var/backups/cfsync
    """
    from cfsync.mirror.backups import back_up

    settings = load_settings(config, quiet=True)
    chosen = folder or settings.backup.dir
    if chosen is None:
        raise UsageError("say where to: give a folder, or set backup.dir")
    keep = None if folder else settings.backup.keep
    url, now = settings.database.url, datetime.now(UTC)

    async def body(stop: asyncio.Event) -> Backup:
        return await asyncio.to_thread(back_up, url, chosen, now, keep=keep, is_stopped=stop.is_set)

    done = until_stopped(body)
    if json:
        print_json(asdict(done))
        return
    print(f"{done.file}: {_size(done.size)}, checked")
    if done.removed:
        print(f"removed {', '.join(done.removed)}")


@changes(_RESTORE)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Restore the mirror from a backup, and send nothing twice.

    Stop every daemon first. A PostgreSQL database must be empty. At the end `cfsync recover` is
    run.

    \b
    Example:
      cfsync restore /var/backups/cfsync/cfsync-20261130T054500Z.db
    """
    settings = load_settings(config, quiet=True)
    settings.for_api()
    with without_daemon(settings):
        restored = _put_back(settings, file, yes=yes, json=json)
        recovered = _recover(settings, json=json)
    if json:
        print_json(asdict(restored) | as_object(recovered))
    else:
        print("\n".join(as_lines(recovered)))
    print_problems(recovered.sweep, "recover")
    return recovered.sweep.exit_code


@contextmanager
def without_daemon(settings: Settings) -> Iterator[None]:
    """Keep a daemon away from an SQLite file."""
    from cfsync.daemon.ownership import lock_sqlite
    from cfsync.mirror.db.connect import place_of

    place = place_of(settings.database.url)
    place.check()
    lock = lock_sqlite(place, hint="stop it first")
    try:
        yield
    finally:
        if lock:
            lock.release()


def _put_back(settings: Settings, file: Path, *, yes: bool, json: bool) -> Restored:
    from cfsync.mirror import backups

    def confirm(revision: str) -> None:
        if not yes:
            size = _size(file.stat().st_size)
            print(f"{file}: {size}, schema {revision}, checked", file=sys.stderr)
            ask("Restore it?", needs="restore needs --yes", change=_RESTORE)
        else:
            _RESTORE.say(json=json)

    done = backups.restore(settings.database.url, file, datetime.now(UTC), confirm)
    print(f"restored {done.place}", file=sys.stderr)
    if done.before:
        print(f"what was there before is {done.before}", file=sys.stderr)
    return done


def _recover(settings: Settings, *, json: bool) -> Recovered:
    from cfsync.mirror.migrate import migrate

    try:
        migrate(settings.database.url)
        return run_recovery(settings, quiet=json)
    except (CfsyncError, KeyboardInterrupt):
        print_problem(
            "the mirror is restored, but not safe yet: run `cfsync recover` before anything else"
        )
        raise


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
