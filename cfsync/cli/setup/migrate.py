"""`migrate`: the database, made if need be and brought up to date."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cfsync.cli.common import Config, Json, configured
from cfsync.cli.text import print_json


def register(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate(config: Config = None, json: Json = False) -> None:
    """Make the database, or bring its schema up to date.

    A second one at the same time waits and then finds nothing to do.

    \b
    Example:
      cfsync migrate
    """
    from cfsync.mirror.migrate import migrate as inner

    done = inner(configured(config).database.url)
    if json:
        print_json(asdict(done) | {"changed": done.changed})
    else:
        print(f"{'migrated' if done.changed else 'nothing to do'}: schema {done.after}")
        print(f"database: {done.place}")
