"""Resources that a filled mirror has not read yet, as after an upgrade or a change of `api.mirror`.

Their lists are read whole by the next pull.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHECKPOINTS
from cfsync.mirror.lists import absent
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Listing
from cfsync.resources import RESOURCES


def names(tx: Tx, wanted: Collection[str], workspace: int) -> list[str]:
    """The resources outside the core whose list in this workspace was never read, where one of the
    core was. Those below other records are not named: they come with their parents.
    """
    listed = [r for r in RESOURCES.values() if r.listed_by_workspace and r.name in wanted]
    read = _read(tx, [r.name for r in listed], workspace)
    if not any(r.group == "core" for r in listed if r.name in read):
        return []
    new = [Listing(r.name, workspace) for r in listed if r.group != "core" and r.name not in read]
    refused = {listing.resource for listing in absent.noted(tx, new)}
    return [listing.resource for listing in new if listing.resource not in refused]


def _read(tx: Tx, names: Collection[str], workspace: int) -> set[str]:
    """Those of the resources whose list in the workspace was read, at least in part."""
    at = CHECKPOINTS.c
    query = sa.select(at.resource).where(
        at.resource.in_(names),
        at.parent_id == workspace,
        at.lane.in_((Lane.PULL, Lane.BACKFILL)),
    )
    return set(tx.conn.execute(query).scalars())
