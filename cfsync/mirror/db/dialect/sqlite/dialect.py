"""SQLite: a file that one daemon has, and that other programs may write to at any time."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from operator import itemgetter
from typing import Any, ClassVar

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import sqlite

from cfsync.errors import MirrorError
from cfsync.mirror.db.dialect import census_sql, secrets_table
from cfsync.mirror.db.dialect.base import Dialect, OwnColumns, Row, Server
from cfsync.mirror.db.dialect.sqlite import checks
from cfsync.mirror.db.dialect.sqlite.file import FAILURES, SQLiteFile
from cfsync.mirror.db.dialect.sqlite.numbers import take_numbers
from cfsync.mirror.db.dialect.sqlite.values import STORED
from cfsync.mirror.db.dialect.upserts import on_conflict
from cfsync.mirror.db.dialect.view_sql import SQLiteViews
from cfsync.mirror.db.errors import Away
from cfsync.mirror.db.quoting import ident, literal, table_name
from cfsync.mirror.db.types import Json, Money
from cfsync.mirror.db.write_pause import WritePause

log = structlog.get_logger()

SIZES = (160, 80, 40, 20)
"""Rows in one statement, which takes no more than 32,766 values. Few sizes, since each is a
statement that stays compiled, and takes memory; a page has 20 records."""

_IN_TRIGGER = re.compile(
    r"no such table: main\.|no such function: |malformed JSON|integer overflow"
)
"""What a trigger or an index on an expression fails with. Only a trigger names the schema."""

_MISSING_TABLE = re.compile(r"no such table: main\.(.+)")
_USERS_TRIGGERS = """
SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name NOT GLOB 'cf_*' ORDER BY name
"""

_NO_SECRETS = f"no such table: {secrets_table.SCHEMA}."
_AWAY = {"SQLITE_FULL", "SQLITE_IOERR"}


class SQLite(Dialect):
    """A transaction that writes holds the whole database, so rows and tables need no locks."""

    name = "sqlite"
    tries = 12  # each waits up to 10 s
    has_one_daemon = True
    private: ClassVar = ("cf_writer", "cf_replaced")
    take_numbers = staticmethod(take_numbers)
    read_options: ClassVar = {"sqlite_begin": "BEGIN"}
    id_in = "IN (SELECT value FROM json_each(:ids))"
    views = SQLiteViews()
    census = census_sql.SQLITE
    stored: ClassVar = STORED

    def place(self, url: sa.URL) -> SQLiteFile:
        return SQLiteFile(url, self)

    def is_contention(self, error: sa.exc.DBAPIError) -> bool:
        return _error_name(error) in ("SQLITE_BUSY", "SQLITE_LOCKED")

    def is_refusal(self, error: sa.exc.DBAPIError) -> bool:
        """A trigger that is itself broken makes an SQLITE_ERROR, as a statement of ours would."""
        if isinstance(error, sa.exc.IntegrityError):
            return True
        return _error_name(error) == "SQLITE_ERROR" and bool(_IN_TRIGGER.match(str(error.orig)))

    def check_deferred(self, conn: sa.Connection) -> None:
        """SQLite checks them at the commit only."""

    def deferred_refusals(
        self, conn: sa.Connection, error: sa.exc.DBAPIError
    ) -> dict[tuple[str, int], str]:
        """The transaction is still open, which SQLAlchemy doesn't know."""
        found = conn.connection.cursor()
        found.execute("PRAGMA foreign_key_check")
        return {
            (table, rowid): f"{self.message(error)} ({parent})"
            for table, rowid, parent, _ in found.fetchall()
        }

    def has_ended(self, conn: sa.Connection) -> bool:
        return not conn.connection.dbapi_connection.in_transaction  # type: ignore[union-attr]

    def failure(self, error: sa.exc.DBAPIError, where: str) -> MirrorError | None:
        name = _error_name(error)
        if _NO_SECRETS in str(error.orig):
            return MirrorError(
                f"{where}-secrets belongs to another user: run this as that user, or give the file"
                " to the one that runs cfsync (chown)"
            )
        if name in FAILURES:
            return (Away if name in _AWAY else MirrorError)(FAILURES[name].format(where=where))
        return checks.lost_key(error, where)

    def message(self, error: sa.exc.DBAPIError) -> str:
        return str(error.orig)

    def refusal(self, conn: sa.Connection, error: sa.exc.DBAPIError) -> str:
        """SQLite doesn't say which trigger names a table that is missing."""
        words = self.message(error)
        if not (missing := _MISSING_TABLE.match(words)):
            return words
        table = missing[1]
        found = conn.exec_driver_sql(_USERS_TRIGGERS).all()
        named = [name for name, sql in found if re.search(rf"\b{re.escape(table)}\b", sql, re.I)]
        return (
            f"the trigger {' or '.join(named)} names the missing table {table}" if named else words
        )

    def keys_in_the_way(self, conn: sa.Connection, table: str, row: int, words: str) -> list[str]:
        return checks.keys_in_the_way(conn, table, row) if "FOREIGN KEY" in words else []

    def before_retry(self, where: str, attempt: int) -> None:
        """SQLite itself has waited long: somebody may have left a transaction open."""
        log.warning("database.locked", file=where, attempt=attempt)

    def mark(self, conn: sa.Connection) -> None:
        conn.exec_driver_sql("UPDATE cf_writer SET mark = 1")

    def unmark(self, conn: sa.Connection) -> None:
        conn.exec_driver_sql("UPDATE cf_writer SET mark = 0")

    def take_any_time(self, conn: sa.Connection) -> None:
        """There is no limit."""

    def name_program(self, conn: sa.Connection, name: str) -> bool:
        return False

    def before_commit(self, conn: sa.Connection) -> None:
        self.unmark(conn)

    def write_pause(self) -> Callable[[sa.Connection], AbstractContextManager[None]]:
        return WritePause().before

    def next_rev(self, conn: sa.Connection) -> int:
        sql = (
            "UPDATE cf_meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'cf_rev'"
            " RETURNING CAST(value AS INTEGER)"
        )
        return int(conn.exec_driver_sql(sql).scalar_one())

    def highest_rev(self, conn: sa.Connection) -> int:
        sql = "SELECT CAST(value AS INTEGER) FROM cf_meta WHERE key = 'cf_rev'"
        return int(conn.exec_driver_sql(sql).scalar_one())

    def server_time(self, conn: sa.Connection) -> None:
        return None

    def insert(self, table: sa.Table) -> Any:
        return sqlite.insert(table)

    def upsert(
        self,
        conn: sa.Connection,
        table: sa.Table,
        rows: Sequence[Row],
        stamp: Row,
        keep: tuple[str, ...],
    ) -> None:
        """Many rows a statement: at each, the driver gives up Python's lock and waits for it."""
        columns = tuple(rows[0])
        for part in _portions(rows):
            flat: list[Any] = []
            for one in _driver_values(table, columns, part):
                flat += one
                flat += stamp.values()
            sql = _upsert(table, (*columns, *stamp), keep, len(part))
            conn.exec_driver_sql(sql, tuple(flat))

    def differing_ids(
        self, conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]
    ) -> list[int]:
        ids = [row["id"] for row in rows]
        names = ", ".join(map(ident, columns))
        sql = f"SELECT id, {names} FROM {table_name(table)} WHERE id {self.id_in}"
        found = conn.exec_driver_sql(sql, {"ids": self.id_list(ids)})
        held = {i: values for i, *values in found}
        given = zip(ids, _driver_values(table, columns, rows), strict=True)
        return [i for i, values in given if held.get(i) != values]

    own_value = "CASE WHEN {column} IS NOT ({default}) THEN {column} END"

    def own_columns(self, conn: sa.Connection, table: sa.Table) -> OwnColumns:
        sql = f"SELECT name, dflt_value FROM pragma_table_info({literal(table.name)})"
        return [(name, text) for name, text in conn.exec_driver_sql(sql) if name not in table.c]

    def declared_types(self, conn: sa.Connection, table: str) -> Mapping[str, str]:
        sql = f"SELECT name, type FROM pragma_table_xinfo({literal(table)})"
        return {name: str(declared) for name, declared in conn.exec_driver_sql(sql)}

    def param(self, name: str) -> str:
        return f":{name}"

    def id_list(self, ids: Sequence[int]) -> str:
        return orjson.dumps(list(ids)).decode()

    def lock_rows(self, conn: sa.Connection, table: sa.Table, ids: Sequence[int]) -> set[int]:
        return set()  # the transaction has the whole database already

    def serialize_writers(self, conn: sa.Connection, table: sa.Table) -> None:
        """They wait already."""

    def new_local_id(self, conn: sa.Connection, table: sa.Table) -> int:
        sql = (
            "UPDATE sqlite_sequence"
            f" SET seq = max(seq, coalesce((SELECT max(id) FROM {table_name(table)}), 0)) + 1"
            f" WHERE name = {literal(table.name)} RETURNING seq"
        )
        return int(conn.exec_driver_sql(sql).scalar_one())

    def relations(self, conn: sa.Connection) -> set[str]:
        return set(conn.exec_driver_sql("SELECT lower(name) FROM sqlite_schema").scalars().all())

    def may_create(self, conn: sa.Connection) -> bool:
        return True

    def notify(self, conn: sa.Connection) -> None:
        """The others see the commit."""

    def describe(self, conn: sa.Connection) -> Server:
        version = conn.exec_driver_sql("SELECT sqlite_version()").scalar()
        damage = conn.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        problems = () if damage == "ok" else (f"it is damaged: {damage}; restore a backup",)
        return Server(f"SQLite {version}", problems)

    def create_secrets(self, conn: sa.Connection) -> None:
        """Each connection attaches them."""

    def clear_replaced(self, conn: sa.Connection) -> None:
        conn.exec_driver_sql("DELETE FROM cf_replaced")

    def overwrite_deleted(self, conn: sa.Connection) -> None:
        conn.exec_driver_sql("PRAGMA secure_delete = ON")


