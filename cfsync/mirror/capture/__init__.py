"""User SQL -> rows of the outbox, or an error in the user's own statement.

In comes the catalogue, out go triggers, functions and views in the database. All of them are
replaced whenever their text has changed.

Read `rules` first (what SQL may do to each table, for every database), then the package of a
database (`sqlite`, `postgresql`), which turns the rules into statements: `templates/*.sql` show
whole triggers. `templates` fills them in, `views` says what the views have in common.
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
    """Bring them up to date in the caller's transaction. Returns whether anything was replaced."""
    wanted = statements(conn)
    if not _are_older(conn, wanted):
        return False
    for statement in [*_database(conn).drops(conn), *wanted]:
        conn.exec_driver_sql(statement)
    meta.put(conn, meta.CAPTURE, f"{cfsync.__version__} {_digest(wanted)}")
    return True


def is_older(conn: sa.Connection) -> bool:
    """Whether they are absent or of an earlier version. Those of a newer one serve this one too."""
    return _are_older(conn, statements(conn))


def _are_older(conn: sa.Connection, wanted: list[str]) -> bool:
    found = meta.get(conn, meta.CAPTURE)
    version, _, digest = (found or "").partition(" ")
    newer = bool(found) and _numbers(version) > _numbers(cfsync.__version__)
    return not newer and digest != _digest(wanted)


def statements(conn: sa.Connection) -> list[str]:
    """The statements that create them, in order."""
    found: list[str] = _database(conn).statements(conn)
    return found


def _database(conn: sa.Connection) -> ModuleType:
    """The package with the statements for this kind of database."""
    return import_module(f"{__name__}.{conn.dialect.name}")


def _digest(wanted: list[str]) -> str:
    return hashlib.sha256("\n".join(wanted).encode()).hexdigest()


def _numbers(version: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", version)]
