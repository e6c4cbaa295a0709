"""`models`: classes for object-relational mappers."""

from __future__ import annotations

from typing import Annotated

import typer

from cfsync.cli.common import Config, Json, load_settings
from cfsync.cli.text import print_json


def register(app: typer.Typer) -> None:
    app.command()(models)


def models(
    kind: Annotated[str, typer.Argument(metavar="django|sqlalchemy")],
    resource: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RESOURCE]...", help="Only these; else all that are mirrored."),
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Print models of the tables, for Django or SQLAlchemy.

    Columns that refer to other records are relations where these are among the models.

    \b
    Example:
      cfsync models django > shop/models.py
      cfsync models sqlalchemy contacts contact_tags orders > mirror.py
    """
    from cfsync.orm import models as inner
    from cfsync.resources import RESOURCES

    wanted = load_settings(config, quiet=True).wanted
    text = inner(kind, resource or [name for name in RESOURCES if name in wanted])
    if json:
        print_json({"text": text})
    else:
        print(text, end="")
