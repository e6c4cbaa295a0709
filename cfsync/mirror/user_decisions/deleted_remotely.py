"""Records that ClickFunnels deleted while edits of them waited: accept it, or create them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import ids, open_edits, outbox, rows, tombstones
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit
from cfsync.mirror.bookkeeping.tombstones import Cause, Side
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, OUTBOX, TABLES
from cfsync.mirror.history import changes
from cfsync.mirror.history.person import by_person
from cfsync.mirror.lists import missing_rows
from cfsync.mirror.user_decisions import uncaptured_rows
from cfsync.resources import RESOURCES, Resource


def accept_deletion(tx: Tx, resource: Resource, record_id: int) -> None:
    """Delete row and base, and discard the edits; rows below the record become candidates."""
    row = statements.load(tx, TABLES[resource.name], [record_id]).get(record_id, {})
    _end(tx, resource, record_id, row, "deleted in ClickFunnels")
    rows.delete(tx, resource, record_id, by_person())
    missing_rows.add_below(tx, resource, record_id, row.get("workspace_id"))


def recreate(tx: Tx, resource: Resource, record_id: int, given: Mapping[str, Any]) -> int:
    """Turn the row into an insert of the values `given`; returns its new provisional id. References
    in open edits change with it; those in records that ClickFunnels shows stay.
    """
    table = TABLES[resource.name]
    row = statements.load(tx, table, [record_id])[record_id]
    _end(tx, resource, record_id, row, "created anew")
    new_id = tx.dialect.new_local_id(tx.conn, table)
    uncaptured_rows.append_insert(tx, resource, row, given, new_id)
    changes.write(tx, resource, by_person(), changes.difference(resource, row, None))
    ids.save_successor(tx, resource, record_id, new_id)
    _move_unsent(tx, resource, record_id, new_id)
    return new_id


def _end(tx: Tx, resource: Resource, record_id: int, row: Mapping[str, Any], reason: str) -> None:
    """Discard the edits of a record, and turn its base into the proof that it is gone."""
    entry = open_edits.load(tx, resource, [record_id]).get(record_id)
    outbox.discard(tx, [r.seq for r in entry.edits] if entry else [], reason)
    base = statements.by_ids(tx, BASE, ["body"], [record_id], resource=resource.name)
    tombstones.save_confirmed(
        tx,
        resource,
        record_id,
        Side.REMOTE,
        Cause.DELETED,
        parent_id=row.get(resource.parent_field or "") or 0,
        workspace_id=row.get("workspace_id"),
        body=base[0][0] if base else None,
    )
    statements.delete(tx, BASE, [record_id], resource=resource.name)


def _move_unsent(tx: Tx, resource: Resource, old_id: int, new_id: int) -> None:
    """Change the references to a record in open edits and their rows."""
    for other in RESOURCES.values():
        names = ids.columns_about(other, resource)
        edits = outbox.find(tx, states=OPEN_STATES, resources=[other.name]) if names else ()
        for edit in edits:
            given = {n: value for n, value in edit.given.items() if n in names}
            moved = ids.with_real_ids(other, given, {(resource.name, old_id): new_id})
            if moved != given:
                _set_new_values(tx, other, edit, moved)


def _set_new_values(tx: Tx, resource: Resource, edit: Edit, values: Mapping[str, Any]) -> None:
    """Change what an edit gives to some fields, in the edit and in its row."""
    patch = {n: [pair[0], values.get(n, pair[1])] for n, pair in edit.patch.items()}
    tx.conn.execute(sa.update(OUTBOX).where(OUTBOX.c.seq == edit.seq).values(patch=patch))
    rows.set_fields(tx, resource, edit.record_id, values, by_person())
