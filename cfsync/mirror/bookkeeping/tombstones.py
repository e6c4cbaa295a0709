"""Tombstones: from the first time that a record was missing to the proof that it is gone.

States: candidate (missing in a walk) -> held (the guard asks a human) -> approved -> confirmed
(gone), or rejected (stays in the mirror). A record that is listed again loses its tombstone,
unless that list is older than the proof. `hidden` is a confirmed one whose record still exists.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import conflicts, open_edits
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, TABLES, TOMBSTONES
from cfsync.records import Listing
from cfsync.resources import children_of
from cfsync.resources.model import Resource


@dataclass(frozen=True, slots=True)
class Tombstone:
    resource: str
    record_id: int
    parent_id: int
    workspace_id: int | None
    state: str
    cause: str | None
    first_seen: str


def note_missing(
    tx: Tx,
    resource: Resource,
    listing: Listing,
    *,
    above: int,
    upto: int | None,
    rev_before: int,
    listed: Collection[int],
) -> None:
    """Make candidates of the mirror's rows with above < id <= upto that the page did not list.

    A row that was written after the page was asked for (base.rev > rev_before) proves nothing.
    """
    query = _rows_between(resource, listing, above, upto).where(BASE.c.rev <= rev_before)
    missing = [(i, w) for i, w in tx.conn.execute(query) if i not in listed]
    if missing:
        _insert(tx, listing, missing)


def suspect(tx: Tx, resource: Resource, ids: Sequence[int], *, rev_before: int) -> None:
    """Make candidates of the mirror's rows with these ids, which were asked for and not there."""
    if not ids or not resource.deletable or resource.parent_field is None:
        return
    table = TABLES[resource.name]
    base = sa.and_(BASE.c.resource == resource.name, BASE.c.id == table.c.id)
    parent = table.c[resource.parent_field]
    query = sa.select(table.c.id, table.c.workspace_id, parent.label("parent")).join(BASE, base)
    for record_id, workspace_id, parent_id in tx.conn.execute(
        query.where(table.c.id.in_(ids), BASE.c.rev <= rev_before)
    ).all():
        place = Listing(resource.name, parent_id, workspace_id)
        _insert(tx, place, [(record_id, workspace_id)])


def suspect_children(tx: Tx, resource: Resource, record_id: int, workspace_id: int | None) -> None:
    """What hangs below a record that is gone has lost its list, so it becomes a candidate."""
    for child in children_of(resource.name):
        listing = Listing(child.name, record_id, workspace_id)
        note_missing(tx, child, listing, above=0, upto=None, rev_before=tx.rev(), listed=())


def has_rows(tx: Tx, resource: Resource, listing: Listing) -> bool:
    """Whether the mirror has records of that list."""
    return tx.conn.execute(_rows_between(resource, listing, 0, None).limit(1)).first() is not None


def _rows_between(
    resource: Resource, listing: Listing, above: int, upto: int | None
) -> sa.Select[Any]:
    table = TABLES[resource.name]
    base = sa.and_(BASE.c.resource == resource.name, BASE.c.id == table.c.id)
    query = sa.select(table.c.id, table.c.workspace_id).join(BASE, base).where(table.c.id > above)
    if resource.parent_field:
        query = query.where(table.c[resource.parent_field] == listing.parent_id)
    return query if upto is None else query.where(table.c.id <= upto)


def _insert(tx: Tx, listing: Listing, missing: Sequence[tuple[int, int | None]]) -> None:
    known = {
        i
        for (i,) in statements.by_ids(
            tx, TOMBSTONES, ["record_id"], [i for i, _ in missing], resource=listing.resource
        )
    }
    new = [
        {
            "resource": listing.resource,
            "record_id": record_id,
            "parent_id": listing.parent_id,
            "workspace_id": workspace_id,
            "side": "remote",
            "state": "candidate",
            "first_seen": tx.now,
        }
        for record_id, workspace_id in missing
        if record_id not in known
    ]
    statements.upsert(tx, TOMBSTONES, new)


