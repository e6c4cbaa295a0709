"""PostgreSQL: a server that several daemons and programs share."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from cfsync.errors import MirrorError
from cfsync.mirror.db.dialect import census_sql, secrets_table
from cfsync.mirror.db.dialect.base import Dialect, OwnColumns, Row, Server
from cfsync.mirror.db.dialect.postgresql import checks, session
from cfsync.mirror.db.dialect.postgresql.server import CHANNEL, PostgreSQLServer
from cfsync.mirror.db.dialect.stored import Stored
from cfsync.mirror.db.dialect.upserts import lost_key, on_conflict
from cfsync.mirror.db.dialect.view_sql import PostgreSQLViews
from cfsync.mirror.db.errors import NOT_OWNER, Away
from cfsync.mirror.db.quoting import ident, literal, table_name
from cfsync.times import time_text

_CONTENTION = {"40001", "40P01", "55P03"}
"""Serialization failure, deadlock, a lock that did not come in time."""
_RAISED = {"exec_stmt_raise", "PLy_elog_impl"}
"""Where in the server an error is made that a trigger raises itself, whatever its SQLSTATE says."""

_REFUSALS = {"22", "23", "38", "39", "44", "P0"}
"""Classes of errors that a constraint, a trigger or an index on an expression makes."""
_USERS_FUNCTION = re.compile(r"function (?:\w+\.)?(?!cf_)\w+\(")
"""In the context of an error: a function that isn't cfsync's."""

_FAILURES = {
    "25006": (MirrorError, "{where} is read-only: give one that can be written in database.url"),
    "42501": (MirrorError, f"{{where}}: {NOT_OWNER}"),
    "57014": (Away, "{where}: a statement was cancelled, or took longer than a minute"),
    "53100": (Away, "the disk of {where} is full"),
    "53200": (Away, "{where} is out of memory"),
}

_ADD_KEY = "run ALTER TABLE {table} ADD PRIMARY KEY ({key}) as the owner of the tables"

_CUT_OFF = ("25P03", "53300", "57P01", "57P02", "57P03")
"""The server ends the connection, or takes none."""

_RELATIONS = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
UNION SELECT typname FROM pg_type WHERE typnamespace = current_schema()::regnamespace
"""
"""A type of one's own stands in the way of a table of its name, too."""


