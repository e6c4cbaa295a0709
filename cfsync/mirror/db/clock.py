"""The database's clock, which all processes that share a mirror go by."""

from __future__ import annotations

from cfsync.mirror.db.engine import Tx


def now(tx: Tx) -> str:
    """The time by the database's clock, canonical text; without a server, this machine's."""
    return tx.dialect.server_time(tx.conn) or tx.now
