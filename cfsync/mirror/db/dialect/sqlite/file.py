"""An SQLite file: checked and created, opened, locked, watched for commits of other programs."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db import notifications
from cfsync.mirror.db.dialect import secrets_table
from cfsync.mirror.db.dialect.base import Dialect
from cfsync.mirror.db.dialect.move_method import MoveSource
from cfsync.mirror.db.dialect.place import Files, Place
from cfsync.mirror.db.dialect.sqlite import reading
from cfsync.mirror.db.dialect.sqlite.backups import SQLiteBackups
from cfsync.mirror.db.dialect.sqlite.locks import FilePushLocks, files_of
from cfsync.mirror.db.errors import NO_MIRROR, Replaced

if TYPE_CHECKING:
    from filelock import FileLock

LOOK_S = 0.2
"""Seconds between two looks at whether another program has committed."""

WAL_BYTES = 2**25
"""The log is shortened to this; just above what it grows to before it is used again."""

CACHED_STATEMENTS = 32
"""Statements that the driver keeps compiled. One that writes to a table holds the programs of the
table's triggers: the 128 that are its default take 9 MB more in a walk of all lists.
"""

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
    f"journal_size_limit = {WAL_BYTES}",
)

FAILURES = {
    "SQLITE_NOTADB": "{where} is not an SQLite database; check database.url",
    "SQLITE_CORRUPT": "{where} is damaged; restore a backup and run cfsync recover",
    "SQLITE_READONLY": "{where} is read-only for this user; check its owner and permissions",
    "SQLITE_CANTOPEN": "{where} can't be opened; check its owner and permissions",
    "SQLITE_PERM": "{where} can't be opened; check its owner and permissions",
    "SQLITE_FULL": "the disk that holds {where} is full",
    "SQLITE_IOERR": "{where} can't be read or written: the disk reports an error",
}
"""What is wrong with a file, by SQLite's name for the error."""

_FOREIGN = "SELECT count(*) > 0 AND NOT sum(name = 'cf_schema') FROM sqlite_schema"
"""Whether the file holds something and no mirror (yet): then its journal stays as it is, and there
are no secrets beside it.
"""


Identity = tuple[int, int]


class _Connection(sqlite3.Connection):
    """Knows the files that it has opened."""

    files: Mapping[Path, Identity] = MappingProxyType({})
    """The mirror's own is the first."""

    def close(self) -> None:
        """SQLite's last connection to close copies the log into the file and removes it. Where
        another program has begun a log or index in the place of those that are open here, that
        would put old pages over what the other program has committed. So then it isn't the last
        one: that is a connection that may only read. A log that is merely gone is still copied,
        since nobody else has it.
        """
        with ExitStack() as afterwards:
            if any(_is_anothers(file, identity) for file, identity in self.files.items()):
                with suppress(sqlite3.Error):
                    last = _connect_read_only(next(iter(self.files)))
                    afterwards.callback(last.close)
                    last.execute(_FOREIGN)  # now it is connected
            super().close()


