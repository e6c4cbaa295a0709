"""What SQLite is asked when something has failed."""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db.dialect import upserts
from cfsync.mirror.db.quoting import ident

_NO_KEY = "ON CONFLICT clause does not match any PRIMARY KEY"
_START_ANEW = (
    "restore a backup and run cfsync recover, or give a new database in database.url and run"
    " cfsync backfill"
)
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


def lost_key(error: sa.exc.DBAPIError, where: str) -> MirrorError | None:
    """What says that a table was built without the key by which an upsert finds its rows."""
    return upserts.lost_key(error, where, _START_ANEW) if _NO_KEY in str(error.orig) else None
