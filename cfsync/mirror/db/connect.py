"""Where the mirror is, and how to connect to it: what a URL says and what is checked before."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.values import json_of

_SCHEMES = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_PRAGMAS = (
    "busy_timeout = 10000",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    # In a large mirror a page of contacts touches as many pages of the indexes. With room for them
    # in memory (kB), and in the log (pages) until they are written once for several transactions,
    # 200,000 rows take 20,000 more in half the time.
    "cache_size = -8000",
    "wal_autocheckpoint = 8000",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A database URL, understood. Its text names the database without user and password."""

    url: sa.URL
    file: Path | None

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises MirrorError for a URL that is none or leads to another kind of database."""
        try:
            parsed = sa.make_url(url)
            parsed = parsed.set(drivername=_SCHEMES[parsed.drivername])
        except (sa.exc.ArgumentError, KeyError, ValueError):
            raise MirrorError(
                "database.url must be sqlite:///PATH or postgresql://USER@HOST/DATABASE"
            ) from None
        return cls(parsed, _file(parsed) if parsed.drivername == "sqlite" else None)

    def __str__(self) -> str:
        if self.file:
            return str(self.file)
        host = self.url.host or self.url.query.get("host") or "localhost"
        port = f":{self.url.port}" if self.url.port else ""
        return f"PostgreSQL database {self.url.database or ''} at {host}{port}"

    def prepare(self, *, must_exist: bool) -> None:
        """Look at an SQLite file before SQLite does, for better words. Raises MirrorError."""
        if self.file is None:
            return
        if not self.file.parent.is_dir():
            raise MirrorError(f"no directory {self.file.parent}: make it or change database.url")
        if self.file.is_dir():
            raise MirrorError(f"{self.file} is a directory: give a file in database.url")
        if not self.file.exists():
            if must_exist:
                raise MirrorError(f"no mirror at {self.file}: run cfsync backfill")
            _make(self.file)
        if not os.access(self.file, os.R_OK | os.W_OK) or not os.access(self.file.parent, os.W_OK):
            raise MirrorError(
                f"{self.file} or its directory is not readable and writable for this user;"
                " check owner and permissions"
            )


def _file(url: sa.URL) -> Path:
    name = url.database or ""
    if not name or name.startswith((":memory:", "file:")):
        raise MirrorError("the mirror must be a file: set database.url to sqlite:///PATH")
    return Path(name).absolute()


def _make(file: Path) -> None:
    """An empty file that strangers can't read: it will hold people's data."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o660))
    except OSError as error:
        raise MirrorError(f"{file} can't be made: {error.strerror}") from error


def engine_for(place: Place) -> sa.Engine:
    """An engine with a single connection; its errors never show parameters."""
    common: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "hide_parameters": True}
    if place.file:
        engine = sa.create_engine(
            place.url.set(database=str(place.file)), poolclass=sa.QueuePool, **common
        )
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    # Prepared statements do not survive a pooler that hands out connections by transaction.
    options = {
        "connect_timeout": 10,
        "application_name": "cfsync",
        "client_encoding": "utf8",
        "prepare_threshold": None,
    }
    try:
        engine = sa.create_engine(
            place.url,
            pool_pre_ping=True,
            json_deserializer=json_of,
            connect_args=options,
            **common,
        )
    except ModuleNotFoundError as error:
        raise MirrorError("PostgreSQL needs its driver: pip install 'cfsync[postgres]'") from error
    sa.event.listen(engine, "connect", partial(_check_encoding, str(place)))
    return engine


def _check_encoding(place: str, connection: Any, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in ("UTF8", None):
        raise MirrorError(f"{place} has the encoding {encoding}: make one with UTF8")


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver begins transactions by itself, late and deferred; here they begin as told below.
    connection.isolation_level = None
    # SQLite takes any bytes for text; a row of them must not stop the reading of the others.
    connection.text_factory = lambda text: text.decode(errors="replace")
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: sa.Connection) -> None:
    conn.exec_driver_sql(conn.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE"))