class PostgreSQL(Dialect):
    """Bulk statements send one JSON parameter, which the server turns into rows."""

    name = "postgresql"
    tries = 4
    has_one_daemon = False
    private: ClassVar = ("cf_rev_seq", "cf_horizons")
    read_options: ClassVar = {"isolation_level": "REPEATABLE READ"}
    id_in = "= ANY(%(ids)s)"
    views = PostgreSQLViews()
    census = census_sql.POSTGRESQL
    stored: ClassVar = {
        "timestamp": Stored(sa.DateTime(timezone=True), datetime.fromisoformat, time_text),
        "money": Stored(sa.Numeric(), Decimal, str),
        "json": Stored(postgresql.JSONB(none_as_null=True)),
    }

    def place(self, url: sa.URL) -> PostgreSQLServer:
        return PostgreSQLServer(url, self)

    def is_contention(self, error: sa.exc.DBAPIError) -> bool:
        return _state(error) in _CONTENTION and not _is_raised(error)

    def is_refusal(self, error: sa.exc.DBAPIError) -> bool:
        if self.is_contention(error):
            return False
        context = _diagnosis(error, "context")
        foreign = _is_raised(error) or _USERS_FUNCTION.search(context)
        return _state(error)[:2] in _REFUSALS or bool(foreign)

    def check_deferred(self, conn: sa.Connection) -> None:
        conn.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")

    def deferred_refusals(
        self, conn: sa.Connection, error: sa.exc.DBAPIError
    ) -> dict[tuple[str, int], str]:
        return {}

    def has_ended(self, conn: sa.Connection) -> bool:
        return False

    def lock_holders(self, conn: sa.Connection, error: sa.exc.DBAPIError) -> str:
        return checks.lock_holders(conn, _diagnosis(error, "context"))

    def failure(self, error: sa.exc.DBAPIError, where: str) -> MirrorError | None:
        state = _state(error)
        if _diagnosis(error, "source_function") == "check_enable_rls":
            return MirrorError(f"{where}: {self.message(error)}: {checks.SEES_ALL}")
        if state == "42P01" and secrets_table.SCHEMA in str(error.orig):
            return MirrorError(f"{where} has no schema {secrets_table.SCHEMA}: run cfsync migrate")
        if state == "42P10":
            return lost_key(error, where, _ADD_KEY)
        if state in _FAILURES:
            kind, text = _FAILURES[state]
            return kind(text.format(where=where))
        lost = error.connection_invalidated or (
            isinstance(error, sa.exc.OperationalError) and not state
        )
        if lost or state[:2] in ("08", "28") or state in _CUT_OFF:
            return Away(f"{where} can't be reached: {_first_line(error)}")
        return None

    def message(self, error: sa.exc.DBAPIError) -> str:
        return str(error.orig.diag.message_primary)  # type: ignore[union-attr]

    def keys_in_the_way(self, conn: sa.Connection, table: str, row: int, words: str) -> list[str]:
        return checks.keys_in_the_way(conn, table, words)

    def before_retry(self, where: str, attempt: int) -> None:
        time.sleep(0.05 * attempt)

    def mark(self, conn: sa.Connection) -> None:
        """Also limits how long a statement may wait for others, in the same call."""
        conn.exec_driver_sql(
            "SELECT set_config('cfsync.writer', 'on', true),"
            " set_config('lock_timeout', '500ms', true),"
            " set_config('statement_timeout', '60s', true)"
        )

    def unmark(self, conn: sa.Connection) -> None:
        conn.exec_driver_sql("SELECT set_config('cfsync.writer', '', true)")

    def take_any_time(self, conn: sa.Connection) -> None:
        conn.exec_driver_sql(session.TAKE_ANY_TIME)

    def name_program(self, conn: sa.Connection, name: str) -> bool:
        sql = "SELECT set_config('application_name', %(name)s, true)"
        conn.exec_driver_sql(sql, {"name": name})
        return True

    def before_commit(self, conn: sa.Connection) -> None:
        """The mark ends with the transaction."""

    def write_pause(self) -> Callable[[sa.Connection], AbstractContextManager[None]]:
        return lambda _conn: nullcontext()  # the server queues those who wait

    def next_rev(self, conn: sa.Connection) -> int:
        return int(conn.exec_driver_sql("SELECT nextval('cf_rev_seq')").scalar_one())

    def take_numbers(self, conn: sa.Connection, count: int) -> Sequence[int]:
        sql = "SELECT cf_take_numbers(%(count)s)"
        return list(conn.exec_driver_sql(sql, {"count": count}).scalar_one())

    def skip_numbers(self, conn: sa.Connection, count: int) -> None:
        sequence = "(SELECT pg_get_serial_sequence('cf_outbox', 'seq')::regclass)"
        sql = f"SELECT max(nextval({sequence})) FROM generate_series(1, %(count)s)"
        conn.exec_driver_sql(sql, {"count": count})

    def tidy_numbers(self, conn: sa.Connection) -> None:
        conn.exec_driver_sql(
            "DELETE FROM cf_horizons"
            " WHERE horizon <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            " OR horizon > pg_current_xact_id()::text::bigint"
        )

    def highest_rev(self, conn: sa.Connection) -> int:
        sql = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM cf_rev_seq"
        return int(conn.exec_driver_sql(sql).scalar_one())

    def server_time(self, conn: sa.Connection) -> str:
        return time_text(conn.exec_driver_sql("SELECT clock_timestamp()").scalar_one())

    def insert(self, table: sa.Table) -> Any:
        return postgresql.insert(table)

    def upsert(
        self,
        conn: sa.Connection,
        table: sa.Table,
        rows: Sequence[Row],
        stamp: Row,
        keep: tuple[str, ...],
    ) -> None:
        sql = _upsert(table, (*rows[0], *stamp), keep)
        stamped = [{**row, **stamp} for row in rows] if stamp else rows
        conn.exec_driver_sql(sql, {"rows": orjson.dumps(stamped).decode()})

    def differing_ids(
        self, conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]
    ) -> list[int]:
        sql = _differing(table, columns)
        found = conn.exec_driver_sql(sql, {"rows": orjson.dumps(rows).decode()})
        return [i for (i,) in found]

    own_value = "CASE WHEN {column} IS DISTINCT FROM ({default}) THEN {column}::text END"

    def own_columns(self, conn: sa.Connection, table: sa.Table) -> OwnColumns:
        return checks.own_columns(conn, table)

    def param(self, name: str) -> str:
        return f"%({name})s"

    def id_list(self, ids: Sequence[int]) -> list[int]:
        return list(ids)

    def lock_rows(self, conn: sa.Connection, table: sa.Table, ids: Sequence[int]) -> set[int]:
        there = f"SELECT id FROM {table_name(table)} WHERE id {self.id_in}"
        query = {"ids": list(ids)}
        locking = there + " ORDER BY id FOR UPDATE SKIP LOCKED"
        locked = {i for (i,) in conn.exec_driver_sql(locking, query)}
        return {i for (i,) in conn.exec_driver_sql(there, query)} - locked

    def serialize_writers(self, conn: sa.Connection, table: sa.Table) -> None:
        sql = "SELECT pg_advisory_xact_lock(hashtext('cfsync write'), hashtext(%(name)s))"
        conn.exec_driver_sql(sql, {"name": table.name})

    def new_local_id(self, conn: sa.Connection, table: sa.Table) -> int:
        sql = f"SELECT nextval(pg_get_serial_sequence({literal(table.name)}, 'id'))"
        return int(conn.exec_driver_sql(sql).scalar_one())

    def relations(self, conn: sa.Connection) -> set[str]:
        return set(conn.exec_driver_sql(_RELATIONS).scalars())

    def may_create(self, conn: sa.Connection) -> bool:
        sql = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
        return bool(conn.exec_driver_sql(sql).scalar_one())

    def notify(self, conn: sa.Connection) -> None:
        conn.exec_driver_sql(f"NOTIFY {CHANNEL}")

    def describe(self, conn: sa.Connection) -> Server:
        return checks.server(conn)

    def create_secrets(self, conn: sa.Connection) -> None:
        secrets_table.create(conn)

    def clear_replaced(self, conn: sa.Connection) -> None:
        """The triggers keep none."""

    def overwrite_deleted(self, conn: sa.Connection) -> None:
        """The server's own business: VACUUM frees the space."""


