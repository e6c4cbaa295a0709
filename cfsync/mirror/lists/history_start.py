"""Finds lists that were read whole for the first time: their history is complete from then on."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.history import starts
from cfsync.mirror.lists import absent, listings
from cfsync.resources import RESOURCES
from cfsync.resources.model import Resource


def begin(tx: Tx, resource: Resource, workspaces: Collection[int]) -> bool:
    """Mark the workspaces in which all lists of a resource were read by now, each of them once.
    Returns whether all of these workspaces are marked.
    """
    wanted = set(workspaces) if resource.in_workspace else {None}
    missing = wanted - starts.find(tx, resource).keys()
    if missing and not starts.is_off(tx):
        statements.serialize_writers(tx, TABLES[resource.name])
        read = _read(tx, resource, missing)
        starts.write(tx, resource, read)
        missing -= read
    return not missing


def _read(tx: Tx, resource: Resource, workspaces: Collection[int | None]) -> set[int | None]:
    """Those of the workspaces in which every list of a resource was read. None: not in any."""
    if None in workspaces:
        has_rows = sa.select(TABLES[resource.name].c.id).limit(1)
        return {None} if tx.conn.execute(has_rows).first() else set()
    known = [w for w in workspaces if w is not None]
    lists = absent.without(tx, listings.all_lists(tx, resource, known))
    places = listings.pull_checkpoints(tx, resource)
    unread = {li.workspace_id for li in lists if li.parent_id not in places}
    if None in unread:  # a list of a team's
        return set()
    return {w for w in known if w not in unread and _may_end(tx, resource, w)}


def _may_end(tx: Tx, resource: Resource, workspace: int) -> bool:
    """Whether the records below which the lists hang are all known."""
    if resource.parent is None or not resource.nested:
        return True
    return workspace in starts.find(tx, RESOURCES[resource.parent])
