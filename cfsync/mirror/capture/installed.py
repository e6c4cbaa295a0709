"""What of the capture is in the database, compared with what `install` has put there.

Programs that rebuild a table drop its triggers with it, and triggers can be switched off: edits
are then not captured, and nothing fails. `install` notes a digest of everything that belongs there;
two queries of the catalogue find what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from importlib import import_module
from types import ModuleType

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import meta
from cfsync.mirror.capture.rules import OWN
from cfsync.resources import RESOURCES

COLUMN = "column"
"""How the name of a column begins."""
DEFAULT = "default"
"""How the name of the default of an `id` begins."""
SETTING = "setting"
"""How the name of a setting begins that switches triggers off."""


def database(conn: sa.Connection) -> ModuleType:
    """The package with the statements for this kind of database."""
    return import_module(f"cfsync.mirror.capture.{conn.dialect.name}")


def note(conn: sa.Connection) -> None:
    """Note what belongs in the database: all that is in it now. A column stays as it was first
    noted: `install` replaces triggers, and never a table.
    """
    before = {n: text for n, text in _noted(conn).items() if n.startswith((COLUMN, DEFAULT))}
    meta.put(conn, meta.CAPTURE_OBJECTS, json.dumps({**_found(conn), **before}))


def lost(conn: sa.Connection) -> list[str]:
    """Triggers, functions, views and columns that are missing, switched off or changed, and the
    settings that switch triggers off; empty: all is well.
    """
    return compare(_noted(conn), _found(conn))


def compare(noted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What differs between the objects noted and those found. Pure."""
    gone = [name for name, digest in noted.items() if found.get(name) != digest]
    return sorted(gone + [name for name in found if name.startswith(SETTING)])


def restorable(lost_objects: Iterable[str]) -> list[str]:
    """Those that `install` puts back. Pure."""
    return [n for n in lost_objects if not n.startswith((COLUMN, DEFAULT, SETTING))]


def unusable_tables(lost_objects: Iterable[str]) -> dict[str, list[str]]:
    """The tables that no longer have columns of theirs, each with these columns. Pure."""
    tables: dict[str, list[str]] = {}
    for name in lost_objects:
        kind, _, column = name.partition(" ")
        if kind == COLUMN:
            table, _, column = column.partition(".")
            tables.setdefault(table, []).append(column)
    return tables


def _noted(conn: sa.Connection) -> dict[str, str]:
    found: dict[str, str] = json.loads(meta.get(conn, meta.CAPTURE_OBJECTS) or "{}")
    return found


def _found(conn: sa.Connection) -> dict[str, str]:
    """A digest of each object by its name."""
    objects, columns = database(conn).OBJECTS, database(conn).COLUMNS
    digests = {name: _digest(text) for name, text in conn.exec_driver_sql(objects)}
    for table, column, kind, default in conn.exec_driver_sql(columns):
        if table in RESOURCES and column in _columns(table):
            digests[f"{COLUMN} {table}.{column}"] = kind
            if column == "id":
                digests[f"{DEFAULT} of {table}.id"] = default
    return digests


def _columns(table: str) -> Collection[str]:
    return (*RESOURCES[table].by_name, *OWN)


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
