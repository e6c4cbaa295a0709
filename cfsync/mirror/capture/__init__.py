"""Triggers, functions and views, generated from the catalogue: they catch what users change by SQL
and refuse what ClickFunnels can't take. Replaced as a whole whenever their text has changed.
"""

from __future__ import annotations

import hashlib
import re
from importlib import import_module
from types import ModuleType

import sqlalchemy as sa

import cfsync
from cfsync.mirror.bookkeeping import meta


def install(conn: sa.Connection) -> bool:
    """Bring them up to date in the caller's transaction; whether anything had to be done."""
    wanted = statements(conn)
    if not _are_older(conn, wanted):
        return False
    for statement in [*_database(conn).drops(conn), *wanted]:
        conn.exec_driver_sql(statement)
    meta.put(conn, meta.CAPTURE, f"{cfsync.__version__} {_digest(wanted)}")
    return True


def is_older(conn: sa.Connection) -> bool:
    """Whether they differ from this version's. Those of a newer version serve this one too."""
    return _are_older(conn, statements(conn))


def _are_older(conn: sa.Connection, wanted: list[str]) -> bool:
    found = meta.get(conn, meta.CAPTURE)
    version, _, digest = (found or "").partition(" ")
    newer = bool(found) and _numbers(version) > _numbers(cfsync.__version__)
    return not newer and digest != _digest(wanted)


def statements(conn: sa.Connection) -> list[str]:
    """All that creates them, in order."""
    found: list[str] = _database(conn).statements(conn)
    return found


def _database(conn: sa.Connection) -> ModuleType:
    """The package with the statements for this kind of database."""
    return import_module(f"{__name__}.{conn.dialect.name}")


def _digest(wanted: list[str]) -> str:
    return hashlib.sha256("\n".join(wanted).encode()).hexdigest()


def _numbers(version: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", version)]
