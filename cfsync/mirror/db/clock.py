"""The database's clock, which all processes that share a mirror go by."""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.values import time_text


def now(tx: Tx) -> str:
    """The time by the database's clock, canonical text; on SQLite this machine's."""
    if tx.dialect == "sqlite":
        return tx.now
    return time_text(tx.conn.execute(sa.text("SELECT clock_timestamp()")).scalar_one())
