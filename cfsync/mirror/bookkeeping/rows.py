"""Rows: the mirror's tables as cfsync writes them.

Each write carries a new `cf_rev`, by which the triggers know that it is no edit of a user, and goes
into the history by its `Origin`; None: it is no news.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.outbox import Op
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.db.tables import OUTBOX, TABLES
from cfsync.mirror.history import changes
from cfsync.mirror.history.changes import BY_PUSH, Change, ChangeOp, Origin, difference
from cfsync.resources.model import Resource


def skipped(resource: Resource, record_id: int) -> Constrained:
    """What to raise about a row of which nothing was written."""
    return Constrained(
        f"a trigger skips {resource.name} {record_id} without an error (RETURN NULL, RAISE(IGNORE))"
    )


def find_public_id(tx: Tx, resource: Resource, public_id: str) -> int | None:
    """The id of the row with a public id."""
    table = TABLES[resource.name]
    return tx.conn.execute(sa.select(table.c.id).where(table.c.public_id == public_id)).scalar()


def find_deleted_public_id(tx: Tx, resource: Resource, public_id: str) -> int | None:
    """The id of a row that was deleted here, by the public id that it had."""
    query = sa.select(OUTBOX.c.record_id, OUTBOX.c.patch).where(
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.op == Op.DELETE,
        sa.cast(OUTBOX.c.patch, sa.Text).contains(f'"{public_id}"', autoescape=True),
    )
    deletes = tx.conn.execute(query).all()
    return next((i for i, patch in deletes if patch["public_id"][0] == public_id), None)


def save(
    tx: Tx,
    resource: Resource,
    values: Sequence[Mapping[str, Any]],
    by: Origin | None,
    released: Mapping[int, Mapping[str, Any]] | None = None,
) -> None:
    """Insert or update rows; fields that their values lack keep what the row has. `released`: rows
    as they were before some fields were emptied for a moment. Raises Constrained where a trigger of
    the user's skips one.
    """
    history = changes.recorder(tx, resource, by)
    before = _without_copies(tx, resource, [v["id"] for v in values]) if history else {}
    stamp = {"cf_rev": tx.rev(), "cf_synced_at": tx.now}
    paths = tuple(f.name for f in resource.columns if f.path)
    for _, group in statements.by_columns(values):
        statements.upsert(tx, TABLES[resource.name], group, stamp=stamp, keep=paths)
    check_written(tx, resource, {v["id"] for v in values})
    if history:
        known = {**before, **(released or {})}
        history.write(difference(resource, known.get(v["id"]), v) for v in values)


def _without_copies(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Rows that are about to be written, without copies of other records."""
    copies = tuple(f.name for f in resource.columns if f.merge == "quote")
    return statements.load(tx, TABLES[resource.name], ids, without=copies)


def check_written(tx: Tx, resource: Resource, ids: Collection[int]) -> None:
    """Raise Constrained unless these rows have the `cf_rev` of what is written now: a trigger may
    skip a row without an error, and then it is absent, or as it was.
    """
    same = {"cf_rev": tx.rev()}
    written = statements.by_ids(tx, TABLES[resource.name], ["id"], list(ids), **same)
    if len(written) < len(ids):
        raise skipped(resource, min({*ids} - {i for (i,) in written}))


def delete(tx: Tx, resource: Resource, record_id: int, by: Origin | None) -> None:
    """Delete a row. Raises Constrained where a trigger of the user's skips that."""
    delete_all(tx, resource, [record_id], by)


def delete_all(tx: Tx, resource: Resource, ids: Sequence[int], by: Origin | None) -> None:
    """Delete rows. Raises Constrained where a trigger of the user's skips one."""
    if not ids:
        return
    table, history = TABLES[resource.name], changes.recorder(tx, resource, by)
    before = _without_copies(tx, resource, ids) if history else {}
    statements.delete(tx, table, ids)
    if left := statements.by_ids(tx, table, ["id"], list(ids)):
        raise skipped(resource, min(left)[0])
    if history and before:
        history.write([difference(resource, before[i], None) for i in ids if i in before])


def change_id(tx: Tx, resource: Resource, record_id: int, new_id: int) -> None:
    """Give a row another id. Raises Constrained where a trigger of the user's skips that."""
    table = TABLES[resource.name]
    query = sa.update(table).where(table.c.id == record_id)
    tx.conn.execute(query.values(id=new_id, cf_rev=tx.new_rev()))
    check_written(tx, resource, [new_id])
    _renumbered(tx, resource, record_id, new_id)


def _renumbered(tx: Tx, resource: Resource, record_id: int, new_id: int) -> None:
    if history := changes.recorder(tx, resource, BY_PUSH):
        row = statements.load(tx, TABLES[resource.name], [new_id])[new_id]
        patch = {"id": [record_id, new_id]}
        history.write([Change(ChangeOp.RENUMBER, new_id, patch, row.get("workspace_id"))])


def take_place(tx: Tx, resource: Resource, record_id: int, there: Mapping[str, Any]) -> None:
    """Give a row the id and the values of another one, which goes: what refers to the row by a
    foreign key of the user's own follows. Raises Constrained where that can't be.
    """
    table, real_id = TABLES[resource.name], there["id"]
    history = changes.recorder(tx, resource, BY_PUSH)
    mine = _without_copies(tx, resource, [record_id]) if history else {}
    delete(tx, resource, real_id, BY_PUSH)
    query = sa.update(table).where(table.c.id == record_id)
    tx.conn.execute(query.values(dict(there)))
    if not statements.by_ids(tx, table, ["id"], [real_id], cf_rev=there["cf_rev"]):
        raise skipped(resource, record_id)
    _renumbered(tx, resource, record_id, real_id)
    if history and mine:
        moved = {**mine[record_id], "id": real_id}
        history.write([difference(resource, moved, there)])


def set_fields(
    tx: Tx, resource: Resource, record_id: int, values: Mapping[str, Any], by: Origin | None
) -> None:
    """Set some fields of a row, if it exists. Raises Constrained where a trigger of the user's
    skips that.
    """
    history = changes.recorder(tx, resource, by)
    before = _without_copies(tx, resource, [record_id]) if history else {}
    table, rev = TABLES[resource.name], tx.new_rev()
    query = sa.update(table).where(table.c.id == record_id)
    tx.conn.execute(query.values({**values, "cf_rev": rev}))
    if any(now != rev for _, now in statements.by_ids(tx, table, ["id", "cf_rev"], [record_id])):
        raise skipped(resource, record_id)
    if history and before:
        history.write([difference(resource, before[record_id], values)])


def set_own_values(tx: Tx, resource: Resource, record_id: int, values: Mapping[str, Any]) -> None:
    """Write what `statements.own_values` has read to a row that exists. Raises Constrained where a
    trigger of the user's skips that.
    """
    if values and not statements.set_own_values(tx, TABLES[resource.name], record_id, values):
        raise skipped(resource, record_id)
