"""`migrate`: create the database, or upgrade its schema."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cfsync.cli.common import Config, Json, load_settings
from cfsync.cli.text import print_json


def register(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate(config: Config = None, json: Json = False) -> None:
    """Create the database, or bring its schema up to date.

    If two run at the same time, the second waits and then finds nothing to do.

    \b
    Example:
      cfsync migrate
    """
    from cfsync.mirror.migrate import migrate as inner

    done = inner(load_settings(config).database.url)
    if json:
        print_json(asdict(done) | {"changed": done.changed})
    else:
        print(f"{'migrated' if done.changed else 'nothing to do'}: schema {done.after}")
        print(f"database: {done.place}")