class SQLiteFile(Place):
    """A file on this machine. Raises MirrorError for a URL that names no file."""

    def __init__(self, url: sa.URL, dialect: Dialect) -> None:
        name = url.database or ""
        if not name or name.startswith((":memory:", "file:")):
            raise MirrorError("the mirror must be a file: set database.url to sqlite:///PATH")
        self.url, self.dialect = url, dialect
        self.file: Path = Path(name).absolute()
        self.secrets_file = secrets_table.file_beside(self.file)

    def __str__(self) -> str:
        return str(self.file)

    def check(self) -> None:
        file = self.file
        if self.url.query:
            raise MirrorError("database.url takes no parameters behind a ? for SQLite")
        if not file.parent.is_dir():
            raise MirrorError(f"no directory {file.parent}: make it or change database.url")
        if file.is_dir():
            raise MirrorError(f"{file} is a directory: give a file in database.url")
        usable = not file.exists() or os.access(file, os.R_OK | os.W_OK)
        if not usable or not os.access(file.parent, os.W_OK):
            raise MirrorError(
                f"{file} or its directory is not readable and writable for this user;"
                " check owner and permissions"
            )

    def prepare(self, *, must_exist: bool) -> None:
        self.check()
        if not self.file.exists():
            if must_exist:
                raise MirrorError(f"{NO_MIRROR} {self.file}: run cfsync backfill")
            _create(self.file)

    def engine(self, *, read_only: bool = False) -> sa.Engine:
        engine = sa.create_engine(
            self.url.set(database=str(self.file)),
            poolclass=sa.QueuePool,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"factory": _Connection, "cached_statements": CACHED_STATEMENTS},
        )
        configure = self._configure_reading if read_only else self._configure
        sa.event.listen(engine, "connect", configure)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def _configure(self, connection: _Connection, record: Any) -> None:
        _set_up(connection)
        (foreign,) = connection.execute(_FOREIGN).fetchone()
        for pragma in _PRAGMAS:
            if not (foreign and pragma.startswith("journal_mode")):
                connection.execute(f"PRAGMA {pragma}")
        if not foreign:
            secrets_table.attach(connection, self.file)
        connection.execute(_FOREIGN).fetchone()  # opens the log, too
        connection.files = self._identities()

    def _configure_reading(self, connection: _Connection, record: Any) -> None:
        _set_up(connection)
        reading.prepare(connection)
        connection.files = self._identities()

    def _identities(self) -> dict[Path, Identity]:
        """The files that belong to the mirror now."""
        names = (Path(f"{self.file}{end}") for end in ("", "-wal", "-shm", "-secrets"))
        return {name: found for name in names if (found := _identity(name))}

    @contextmanager
    def migration(self) -> Iterator[sa.Connection]:
        # SQLite's own lock does not cover the switch of a new file to WAL.
        from filelock import FileLock

        with FileLock(f"{self.file}.migrate-lock"):
            engine = self.engine()
            try:
                with engine.begin() as conn:
                    yield conn
            finally:
                engine.dispose()

    async def changes(self) -> AsyncGenerator[None]:
        """Looks outside the event loop's thread: the file may be on a slow disk."""
        loop, quiet, seen = asyncio.get_running_loop(), 0.0, None
        with ThreadPoolExecutor(1, thread_name_prefix="watch") as thread:
            conn = await loop.run_in_executor(thread, _connect_read_only, self.file)
            try:
                while True:
                    version = await loop.run_in_executor(thread, _data_version, conn)
                    if version != seen or quiet >= notifications.POLL_S:
                        seen, quiet = version, 0.0
                        yield
                    await asyncio.sleep(LOOK_S)
                    quiet += LOOK_S
            finally:
                thread.submit(conn.close)

    def push_locks(self) -> FilePushLocks:
        return FilePushLocks(Path(f"{self.file}.push-lock"))

    def backups(self) -> SQLiteBackups:
        return SQLiteBackups(self.file)

    def files(self) -> Files:
        return files_of(self.file)

    def move_source(self) -> MoveSource:
        from cfsync.mirror.db.dialect.sqlite.moving import SQLiteSource

        return SQLiteSource(self)

    def wal_size(self) -> int:
        try:
            return Path(f"{self.file}-wal").stat().st_size
        except OSError:
            return 0

    def shrink_wal(self) -> str:
        """Waits for nobody. The first checkpoint does the work, beside other writers; the second
        one, which they would have to wait for, then only cuts the file.
        """
        if self.wal_size() <= WAL_BYTES:
            return ""
        with closing(sqlite3.connect(self.file, timeout=0, isolation_level=None)) as conn:
            try:
                _, pages, copied = conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if copied < pages:
                    return f"{copied}"
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error:
                pass  # the next time
        return ""

    def run_lock(self) -> FileLock:
        from filelock import FileLock

        return FileLock(f"{self.file}.run-lock")


def _create(file: Path) -> None:
    """An empty file that strangers can't read: it will hold people's data."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o660))
    except OSError as error:
        raise MirrorError(f"{file} can't be made: {error.strerror}") from error


def _set_up(connection: _Connection) -> None:
    # The driver begins transactions by itself, late and deferred; here they begin as told.
    connection.isolation_level = None
    # SQLite takes any bytes for text; a row of them must not stop the reading of the others.
    connection.text_factory = lambda text: text.decode(errors="replace")


def _begin(conn: sa.Connection) -> None:
    """Raises Replaced where a path no longer leads to the file that was opened: SQLite would go on
    in the old one, which nobody else sees.
    """
    connection: Any = conn.connection.dbapi_connection
    for file, identity in connection.files.items():
        if _identity(file) != identity:
            raise Replaced(str(file))
    conn.exec_driver_sql(conn.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE"))


def _identity(file: Path) -> Identity | None:
    """Tells a file from another one of its name; None: there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_anothers(file: Path, opened: Identity) -> bool:
    """Whether another program has put a file there, and written to it."""
    try:
        found = file.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) != opened and found.st_size > 0


def _connect_read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)


def _data_version(conn: sqlite3.Connection) -> int | None:
    """A number that changes with every commit of another connection; None: it can't be read now."""
    try:
        return int(conn.execute("PRAGMA data_version").fetchone()[0])
    except sqlite3.Error:
        return None
