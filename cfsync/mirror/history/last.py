"""The last change of a record, or of one of its fields, that is still kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHANGES, FEED
from cfsync.mirror.history.changes import ChangeOp, Side
from cfsync.resources.model import Resource

LOOKED_AT = 200
"""How many changes of a record are searched for one of a field."""


def delete(tx: Tx, resource: Resource, record_id: int) -> tuple[int, Mapping[str, Any]] | None:
    """Number and patch of the last delete of a record in `cf_changes`, where that has one."""
    query = sa.select(CHANGES.c.seq, CHANGES.c.patch).where(
        CHANGES.c.resource == resource.name,
        CHANGES.c.record_id == record_id,
        CHANGES.c.op == ChangeOp.DELETE,
    )
    row = tx.conn.execute(query.order_by(CHANGES.c.seq.desc()).limit(1)).first()
    return (row.seq, row.patch) if row else None


def who_changed(tx: Tx, resource: Resource, record_id: int, name: str, *, after: int) -> str | None:
    """Where and when a field was last changed after the change number `after`, for people; None:
    the history doesn't say.
    """
    query = sa.select(FEED.c.side, FEED.c.db_user, FEED.c.at, FEED.c.patch).where(
        FEED.c.resource == resource.name, FEED.c.record_id == record_id, FEED.c.seq > after
    )
    rows = tx.conn.execute(query.order_by(FEED.c.seq.desc()).limit(LOOKED_AT))
    row = next((row for row in rows if name in row.patch), None)
    if row is None:
        return None
    where = "in ClickFunnels" if row.side == Side.CLICKFUNNELS else f"by {row.db_user or 'SQL'}"
    return f"{where}, {row.at}"
