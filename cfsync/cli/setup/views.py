"""`views analyst`: the mirror for people who only read it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cfsync.cli.common import Config, Json, load_settings
from cfsync.cli.text import print_json

Make = Annotated[
    str | None,
    typer.Option(
        metavar="TARGET",
        help="Make it: a new schema of this name (PostgreSQL), or a copy in a new file (SQLite).",
    ),
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Show the mirror to people who only read it.")
    group.callback()(_group)
    group.command()(analyst)
    app.add_typer(group, name="views")


def _group() -> None:
    """Show the mirror to people who only read it."""


def analyst(make: Make = None, config: Config = None, json: Json = False) -> None:
    """Print the SQL of a schema, or of a copy, without cfsync's own tables and columns.

    With --make, make it. A copy is readable by its owner only.

    \b
    Example:
      cfsync views analyst --make analyst.db
    """
    from cfsync.mirror import analyst as inner

    url = load_settings(config).database.url
    if make is None:
        statements = inner.statements(url)
        text = "".join(f"{statement};\n" for statement in statements)
        print_json({"statements": statements}) if json else print(text, end="")
        return
    made = inner.make(url, make)
    if json:
        print_json(asdict(made))
    else:
        print(f"made: {made.target}, with {made.relations} tables and views")
