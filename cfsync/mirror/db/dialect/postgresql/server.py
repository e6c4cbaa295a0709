"""A database on a PostgreSQL server: connected to, locked, listened to.

What holds locks or listens for long has a connection of its own, beside SQLAlchemy's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db import notifications
from cfsync.mirror.db.dialect.base import Dialect
from cfsync.mirror.db.dialect.place import Lost, Place
from cfsync.mirror.db.dialect.postgresql import session
from cfsync.mirror.db.dialect.postgresql.backups import PostgreSQLBackups
from cfsync.mirror.db.dialect.postgresql.moving import PostgreSQLTarget
from cfsync.mirror.db.errors import Away
from cfsync.values import json_of

if TYPE_CHECKING:
    import psycopg

CHANNEL = "cfsync_outbox"
CHANGES_CHANNEL = "cfsync_changes"
"""For programs that follow the history."""

PAUSED_S, SIGN_S = 60, 15.0
"""A process that gives no sign of life for PAUSED_S loses its push locks; one that runs gives one
every SIGN_S seconds.
"""

_MIGRATION_LOCK = 0x6366_7379_6E63
"""The advisory lock of a migration under way ("cfsync" as a number)."""

_WAIT_LONG = (
    "SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)"
)

_PINS = "cfsync_pins"
"""Where SQLAlchemy keeps the statement that begins each transaction on a connection."""

# Prepared statements do not survive a pooler that hands out connections by transaction.
OPTIONS: dict[str, Any] = {
    "connect_timeout": 10,
    "application_name": "cfsync",
    "client_encoding": "utf8",
    "prepare_threshold": None,
}
_LISTEN = (
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'",
    f"LISTEN {CHANNEL}",
)

# A transaction that is left open holds the locks: a pooler gives it a connection of its own, as it
# does not for a session. A machine that has gone is missed within half a minute.
_HOLD = (
    "SELECT set_config(name, value, true) FROM pg_settings JOIN (VALUES"
    " ('idle_in_transaction_session_timeout', '{ms}'), ('transaction_timeout', '0'),"
    " ('statement_timeout', '0'),"
    " ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'),"
    " ('tcp_keepalives_count', '3')) wanted (name, value) USING (name)"
)
_NO_DRIVER = "PostgreSQL needs its driver: pip install 'cfsync[postgres]'"
_TAKE = (
    "SELECT name FROM unnest(%s::text[]) name"
    " WHERE pg_try_advisory_xact_lock(hashtext('cfsync push'), hashtext(name))"
)


class PostgreSQLServer(Place):
    """A database on a server, which any number of processes may use."""

    def __init__(self, url: sa.URL, dialect: Dialect) -> None:
        self.url, self.dialect = url, dialect

    def __str__(self) -> str:
        host = self.url.host or self.url.query.get("host") or "localhost"
        port = f":{self.url.port}" if self.url.port else ""
        return f"PostgreSQL database {self.url.database or ''} at {host}{port}"

    def check(self) -> None:
        """The server itself says what is wrong but the URL's parameters. They are not named: they
        may be parts of a password.
        """
        try:
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict
        except ModuleNotFoundError as error:
            raise MirrorError(_NO_DRIVER) from error
        try:
            conninfo_to_dict(self.conninfo)
        except ProgrammingError:
            raise MirrorError(
                "database.url has a parameter that PostgreSQL doesn't know; write a ? in the"
                " password as %3F"
            ) from None

    def prepare(self, *, must_exist: bool) -> None:
        self.check()

    def engine(self, *, read_only: bool = False) -> sa.Engine:
        engine = sa.create_engine(
            self.url,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            json_deserializer=json_of,
            connect_args=OPTIONS,
        )
        sa.event.listen(engine, "connect", self._connected)
        sa.event.listen(engine, "begin", _pin)
        if read_only:
            sa.event.listen(engine, "begin", _forbid_writing)
        return engine

    def _connected(self, connection: Any, record: Any) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in ("UTF8", None):
            raise MirrorError(f"{self} has the encoding {encoding}: make one with UTF8")
        record.info[_PINS] = session.pins(connection)

    @contextmanager
    def migration(self) -> Iterator[sa.Connection]:
        engine = self.engine()
        try:
            with engine.begin() as conn:
                conn.exec_driver_sql(_WAIT_LONG)
                conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
                yield conn
        finally:
            engine.dispose()

    async def changes(self) -> AsyncGenerator[None]:
        import psycopg

        try:
            connecting = psycopg.AsyncConnection.connect(self.conninfo, autocommit=True, **OPTIONS)
            async with await connecting as it:
                for statement in _LISTEN:
                    await it.execute(statement)
                while True:
                    yield
                    async for _ in it.notifies(timeout=notifications.POLL_S, stop_after=1):
                        pass
        except psycopg.Error as error:
            raise Away(f"{self} can't be reached: {type(error).__name__}") from error

    def push_locks(self) -> ServerPushLocks:
        return ServerPushLocks(str(self), self.conninfo)

    def backups(self) -> PostgreSQLBackups:
        return PostgreSQLBackups(str(self), self.conninfo)

    def move_target(self) -> PostgreSQLTarget:
        return PostgreSQLTarget(str(self))

    @property
    def conninfo(self) -> str:
        """The URL for the driver itself, with the password."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)


class ServerPushLocks:
    """Advisory locks of one transaction that stays open."""

    def __init__(self, place: str, conninfo: str) -> None:
        self._place = place
        self.conninfo = conninfo

    @asynccontextmanager
    async def hold(self, names: Sequence[str], lost: Lost) -> AsyncIterator[Collection[str]]:
        import psycopg

        try:
            conn = await psycopg.AsyncConnection.connect(self.conninfo, **OPTIONS)
            await conn.execute(_HOLD.format(ms=PAUSED_S * 1000))
            mine = [name for (name,) in await (await conn.execute(_TAKE, [list(names)])).fetchall()]
        except psycopg.Error as error:
            raise Away(f"{self._place} can't be reached: {type(error).__name__}") from error
        signs = asyncio.create_task(_give_signs(conn, lost))
        try:
            yield mine
        finally:
            signs.cancel()
            await asyncio.gather(signs, return_exceptions=True)
            with suppress(psycopg.Error):
                # A connection that is merely closed holds its locks a little longer.
                await conn.rollback()
                await conn.close()


def _pin(conn: sa.Connection) -> None:
    conn.exec_driver_sql(conn.info[_PINS])


def _forbid_writing(conn: sa.Connection) -> None:
    conn.exec_driver_sql("SET TRANSACTION READ ONLY")


async def _give_signs(conn: psycopg.AsyncConnection, lost: Lost) -> None:
    """Until cancelled, or told by the server that it waits no longer."""
    import psycopg

    try:
        while True:
            await asyncio.sleep(SIGN_S)
            await conn.execute("SELECT 1")
    except psycopg.Error:
        lost()
