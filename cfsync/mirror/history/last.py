"""The last change of a field that is still kept."""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import FEED
from cfsync.mirror.history.changes import Side
from cfsync.resources.model import Resource

LOOKED_AT = 200
"""How many changes of a record are searched for one of a field."""


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
