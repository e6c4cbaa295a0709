"""The mirror for people who only read it: without cfsync's own tables and columns."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.dialect.view_sql import Relations
from cfsync.mirror.views import VIEWS
from cfsync.resources import RESOURCES


@dataclass(frozen=True, slots=True)
class Made:
    """What was made for the analyst."""

    #: The file's absolute path, or the schema's name.
    target: str
    relations: int


def relations() -> Relations:
    """The tables of the mirror and the views on them, each with its columns. Pure."""
    tables = {r.name: {f.name: f.type for f in r.columns} for r in RESOURCES.values()}
    views = {
        name: {c.name: c.type for c in view.columns}
        for name, view in VIEWS.items()
        if not name.startswith("cf_")
    }
    return tables | views


def statements(url: str) -> list[str]:
    """The SQL of `make` for the database at `url`, with a name to change."""
    place = place_of(url)
    target = "analyst.db" if place.file else "analyst"
    return place.dialect.views.shown_in(target, relations())


def make(url: str, target: str) -> Made:
    """Make it: a schema with views on a server, a file with a copy beside a file. Raises
    MirrorError, also where there is something of that name.
    """
    place = place_of(url)
    place.prepare(must_exist=True)
    file = _create(Path(target).absolute()) if place.file else None
    try:
        _run(place, str(file or _free_name(target)))
    except BaseException as error:
        if file:
            file.unlink()
        if isinstance(error, sa.exc.DBAPIError):
            raise place.dialect.explained(error, str(place)) or error from error
        raise
    return Made(str(file or target), len(relations()))


def _run(place: Place, target: str) -> None:
    sql, engine = place.dialect.views, place.engine()
    try:
        with engine.connect().execution_options(**sql.copy_options) as conn, conn.begin():
            if target in sa.inspect(conn).get_schema_names():
                raise MirrorError(f"there is a schema {target}: drop it, or give another name")
            for statement in sql.shown_in(target, relations()):
                conn.exec_driver_sql(statement)
    finally:
        engine.dispose()


def _free_name(schema: str) -> str:
    if not re.fullmatch("[a-z_][a-z0-9_]{0,62}", schema):
        raise MirrorError("a schema's name has lower-case letters, digits and underscores")
    return schema


def _create(file: Path) -> Path:
    """An empty file that only its owner can read: it will hold people's data."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise MirrorError(f"{file} exists: remove it, or give another name") from None
    except OSError as error:
        raise MirrorError(f"{file} can't be made: {error.strerror}") from None
    return file
