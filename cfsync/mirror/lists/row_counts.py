"""How many records lists are known to have, because they have been walked before."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.progress import checkpoints
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import PROVISIONAL_FROM, Listing
from cfsync.resources import RESOURCES


def known(tx: Tx, lists: Sequence[Listing]) -> dict[str, int]:
    """Resource -> the rows of these lists. Left out are resources with a walk that has not ended:
    what is left of it isn't known.
    """
    workspaces: dict[str, set[int | None]] = {}
    for listing in lists:
        workspaces.setdefault(listing.resource, set()).add(listing.workspace_id)
    return {
        name: _rows(tx, name, of)
        for name, of in workspaces.items()
        if not any(
            checkpoints.is_under_way(tx, RESOURCES[name], lane)
            for lane in (Lane.BACKFILL, Lane.SWEEP)
        )
    }


def _rows(tx: Tx, resource: str, workspaces: set[int | None]) -> int:
    table = TABLES[resource]
    query = sa.select(sa.func.count()).select_from(table).where(table.c.id < PROVISIONAL_FROM)
    if None not in workspaces:
        query = query.where(table.c.workspace_id.in_(workspaces))
    return int(tx.conn.execute(query).scalar_one())
