"""Moving a mirror away from an SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cfsync.mirror.db.dialect.move_method import Counters, MoveSource
from cfsync.mirror.db.dialect.sqlite.backups import hold_locks
from cfsync.mirror.db.quoting import ident, literal
from cfsync.mirror.db.tables import OUTBOX, TABLES, VIEW_NAMES

if TYPE_CHECKING:
    from cfsync.mirror.db.dialect.sqlite.file import SQLiteFile

_PREFIX = "cf_moved_"
"""How the names of the triggers begin that close the file."""

_OWN = """
SELECT type, name, tbl_name FROM sqlite_master
WHERE name NOT GLOB 'cf_*' AND name NOT GLOB 'sqlite_*' ORDER BY type, name
"""
_COLUMNS = "SELECT name FROM pragma_table_xinfo({table})"


class SQLiteSource(MoveSource):
    """The file of this place."""

    def __init__(self, place: SQLiteFile) -> None:
        self._place = place

    @contextmanager
    def alone(self) -> Iterator[sa.Connection]:
        engine = self._place.engine()
        try:
            with hold_locks(self._place.file), engine.connect() as conn:
                yield conn
        finally:
            engine.dispose()

    def counters(self, conn: sa.Connection) -> Counters:
        given = conn.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
        return Counters(self._place.dialect.highest_rev(conn), {row.name: row.seq for row in given})

    def own_objects(self, conn: sa.Connection) -> list[str]:
        found = [
            f"{kind} {name}"
            for kind, name, _ in conn.exec_driver_sql(_OWN)
            if name not in TABLES and name not in VIEW_NAMES
        ]
        for name, table in TABLES.items():
            columns = conn.exec_driver_sql(_COLUMNS.format(table=literal(name))).scalars()
            found += [f"column {name}.{column}" for column in columns if column not in table.c]
        return found

    def close(self, conn: sa.Connection, words: str) -> None:
        for table in (*TABLES, OUTBOX.name):
            for event in ("INSERT", "UPDATE", "DELETE"):
                name = ident(f"{_PREFIX}{table}_{event.lower()}")
                conn.exec_driver_sql(
                    f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON {ident(table)}"
                    f" BEGIN SELECT RAISE(ABORT, {literal(words)}); END"
                )
