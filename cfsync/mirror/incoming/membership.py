"""Leaves out the records of an answer that belong to a workspace that is not mirrored."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cfsync.belonging import Membership, in_workspace, membership_of
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.progress import notes
from cfsync.records import Record
from cfsync.resources.model import Resource


def take(tx: Tx, reading: Reading, records: Sequence[Record]) -> tuple[list[Record], list[int]]:
    """The records that belong in the mirror, and the ids of the others. Of these, one whose
    workspace is known is noted; what nothing tells of another, its own list tells.
    """
    resource, ours = reading.resource, reading.ours
    if ours is None:
        return list(records), []
    records = with_workspaces(tx, resource, records)
    found = {r.id: membership_of(resource, r, ours) for r in records}
    notes.note_foreign(tx, resource, [i for i, m in found.items() if m is Membership.FOREIGN])
    taken = [r for r in records if found[r.id] is Membership.OURS]
    return taken, [i for i, m in found.items() if m is not Membership.OURS]


def with_workspaces(tx: Tx, resource: Resource, records: Sequence[Record]) -> list[Record]:
    """The records, each in its workspace: where it names none, that of its parent's row, or of its
    own.
    """
    lacking = [r for r in records if r.values.get("workspace_id") is None]
    if not lacking or resource.scope or not resource.in_workspace:
        return list(records)
    known = _workspaces(tx, resource.name, [r.id for r in lacking])
    if resource.nested and resource.parent_field:
        parents = {r.id: r.values.get(resource.parent_field) for r in lacking}
        above = _workspaces(tx, str(resource.parent), [p for p in parents.values() if p])
        known |= {i: above[p] for i, p in parents.items() if p in above}
    return [in_workspace(r, known.get(r.id)) for r in records]


def _workspaces(tx: Tx, resource: str, ids: Sequence[int]) -> dict[int, int]:
    """Record id -> the workspace of its row."""
    table = TABLES[resource]
    query = sa.select(table.c.id, table.c.workspace_id).where(
        table.c.id.in_(ids), table.c.workspace_id.is_not(None)
    )
    return {row.id: row.workspace_id for row in tx.conn.execute(query)}
