"""`migrate`: create the database, or upgrade its schema."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings
from cfsync.cli.text import print_json, print_problem

_MIGRATE = Change(
    "the database is created, or its schema brought up to date",
    "`cfsync doctor` names the schema that it has",
    "an upgrade can't be taken back: run `cfsync backup` first",
)


def register(app: typer.Typer) -> None:
    app.command()(migrate)


@changes(_MIGRATE)
def migrate(config: Config = None, json: Json = False) -> int:
    """Create the database, or bring its schema up to date.

    If two run at the same time, the second waits and then finds nothing to do. Exits 5 if something
    is missing that a migration can't put back, and says what.

    \b
    Example:
      cfsync migrate
    """
    from cfsync.mirror.migrate import migrate as inner
    from cfsync.sync.capture_check import describe

    settings = load_settings(config)
    done = inner(settings.database.url, partial(_MIGRATE.say, json=json))
    if json:
        print_json(asdict(done) | {"changed": done.changed})
    else:
        idle = "nothing to do" if not done.lost else "nothing that it could do"
        print(f"{'migrated' if done.changed else idle}: schema {done.after}")
        print(f"database: {done.place}")
    if done.lost:
        print_problem(describe(done.lost))
    return 5 if done.lost else 0
