"""Rows that were inserted while no trigger captured them: found by a sweep, and made inserts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.merge import FieldConflict, OnDrift, Winner
from cfsync.mirror.bookkeeping import conflicts, outbox, rows
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import AT_ONCE, OPEN_STATES, Op
from cfsync.mirror.capture.rules import has_workspace, insertable_values
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, OUTBOX, TABLES, TOMBSTONES
from cfsync.mirror.outgoing import user_edits
from cfsync.records import PROVISIONAL_FROM, is_provisional
from cfsync.resources import Resource


def settle(tx: Tx, resource: Resource, on_drift: OnDrift, *, keeps_deleted: bool) -> int:
    """Ask a person about such rows, or make inserts of them; returns how many there are. With
    `keeps_deleted` (`deletions.on_remote_delete` is `keep`), ids of ClickFunnels' prove nothing.
    """
    found = set(find(tx, resource, least_id=_least_id(keeps_deleted=keeps_deleted)))
    open_ = _open(tx, resource)
    conflicts.resolve(tx, [c for c in open_ if c.record_id not in found], Winner.CLICKFUNNELS)
    asks, new = found, set[int]()
    if on_drift == "local" and resource.insert:
        new, asks = _make_inserts(tx, resource, sorted(found))
        conflicts.resolve(tx, [c for c in open_ if c.record_id in new], Winner.LOCAL)
    asks = asks - {c.record_id for c in open_}
    for record_id in sorted(asks):
        asked = FieldConflict("", None, None, None, Winner.HOLD)
        conflicts.add_drift(tx, resource, record_id, asked)
    new |= asks
    if new:
        said = {
            "resource": resource.name,
            "inserted": len(new),
            "ids": sorted(new)[: conflicts.NAMED],
        }
        tx.warnings.append(("drift.found", said))
    return len(found)


def are_there(tx: Tx, resource: Resource, *, keeps_deleted: bool) -> bool:
    """Whether there is anything for `settle` to do."""
    least_id = _least_id(keeps_deleted=keeps_deleted)
    return bool(_open(tx, resource) or find(tx, resource, least_id=least_id))


def _least_id(*, keeps_deleted: bool) -> int:
    return PROVISIONAL_FROM if keeps_deleted else 0


def _open(tx: Tx, resource: Resource) -> list[Conflict]:
    """The open conflicts about such rows."""
    found = conflicts.find(tx, resources=[resource.name])
    return [c for c in found if c.kind == ConflictKind.DRIFT and c.is_about_record]


def _make_inserts(tx: Tx, resource: Resource, ids: Sequence[int]) -> tuple[set[int], set[int]]:
    """Make inserts of the rows that nobody else holds; returns their ids as they were, and those of
    rows that ClickFunnels lets nobody create.
    """
    table, busy = TABLES[resource.name], statements.lock(tx, TABLES[resource.name], ids)
    free, refused = [i for i in ids if i not in busy], set[int]()
    for start in range(0, len(free), AT_ONCE):
        for row in statements.load(tx, table, free[start : start + AT_ONCE]).values():
            if resource.is_creatable(row):
                make_insert(tx, resource, row)
            else:
                refused.add(row["id"])
    return set(free) - refused, refused


def find(tx: Tx, resource: Resource, *, least_id: int = 0) -> list[int]:
    """The ids of rows that ClickFunnels has never shown, of which no edit is open and nobody has
    proved anything.
    """
    table = TABLES[resource.name]
    base = sa.select(BASE.c.id).where(BASE.c.resource == resource.name, BASE.c.id == table.c.id)
    edit = sa.select(OUTBOX.c.seq).where(
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.record_id == table.c.id,
        OUTBOX.c.state.in_(OPEN_STATES),
    )
    proof = sa.select(TOMBSTONES.c.record_id).where(
        TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == table.c.id
    )
    unknown = [~sa.exists(query) for query in (base, edit, proof)]
    query = sa.select(table.c.id).where(table.c.id >= least_id, *unknown)
    return list(tx.conn.execute(query.order_by(table.c.id)).scalars())


def make_insert(tx: Tx, resource: Resource, row: Mapping[str, Any]) -> int:
    """Make an insert of such a row; returns its id, which is a provisional one now."""
    table, record_id = TABLES[resource.name], int(row["id"])
    if not is_provisional(record_id) or _was_used(tx, resource, record_id):
        record_id = tx.dialect.new_local_id(tx.conn, table)
    workspace = {"workspace_id": _workspace(tx, resource, row)} if has_workspace(resource) else {}
    row = {**row, **workspace}
    append_insert(tx, resource, row, insertable_values(resource, row), record_id)
    return record_id


def append_insert(
    tx: Tx, resource: Resource, row: Mapping[str, Any], given: Mapping[str, Any], new_id: int
) -> None:
    """Turn a row into one with the id `new_id` that an INSERT has given these values."""
    table = TABLES[resource.name]
    known = sa.select(sa.func.max(table.c.id)).where(table.c.id < PROVISIONAL_FROM)
    highest = tx.conn.execute(known).scalar() or 0
    blank = {c.name: None for c in table.c if c.name not in given}
    values = {**blank, **given, "id": new_id, "cf_rev": tx.new_rev()}
    tx.conn.execute(sa.update(table).where(table.c.id == row["id"]).values(values))
    rows.check_written(tx, resource, [new_id])
    outbox.append(
        tx,
        resource,
        Op.INSERT,
        {name: [None, value] for name, value in given.items()},
        record_id=new_id,
        workspace_id=row.get("workspace_id"),
        highest_id=highest,
        **user_edits.signature(tx),
    )


def _was_used(tx: Tx, resource: Resource, record_id: int) -> bool:
    """Whether an edit was ever made under this id."""
    return bool(statements.by_ids(tx, OUTBOX, ["seq"], [record_id], resource=resource.name))


def _workspace(tx: Tx, resource: Resource, row: Mapping[str, Any]) -> int | None:
    """The workspace of a row: its own, its parent's, or the only one of the mirror."""
    if row["workspace_id"] is not None:
        return int(row["workspace_id"])
    if resource.nested and resource.parent and resource.parent_field:
        parent = TABLES[resource.parent]
        query = sa.select(parent.c.workspace_id).where(parent.c.id == row[resource.parent_field])
        if (found := tx.conn.execute(query).scalar()) is not None:
            return int(found)
    all_ids = tx.conn.execute(sa.select(TABLES["workspaces"].c.id).limit(2)).scalars().all()
    return int(all_ids[0]) if len(all_ids) == 1 else None
