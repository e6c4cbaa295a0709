"""Moving a mirror into a PostgreSQL database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.mirror.db.dialect import secrets_table
from cfsync.mirror.db.dialect.move_method import Counters, MoveTarget, Unheld
from cfsync.mirror.db.errors import Away
from cfsync.mirror.db.quoting import ident, literal, table_name

_FILLED = """
SELECT min(relname) FROM pg_class c WHERE relnamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
_SECRETS = f"SELECT to_regclass('{secrets_table.SCHEMA}.cf_secrets')"

_COUNTED = """
SELECT c.relname, a.attname, seqmax
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_sequence ON seqrelid = pg_get_serial_sequence(quote_ident(c.relname), a.attname)::regclass
WHERE attidentity <> '' AND relnamespace = current_schema()::regnamespace
"""
"""The columns that the database numbers: (table, column, last number)."""

_AT = re.compile(r"COPY \S+?, line (\d+)(?:, column (\w+))?")
"""In the context of an error: the row, and the column."""


class PostgreSQLTarget(MoveTarget):
    """`where`: the database in words."""

    def __init__(self, where: str) -> None:
        self._where = where

    def refuse_filled(self, conn: sa.Connection) -> None:
        found = conn.exec_driver_sql(_FILLED).scalar() or conn.exec_driver_sql(_SECRETS).scalar()
        if found:
            raise UsageError(
                f"{self._where} is not empty, it has {found}: give an empty database (createdb), or"
                " a schema of its own (?options=-csearch_path%3DNAME)"
            )

    def load(self, conn: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> None:
        import psycopg

        columns = ", ".join(ident(column.name) for column in table.columns)
        cursor: psycopg.Cursor[Any] = conn.connection.cursor()  # type: ignore[assignment]
        written = 0
        try:
            with cursor.copy(f"COPY {table_name(table)} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
                    written += 1
        except psycopg.DataError as error:
            raise _unheld(error, written + 1) from error
        except psycopg.IntegrityError as error:
            raise _unheld(error, written) from error
        except psycopg.Error as error:
            raise Away(f"{self._where} can't be reached: {type(error).__name__}") from error

    def set_counters(self, conn: sa.Connection, counters: Counters) -> None:
        for table, column, last in conn.exec_driver_sql(_COUNTED).all():
            given = counters.of_tables.get(table)
            if given and given <= last:
                sequence = f"pg_get_serial_sequence({literal(ident(table))}, {literal(column)})"
                conn.exec_driver_sql(f"SELECT setval({sequence}, {given})")
        if counters.rev:
            conn.exec_driver_sql(f"SELECT setval('cf_rev_seq', {counters.rev})")


def _unheld(error: Exception, row: int) -> Unheld:
    """`row`: the last one that was given. The driver itself refuses a NUL, and names nothing."""
    diagnosis = getattr(error, "diag", None)
    at = _AT.search(getattr(diagnosis, "context", None) or "")
    why = str(getattr(diagnosis, "message_primary", None) or "a text with a NUL")
    return Unheld((at and at[2]) or "", int(at[1]) if at else row, why.partition(":")[0])