def known(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Record id -> (state, rev of the proof or 0), for the ids that have a tombstone."""
    found = statements.by_ids(
        tx, TOMBSTONES, ["record_id", "state", "rev"], ids, resource=resource.name
    )
    return {record_id: (state, rev or 0) for record_id, state, rev in found}


def forget(tx: Tx, resource: Resource, ids: Sequence[int]) -> None:
    statements.delete(tx, TOMBSTONES, ids, resource=resource.name)


def find(
    tx: Tx, *, states: Sequence[str], resource: str | None = None, record_id: int | None = None
) -> list[Tombstone]:
    where: list[sa.ColumnElement[bool]] = [TOMBSTONES.c.state.in_(states)]
    if resource is not None:
        where.append(TOMBSTONES.c.resource == resource)
    if record_id is not None:
        where.append(TOMBSTONES.c.record_id == record_id)
    return _select(tx, *where)


def _select(tx: Tx, *where: sa.ColumnElement[bool]) -> list[Tombstone]:
    order = (TOMBSTONES.c.first_seen, TOMBSTONES.c.resource, TOMBSTONES.c.record_id)
    found = tx.conn.execute(sa.select(TOMBSTONES).where(*where).order_by(*order))
    names = [f.name for f in fields(Tombstone)]
    return [Tombstone(**{name: row[name] for name in names}) for row in found.mappings()]


def set_state(tx: Tx, resource: str, ids: Sequence[int], state: str) -> None:
    tx.conn.execute(
        sa.update(TOMBSTONES)
        .where(TOMBSTONES.c.resource == resource, TOMBSTONES.c.record_id.in_(ids))
        .values(state=state)
    )


def bury(
    tx: Tx, resource: Resource, record_id: int, *, cause: str, rev_before: int, keep: bool
) -> bool:
    """Write the proof that a record is gone, its last state in it, and take its row away (or keep
    it, where the setting says so, or where edits of it are open: then a human decides). False
    where it was read again after `rev_before`, or where nothing is left to bury.
    """
    statements.serialize_writers(tx, TABLES[resource.name])
    base = statements.by_ids(tx, BASE, ["body", "rev"], [record_id], resource=resource.name)
    if not base or base[0][1] > rev_before:
        _drop_suspicion(tx, resource, record_id)
        return False
    _prove(tx, resource, record_id, cause, base[0][0])
    if not (keep or _keep_edits(tx, resource, record_id)):
        statements.delete(tx, TABLES[resource.name], [record_id])
        statements.delete(tx, BASE, [record_id], resource=resource.name)
    return True


def _drop_suspicion(tx: Tx, resource: Resource, record_id: int) -> None:
    """A proof that another pass has written meanwhile stays."""
    suspected = TOMBSTONES.c.state.in_(("candidate", "held", "approved"))
    mine = (TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == record_id)
    tx.conn.execute(sa.delete(TOMBSTONES).where(*mine, suspected))


def _prove(tx: Tx, resource: Resource, record_id: int, cause: str, body: str) -> None:
    tx.conn.execute(
        sa.update(TOMBSTONES)
        .where(TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == record_id)
        .values(
            state="hidden" if cause == "hidden" else "confirmed",
            cause=cause,
            confirmed_at=tx.now,
            body=body,
            rev=tx.rev(),
        )
    )


def _keep_edits(tx: Tx, resource: Resource, record_id: int) -> bool:
    """A row with open edits stays: the edits are held, in conflict with the deletion."""
    entry = open_edits.load(tx, resource, [record_id]).get(record_id)
    if entry is None or entry.deleted:
        return False
    conflicts.hold_edits_of_deleted(tx, resource, record_id, [r.seq for r in entry.edits])
    return True


def row_count(tx: Tx, resource: Resource, workspace_id: int | None) -> int:
    """How many records the mirror has of a resource in a workspace: what the guard measures."""
    table = TABLES[resource.name]
    query = sa.select(sa.func.count()).select_from(table).where(table.c.id > 0)
    if workspace_id is not None and "workspace_id" in table.c:
        query = query.where(table.c.workspace_id == workspace_id)
    return int(tx.conn.execute(query).scalar_one())