def _error_name(error: sa.exc.DBAPIError) -> str:
    """`SQLITE_BUSY` for `SQLITE_BUSY_SNAPSHOT` and the like; empty for what isn't SQLite's."""
    if not isinstance(error.orig, sqlite3.Error):
        return ""
    return "_".join(str(getattr(error.orig, "sqlite_errorname", "")).split("_")[:2])


def _portions(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    start = 0
    while left := len(rows) - start:
        size = next((size for size in SIZES if size <= left), left)
        yield rows[start : start + size]
        start += size


def _driver_values(
    table: sa.Table, columns: tuple[str, ...], rows: Iterable[Row]
) -> Iterator[list[Any]]:
    """The values of each row as the driver takes and returns them."""
    values = itemgetter(*columns, columns[0])  # of one name alone it would give no tuple
    json = [i for i, name in enumerate(columns) if isinstance(table.c[name].type, Json)]
    money = [i for i, name in enumerate(columns) if isinstance(table.c[name].type, Money)]
    for row in rows:
        *one, _ = values(row)
        for i in json:
            if one[i] is not None:
                one[i] = orjson.dumps(one[i]).decode()
        for i in money:
            if one[i] is not None:
                one[i] = float(one[i])
        yield one


@cache
def _upsert(table: sa.Table, columns: tuple[str, ...], keep: tuple[str, ...], rows: int) -> str:
    names = ", ".join(map(ident, columns))
    row = f"({', '.join('?' for _ in columns)})"
    marks = ", ".join(row for _ in range(rows))
    end = on_conflict(table, columns, keep)
    return f"INSERT INTO {table_name(table)} ({names}) VALUES {marks} {end}"


DIALECT = SQLite()