def _state(error: sa.exc.DBAPIError) -> str:
    """The SQLSTATE; empty where the server gave none."""
    return getattr(error.orig, "sqlstate", None) or ""


def _diagnosis(error: sa.exc.DBAPIError, what: str) -> str:
    """A detail that the server gives of an error; empty where it gave none."""
    return getattr(getattr(error.orig, "diag", None), what, None) or ""


def _is_raised(error: sa.exc.DBAPIError) -> bool:
    """Whether a trigger raised it, and not the server. A DO block is no trigger."""
    is_raise = _diagnosis(error, "source_function") in _RAISED
    return is_raise and "inline_code_block" not in _diagnosis(error, "context")


def _first_line(error: sa.exc.DBAPIError) -> str:
    """Without the address that psycopg puts first; it never holds the password."""
    lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    return lines[0].rpartition("FATAL:")[2].strip()


@cache
def _upsert(table: sa.Table, columns: tuple[str, ...], keep: tuple[str, ...]) -> str:
    names = ", ".join(map(ident, columns))
    select = f"SELECT {names} FROM {_recordset(table)}"
    return f"INSERT INTO {table_name(table)} ({names}) {select} {on_conflict(table, columns, keep)}"


@cache
def _differing(table: sa.Table, columns: tuple[str, ...]) -> str:
    given, held = (", ".join(f"{of}.{ident(c)}" for c in columns) for of in ("given", "held"))
    return (
        f"SELECT given.id FROM {_recordset(table)} given"
        f" LEFT JOIN {table_name(table)} held USING (id)"
        f" WHERE ({held}) IS DISTINCT FROM ({given})"
    )


def _recordset(table: sa.Table) -> str:
    return f"json_populate_recordset(NULL::{table_name(table)}, %(rows)s::json)"


DIALECT = PostgreSQL()
