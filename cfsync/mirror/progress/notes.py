"""What is kept beside the rows: which lane brought changes first, and odd fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import NOTES
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.progress.latency import UNMEASURED, count_by_class
from cfsync.records import Record
from cfsync.resources.model import Resource
from cfsync.times import is_ahead

MEASURED = (Lane.EVENTS, Lane.PULL, Lane.SWEEP, Lane.CENSUS)
"""Lanes whose delays are measured."""

TIDIED = "tidied"
"""The kind of a note about a field that a trigger of the user's changes."""
NULL_LEFT = "null_left"
"""The kind of a note that a trigger writes: an INSERT of a known id gave the field no value, or
NULL, and the row has kept its value.
"""
FOREIGN = "foreign"
"""The kind of a note about records of other workspaces; the field is always `workspace_id`."""
VANISHED = "vanished"
"""The kind of a note about a field that ClickFunnels showed and shows no longer."""

_COUNT = sa.text(
    "INSERT INTO cf_found (resource, lane, delay_ms, records)"
    " VALUES (:resource, :lane, :delay_ms, :records)"
    " ON CONFLICT (resource, lane, delay_ms)"
    " DO UPDATE SET records = cf_found.records + excluded.records"
)


def count_found(tx: Tx, resource: Resource, lane: Lane, news: Sequence[Record]) -> None:
    """Count new and changed records for the lane that brought them first, by how long that took."""
    classes: Mapping[int, int] = {UNMEASURED: len(news)}
    if lane in MEASURED:
        classes = count_by_class((r.updated_at for r in news), tx.now)
    for delay, records in classes.items():
        key = {"resource": resource.name, "lane": str(lane), "delay_ms": delay}
        tx.conn.execute(_COUNT, key | {"records": records})


def note_tidied(tx: Tx, resource: Resource, fields: Mapping[str, int]) -> None:
    """Note the fields that a trigger of the user's changes when cfsync writes them, each with the
    id of an example. A new one is logged.
    """
    query = sa.select(NOTES.c.field).where(NOTES.c.resource == resource.name)
    known = set(tx.conn.execute(query.where(NOTES.c.kind == TIDIED)).scalars())
    if new := sorted(fields.keys() - known):
        tx.warnings.append(("drift.tidied", {"resource": resource.name, "fields": new}))
    stamp = {"resource": resource.name, "kind": TIDIED, "seen_at": tx.now}
    found = [{"field": name, "record_id": i} for name, i in fields.items()]
    statements.upsert(tx, NOTES, found, stamp=stamp)


def has_tidied(tx: Tx, resource: Resource) -> bool:
    """Whether there are notes about such fields."""
    about = NOTES.c.resource == resource.name, NOTES.c.kind == TIDIED
    return tx.conn.execute(sa.select(NOTES.c.field).where(*about).limit(1)).first() is not None


def forget_tidied(tx: Tx, resource: Resource, *, before: str) -> None:
    """Drop the notes about such fields that were last seen before this time."""
    about = NOTES.c.resource == resource.name, NOTES.c.kind == TIDIED
    tx.conn.execute(sa.delete(NOTES).where(*about, NOTES.c.seen_at < before))


def note_foreign(tx: Tx, resource: Resource, ids: Sequence[int]) -> None:
    """Note that records of other workspaces were shown and left, with an example. The first time
    is logged.
    """
    if not ids:
        return
    key = {"resource": resource.name, "field": "workspace_id", "kind": FOREIGN}
    new = [key | {"record_id": min(ids), "seen_at": tx.now}]
    insert = tx.dialect.insert(NOTES).values(new).on_conflict_do_nothing()
    if tx.conn.execute(insert.returning(NOTES.c.record_id)).all():
        said = {"resource": resource.name, "ids": sorted(ids)}
        tx.warnings.append(("record.of_another_workspace", said))


def note_vanished(tx: Tx, resource: Resource, vanished: Mapping[str, int]) -> None:
    """Note fields that records no longer show, each with an example, and since when."""
    if not vanished:
        return
    about = NOTES.c.resource == resource.name, NOTES.c.kind == VANISHED
    known = set(tx.conn.execute(sa.select(NOTES.c.field).where(*about)).scalars())
    statements.upsert(
        tx,
        NOTES,
        [
            {"resource": resource.name, "field": n, "kind": VANISHED, "record_id": i}
            | {"seen_at": tx.now}
            for n, i in vanished.items()
            if n not in known
        ],
    )


def forget_vanished(tx: Tx, resource: Resource, returned: Collection[str]) -> None:
    """Drop the notes about fields that are shown again."""
    if returned:
        about = NOTES.c.resource == resource.name, NOTES.c.field.in_(list(returned))
        tx.conn.execute(sa.delete(NOTES).where(NOTES.c.kind == VANISHED, *about))


def find(tx: Tx, resource: Resource, kind: str, *, since: str) -> list[tuple[str, int]]:
    """(field, the example) of the notes of one kind that are as new."""
    query = sa.select(NOTES.c.field, NOTES.c.record_id).where(
        NOTES.c.resource == resource.name, NOTES.c.kind == kind, NOTES.c.seen_at >= since
    )
    return [(name, record_id) for name, record_id in tx.conn.execute(query.order_by("field"))]


def note_odd_fields(tx: Tx, records: Sequence[Record]) -> None:
    """Note fields that are unknown, of another JSON type, whose value no column holds, or whose
    time lies in the future, each with an example.
    """
    odd = {
        (r.resource, name, kind): r.id
        for r in records
        for kind, names in (
            ("unholdable", r.noted),
            ("unknown", r.unknown),
            ("converted", r.converted),
            ("ahead", ["updated_at"] if is_ahead(r.updated_at, tx.now) else []),
        )
        for name in names
    }
    statements.upsert(
        tx,
        NOTES,
        [
            {"resource": res, "field": name, "kind": kind, "record_id": i, "seen_at": tx.now}
            for (res, name, kind), i in odd.items()
        ],
    )
