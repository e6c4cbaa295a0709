"""Which lists there are: one of each resource below each record of its parent that is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields, replace

import sqlalchemy as sa

from cfsync.mirror import checkpoints
from cfsync.mirror.checkpoints import Checkpoint, fresh
from cfsync.mirror.engine import Tx
from cfsync.mirror.schema import CHECKPOINTS, TABLES
from cfsync.records import Listing
from cfsync.resources import ROOT, Resource


def of(tx: Tx, resource: Resource, workspaces: Collection[int] | None = None) -> list[Listing]:
    """Every list of a resource, below known parents in id order; only those of the given
    workspaces, where they are given.
    """
    if resource.parent is None:
        return [Listing(resource.name, ROOT)]
    parent = TABLES[resource.parent]
    query = sa.select(parent.c.id).where(parent.c.id > 0).order_by(parent.c.id)
    if "workspace_id" not in parent.c:
        return [Listing(resource.name, i) for i in tx.conn.execute(query).scalars()]
    query = query.add_columns(parent.c.workspace_id)
    if workspaces is not None:
        query = query.where(parent.c.workspace_id.in_(workspaces))
    return [Listing(resource.name, i, workspace) for i, workspace in tx.conn.execute(query)]


ROTATION = 288
"""In how many pulls every quiet list of children is looked at: a day's, at 5 minutes."""


def due(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[Listing]:
    """The children's lists to pull now: those whose parent was written since they were last
    pulled (or that never were), and of the others those that were pulled longest ago.
    """
    found = [*_changed(tx, resource, workspaces), *_quiet(tx, resource, workspaces)]
    return list(dict.fromkeys(found))


def turned(
    tx: Tx, resources: Iterable[Resource], workspaces: Collection[int], began_at: str
) -> None:
    """All that was `due` at `began_at` has been pulled: parents that were written before need not
    be looked at again. Kept for each workspace, since not every pass is about all of them.
    """
    turns = [fresh(Listing(r.name, w), "turn") for r in resources for w in workspaces]
    checkpoints.save(tx, *(replace(turn, began_at=began_at) for turn in turns))


def _changed(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[Listing]:
    assert resource.parent is not None
    parent, pull = TABLES[resource.parent], CHECKPOINTS.c
    mine = sa.and_(
        pull.resource == resource.name, pull.parent_id == parent.c.id, pull.lane == "pull"
    )
    query = (
        sa.select(parent.c.id, parent.c.workspace_id)
        .outerjoin(CHECKPOINTS, mine)
        .where(sa.or_(pull.began_at.is_(None), parent.c.cf_synced_at >= pull.began_at))
        .order_by(sa.nulls_first(pull.began_at), parent.c.id)
    )
    if since := _last_turn(tx, resource, workspaces):
        query = query.where(parent.c.cf_synced_at >= since)
    # sorted out here, or the databases would go by the workspace and read everything in it
    found = [(i, w) for i, w in tx.conn.execute(query) if i > 0 and w in workspaces]
    return [Listing(resource.name, i, w) for i, w in found]


def _last_turn(tx: Tx, resource: Resource, workspaces: Collection[int]) -> str | None:
    """When the last turn began of that workspace whose is the oldest; None if one never ended."""
    turns = {w: checkpoints.get(tx, Listing(resource.name, w), "turn") for w in workspaces}
    began = [turn.began_at for turn in turns.values() if turn and turn.began_at]
    return min(began) if began and len(began) == len(turns) else None


def _quiet(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[Listing]:
    """Of a resource's lists, pulled longest ago first, the part that is looked at in one pull."""
    assert resource.parent is not None
    parent, pull = TABLES[resource.parent], CHECKPOINTS.c
    mine = sa.and_(pull.resource == resource.name, pull.lane == "pull")
    lists = tx.conn.execute(sa.select(sa.func.count()).where(mine)).scalar_one()
    query = (
        sa.select(pull.parent_id, parent.c.workspace_id)
        .join(parent, parent.c.id == pull.parent_id)
        .where(mine, parent.c.workspace_id.in_(workspaces))
        .order_by(pull.began_at, pull.parent_id)
        .limit(-(-lists // ROTATION))
    )
    return [Listing(resource.name, i, w) for i, w in tx.conn.execute(query)]


def places(tx: Tx, resource: Resource) -> dict[int, Checkpoint]:
    """Where the pull of each list of a resource stands, by its parent's id."""
    found = tx.conn.execute(
        sa.select(*(CHECKPOINTS.c[f.name] for f in fields(Checkpoint))).where(
            CHECKPOINTS.c.resource == resource.name, CHECKPOINTS.c.lane == "pull"
        )
    )
    return {row["parent_id"]: Checkpoint(**row) for row in found.mappings()}


def first_walk(tx: Tx, resource: Resource) -> str | None:
    """When the first of a resource's lists was begun to be backfilled, canonical text."""
    began = sa.func.min(CHECKPOINTS.c.began_at, type_=CHECKPOINTS.c.began_at.type)
    found: str | None = tx.conn.execute(
        sa.select(began).where(
            CHECKPOINTS.c.resource == resource.name, CHECKPOINTS.c.lane == "backfill"
        )
    ).scalar()
    return found


def workspaces(tx: Tx) -> list[tuple[int, str | None]]:
    """(id, public_id) of every workspace that the mirror knows, in id order."""
    table = TABLES["workspaces"]
    query = sa.select(table.c.id, table.c.public_id).where(table.c.id > 0).order_by(table.c.id)
    return [(i, public) for i, public in tx.conn.execute(query)]
