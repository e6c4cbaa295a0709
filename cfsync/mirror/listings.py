"""Which lists there are: one of each resource below each record of its parent that is known."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields

import sqlalchemy as sa

from cfsync.mirror.checkpoints import Checkpoint
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
    assert resource.parent is not None
    parent = TABLES[resource.parent]
    query = (
        sa.select(parent.c.id, parent.c.workspace_id, parent.c.cf_synced_at, CHECKPOINTS.c.began_at)
        .outerjoin(
            CHECKPOINTS,
            sa.and_(
                CHECKPOINTS.c.resource == resource.name,
                CHECKPOINTS.c.parent_id == parent.c.id,
                CHECKPOINTS.c.lane == "pull",
            ),
        )
        .where(parent.c.id > 0, parent.c.workspace_id.in_(workspaces))
        .order_by(sa.nulls_first(CHECKPOINTS.c.began_at), parent.c.id)
    )
    changed: list[Listing] = []
    quiet: list[Listing] = []
    for parent_id, workspace, written_at, began_at in tx.conn.execute(query):
        news = began_at is None or (written_at is not None and written_at >= began_at)
        (changed if news else quiet).append(Listing(resource.name, parent_id, workspace))
    return changed + quiet[: -(-len(quiet) // ROTATION)]


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
