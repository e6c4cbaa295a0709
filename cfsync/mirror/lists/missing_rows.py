"""Missing rows: those whose records ClickFunnels should have shown and has not; candidates."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import bases, conflicts, open_edits
from cfsync.mirror.bookkeeping.tombstones import Side, TombstoneState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, TABLES, TOMBSTONES
from cfsync.records import PROVISIONAL_FROM, Listing
from cfsync.resources import ROOT, children_of
from cfsync.resources.model import Resource


@dataclass(frozen=True, slots=True)
class ShownRange:
    """A part of a list, by ids, of which an answer has shown all records."""

    #: The part begins behind this id.
    above: int
    #: The last id of the part; None: it has no end.
    upto: int | None
    #: Ids of the records that the answer has shown.
    listed: Collection[int]
    #: The highest `cf_rev` before the request.
    rev_before: int

    def lacks(self, record_id: int, base_rev: int) -> bool:
        """Whether the answer should have shown a record and hasn't. Pure."""
        is_inside = self.above < record_id and (self.upto is None or record_id <= self.upto)
        return is_inside and base_rev <= self.rev_before and record_id not in self.listed


def add_unlisted(tx: Tx, resource: Resource, listing: Listing, shown: ShownRange) -> None:
    """Make candidates of the mirror's rows in a part of a list that the answer has not shown.

    A row that was written after the request (base.rev > rev_before) proves nothing.
    """
    rows = _rows_between(resource, listing, shown.above, shown.upto)
    query = rows.where(BASE.c.rev <= shown.rev_before)
    missing = [(i, w) for i, w in tx.conn.execute(query) if i not in shown.listed]
    missing += [
        (record_id, place.workspace_id)
        for record_id, base_rev, place in stopped_deletes(tx, resource)
        if place.parent_id == listing.parent_id and shown.lacks(record_id, base_rev)
    ]
    if missing:
        _insert_candidates(tx, listing, missing)


def add_not_found(tx: Tx, resource: Resource, ids: Sequence[int], *, rev_before: int) -> None:
    """Make candidates of the mirror's rows with these ids, which were requested and not found."""
    if not ids or resource.scope:
        return
    table = TABLES[resource.name]
    base = sa.and_(BASE.c.resource == resource.name, BASE.c.id == table.c.id)
    parent = table.c[resource.parent_field] if resource.parent_field else sa.literal(ROOT)
    columns = (table.c.id, _workspace(resource), parent.label("parent"))
    query = sa.select(*columns).join(BASE, base)
    for record_id, workspace_id, parent_id in tx.conn.execute(
        query.where(table.c.id.in_(ids), BASE.c.rev <= rev_before)
    ).all():
        listing = Listing(resource.name, parent_id, workspace_id)
        _insert_candidates(tx, listing, [(record_id, workspace_id)])
    for record_id, base_rev, listing in stopped_deletes(tx, resource):
        if record_id in ids and base_rev <= rev_before:
            _insert_candidates(tx, listing, [(record_id, listing.workspace_id)])


def add_below(tx: Tx, resource: Resource, record_id: int, workspace_id: int | None) -> None:
    """Make candidates of the rows below a record that is gone: they have lost their list."""
    for child in children_of(resource.name):
        listing = Listing(child.name, record_id, workspace_id)
        add_unlisted(tx, child, listing, ShownRange(0, None, (), tx.rev()))


def ids_of(tx: Tx, resource: Resource, listing: Listing, most: int) -> list[int]:
    """The ids of the mirror's records of that list, newest first, `most` of them at most."""
    newest = TABLES[resource.name].c.id.desc()
    query = _rows_between(resource, listing, 0, None).order_by(newest).limit(most)
    return [record_id for record_id, _ in tx.conn.execute(query)]


def _rows_between(
    resource: Resource, listing: Listing, above: int, upto: int | None
) -> sa.Select[Any]:
    table = TABLES[resource.name]
    base = sa.and_(BASE.c.resource == resource.name, BASE.c.id == table.c.id)
    columns = (table.c.id, _workspace(resource))
    query = sa.select(*columns).join(BASE, base).where(table.c.id > above)
    if resource.parent_field:
        query = query.where(table.c[resource.parent_field] == listing.parent_id)
    return query if upto is None else query.where(table.c.id <= upto)


def _workspace(resource: Resource) -> sa.ColumnElement[Any]:
    return TABLES[resource.name].c.workspace_id if resource.in_workspace else sa.null()


def stopped_deletes(tx: Tx, resource: Resource) -> Iterator[tuple[int, int, Listing]]:
    """(record id, `cf_rev` of its base, its list) of rows that were deleted here, and whose delete
    waits because ClickFunnels has changed the record since: it may go there too.
    """
    ids = conflicts.stopped_deletes(tx, resource)
    known = bases.load(tx, resource, ids) if ids else {}
    for record_id, found in open_edits.load(tx, resource, list(known)).items() if known else ():
        parent = found.edits[-1].patch.get(resource.parent_field or "")
        if found.deleted and parent:
            place = Listing(resource.name, parent[0], found.edits[-1].workspace_id)
            yield record_id, known[record_id].rev, place


def _insert_candidates(tx: Tx, listing: Listing, missing: Sequence[tuple[int, int | None]]) -> None:
    """Of (record id, workspace id) pairs; one that has a tombstone already keeps it."""
    ids = [record_id for record_id, _ in missing]
    found = statements.by_ids(tx, TOMBSTONES, ["record_id"], ids, resource=listing.resource)
    known = {record_id for (record_id,) in found}
    new = [
        {
            "resource": listing.resource,
            "record_id": record_id,
            "parent_id": listing.parent_id,
            "workspace_id": workspace_id,
            "side": Side.REMOTE,
            "state": TombstoneState.CANDIDATE,
            "first_seen": tx.now,
        }
        for record_id, workspace_id in missing
        if record_id not in known
    ]
    statements.upsert(tx, TOMBSTONES, new)


def row_count(tx: Tx, resource: Resource, workspace_id: int | None) -> int:
    """How many records the mirror has of a resource in a workspace, or (None) in all: what the
    guard measures a number of candidates against.
    """
    table = TABLES[resource.name]
    query = sa.select(sa.func.count()).select_from(table).where(table.c.id < PROVISIONAL_FROM)
    if workspace_id is not None and resource.in_workspace:
        query = query.where(table.c.workspace_id == workspace_id)
    return int(tx.conn.execute(query).scalar_one())
