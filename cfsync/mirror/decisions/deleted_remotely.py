"""Records that ClickFunnels deleted while edits of them waited: let them go, or make them anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import ids, missing_rows, open_edits, outbox, tombstones
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Op
from cfsync.mirror.bookkeeping.tombstones import Cause, Side
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, OUTBOX, TABLES
from cfsync.resources import RESOURCES, Resource


def accept_deletion(tx: Tx, resource: Resource, record_id: int) -> None:
    """The deletion stands: row and base go, its edits are dropped; the next sweep asks for what
    hangs below it.
    """
    row = statements.load(tx, TABLES[resource.name], [record_id]).get(record_id, {})
    _end(tx, resource, record_id, row, "deleted in ClickFunnels")
    statements.delete(tx, TABLES[resource.name], [record_id])
    missing_rows.add_below(tx, resource, record_id, row.get("workspace_id"))


def recreate(tx: Tx, resource: Resource, record_id: int, given: Mapping[str, Any]) -> int:
    """The row becomes an insert of the values `given`, with a new negative id, which is returned.
    References that wait to be sent go with it; what ClickFunnels itself shows stays as it is.
    """
    table = TABLES[resource.name]
    row = statements.load(tx, table, [record_id])[record_id]
    _end(tx, resource, record_id, row, "created anew")
    new_id = tx.dialect.new_local_id(tx.conn, table)
    highest = tx.conn.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
    blank = {c.name: None for c in table.c if c.name not in given}
    values = {**blank, **given, "id": new_id, "cf_rev": tx.new_rev()}
    tx.conn.execute(sa.update(table).where(table.c.id == record_id).values(values))
    outbox.append(
        tx,
        resource,
        Op.INSERT,
        {name: [None, value] for name, value in given.items()},
        record_id=new_id,
        workspace_id=row.get("workspace_id"),
        highest_id=max(highest, 0),
    )
    _move_unsent(tx, resource, record_id, new_id)
    return new_id


def _end(tx: Tx, resource: Resource, record_id: int, row: Mapping[str, Any], reason: str) -> None:
    """What is known of the record turns into the proof that it is gone."""
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
    """Change the references to a record in what waits to be sent, row and edit."""
    for other in RESOURCES.values():
        names = [name for name, target in other.references.items() if target == resource.name]
        for seq, record_id, patch in _unsent(tx, other) if names else ():
            given = {n: pair[1] for n, pair in patch.items() if n in names}
            moved = ids.with_real_ids(other, given, {(resource.name, old_id): new_id})
            if moved != given:
                _rewrite(tx, other, seq, record_id, patch, moved)


def _unsent(tx: Tx, resource: Resource) -> Sequence[Any]:
    where = (
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.state.in_(OPEN_STATES),
        OUTBOX.c.op != Op.DELETE,
    )
    query = sa.select(OUTBOX.c.seq, OUTBOX.c.record_id, OUTBOX.c.patch).where(*where)
    return tx.conn.execute(query.order_by(OUTBOX.c.seq)).all()


def _rewrite(
    tx: Tx,
    other: Resource,
    seq: int,
    record_id: int,
    patch: Mapping[str, Any],
    moved: Mapping[str, Any],
) -> None:
    new = {n: [pair[0], moved.get(n, pair[1])] for n, pair in patch.items()}
    tx.conn.execute(sa.update(OUTBOX).where(OUTBOX.c.seq == seq).values(patch=new))
    table = TABLES[other.name]
    query = sa.update(table).where(table.c.id == record_id)
    tx.conn.execute(query.values({**moved, "cf_rev": tx.new_rev()}))
