"""What SQLite is asked when something has failed."""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.mirror.db.quoting import ident

_KEYS = """
SELECT t.name, k."from" FROM sqlite_master t, pragma_foreign_key_list(t.name) k
WHERE t.type = 'table' AND k."table" = ? COLLATE NOCASE AND k.on_update <> 'CASCADE'
ORDER BY t.name, k."from"
"""


def keys_in_the_way(conn: sa.Connection, table: str, row: int) -> list[str]:
    """The foreign keys by which rows refer to this one, and which don't follow it to another id."""
    return [
        f"{child} ({column})"
        for child, column in conn.exec_driver_sql(_KEYS, (table,)).all()
        if conn.exec_driver_sql(
            f"SELECT 1 FROM {ident(child)} WHERE {ident(column)} = ? LIMIT 1", (row,)
        ).first()
    ]
