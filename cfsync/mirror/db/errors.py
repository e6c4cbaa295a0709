"""What a database's error means: try again, the mirror can't be used, or a mistake of ours."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

from cfsync.errors import MirrorError

_AGAIN = {"40001", "40P01", "55P03"}
"""PostgreSQL: serialization failure, deadlock, a lock that did not come in time."""

_AWAY = {"SQLITE_FULL", "SQLITE_IOERR"}
_SQLITE = {
    "SQLITE_NOTADB": "{where} is not an SQLite database; check database.url",
    "SQLITE_CORRUPT": "{where} is damaged; restore a backup and run cfsync recover",
    "SQLITE_READONLY": "{where} is read-only for this user; check its owner and permissions",
    "SQLITE_CANTOPEN": "{where} can't be opened; check its owner and permissions",
    "SQLITE_PERM": "{where} can't be opened; check its owner and permissions",
    "SQLITE_FULL": "the disk that holds {where} is full",
    "SQLITE_IOERR": "{where} can't be read or written: the disk reports an error",
}


class Away(MirrorError):
    """The database can't be used just now: not reached, its disk full. Later it may."""


class Busy(Away):
    """Other programs held what a transaction needed, at every try; later it may work."""


class Constrained(MirrorError):
    """A constraint that somebody else put on the mirror's tables refuses a row."""


_POSTGRESQL = {
    "25006": (MirrorError, "{where} is read-only: give one that can be written in database.url"),
    "42501": (MirrorError, "{where}: this role may not do that; see deploy/roles.sql"),
    "53100": (Away, "the disk of {where} is full"),
    "53200": (Away, "{where} is out of memory"),
}


def again(error: sa.exc.DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is run anew."""
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_name(error.orig) in ("SQLITE_BUSY", "SQLITE_LOCKED")
    return getattr(error.orig, "sqlstate", None) in _AGAIN


def explained(error: sa.exc.DBAPIError, where: str) -> MirrorError | None:
    """The one line for a person, or None for an error that is a fault of the statement itself."""
    if again(error):
        return Busy(f"{where} is locked by another program; end its long transactions")
    if isinstance(error, sa.exc.IntegrityError):
        return Constrained(f"a constraint of your own holds the row: {words(error)}")
    if isinstance(error.orig, sqlite3.Error):
        name = _sqlite_name(error.orig)
        kind = Away if name in _AWAY else MirrorError
        return kind(_SQLITE[name].format(where=where)) if name in _SQLITE else None
    return _of_postgresql(error, where)


def _sqlite_name(error: sqlite3.Error) -> str:
    """`SQLITE_BUSY` for `SQLITE_BUSY_SNAPSHOT` and the like."""
    return "_".join(str(getattr(error, "sqlite_errorname", "")).split("_")[:2])


def _of_postgresql(error: sa.exc.DBAPIError, where: str) -> MirrorError | None:
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in _POSTGRESQL:
        kind, text = _POSTGRESQL[state]
        return kind(text.format(where=where))
    lost = error.connection_invalidated or (
        isinstance(error, sa.exc.OperationalError) and not state
    )
    if lost or state[:2] in ("08", "28") or state in ("53300", "57P01", "57P02", "57P03"):
        return Away(f"{where} can't be reached: {_first_line(error)}")
    return None


def _first_line(error: sa.exc.DBAPIError) -> str:
    """Without the address that psycopg puts first; it never holds the password."""
    lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    return lines[0].rpartition("FATAL:")[2].strip()


def words(error: sa.exc.DBAPIError) -> str:
    """The database's own words; they name tables and constraints, no values."""
    if isinstance(error.orig, sqlite3.Error):
        return str(error.orig)
    return str(error.orig.diag.message_primary)  # type: ignore[union-attr]
