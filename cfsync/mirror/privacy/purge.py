"""The statements of a redaction: where a person may be found, and how each place is cleaned.

Other records are cleaned in pieces, each in a transaction of its own; the person's own rows are
deleted last, so that a redaction that was interrupted can be run again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from cfsync.mirror.bookkeeping import redacted, rows, tombstones
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, OutboxState
from cfsync.mirror.bookkeeping.tombstones import Cause, Side
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Busy
from cfsync.mirror.db.tables import (
    BASE,
    CHANGES,
    CONFLICTS,
    EVENTS,
    IDS,
    OUTBOX,
    TABLES,
    TOMBSTONES,
)
from cfsync.mirror.db.types import Json
from cfsync.mirror.history import changes
from cfsync.mirror.history.changes import Change, ChangeOp
from cfsync.mirror.history.person import by_person
from cfsync.mirror.privacy.person import Person, clean, clean_record, identity
from cfsync.mirror.progress.events import EventState
from cfsync.records import is_provisional
from cfsync.resources import RESOURCES, Resource

CHUNK = 5_000
"""Rows that one statement searches."""
LOWEST = -(2**63)
Receipt = Counter[str]
"""Table -> how many of its rows held something."""


def person_of(tx: Tx, resource: Resource, record_id: int) -> Person:
    """The person that a record is, with all that the mirror has known it by."""
    return Person(resource, record_id, **identity(resource, _seen(tx, resource, record_id)))


def _seen(tx: Tx, resource: Resource, record_id: int) -> Iterator[Mapping[str, Any]]:
    yield statements.load(tx, TABLES[resource.name], [record_id]).get(record_id, {})
    for table in (BASE, TOMBSTONES):
        for (body,) in statements.by_ids(tx, table, ["body"], [record_id], resource=resource.name):
            yield json.loads(body) if body else {}
    for patch in tx.conn.execute(
        sa.select(OUTBOX.c.patch).where(*_own(OUTBOX, resource, record_id))
    ):
        for side in (0, 1):
            yield {name: pair[side] for name, pair in patch[0].items()}


def _own(table: sa.Table, resource: Resource, record_id: int) -> list[sa.ColumnElement[bool]]:
    return [table.c.resource == resource.name, table.c.record_id == record_id]


def ids_that_may_hold(
    tx: Tx, person: Person, resource: Resource, table: sa.Table, after: int
) -> tuple[list[int], int | None]:
    """Of the next CHUNK ids after `after`, those whose row (or base) may hold something of the
    person; and the last id that was searched, None at the end.
    """
    key = table.c.id
    where = [table.c.resource == resource.name] if table is BASE else []
    piece = sa.select(key).where(*where, key > after).order_by(key).limit(CHUNK).subquery()
    upto = tx.conn.execute(sa.select(sa.func.max(piece.c.id))).scalar()
    if upto is None:
        return [], None
    query = sa.select(key).where(*where, key > after, key <= upto, _may_hold(person, table))
    found = set(tx.conn.execute(query).scalars())
    return sorted(found - ({person.id} if resource is person.resource else set())), upto


def _may_hold(person: Person, table: sa.Table) -> sa.ColumnElement[bool]:
    columns = [c for c in table.c if isinstance(c.type, (sa.Text, Json))]
    quotes = [
        table.c[name] == person.id
        for name, target in _references(table).items()
        if target == person.resource.name
    ]
    return sa.or_(sa.false(), *quotes, *(t for c in columns for t in _mentions(person, c)))


def _references(table: sa.Table) -> Mapping[str, str]:
    """Column -> resource, of plain columns: a list of ids holds nothing of a person."""
    resource = RESOURCES.get(table.name)
    found = resource.references if resource else {}
    return {n: r for n, r in found.items() if isinstance(table.c[n].type, sa.BigInteger)}


def _mentions(person: Person, column: sa.ColumnElement[Any]) -> Iterator[sa.ColumnElement[bool]]:
    text = sa.cast(column, sa.Text)
    for key in person.keys:
        for form in {key, json.dumps(key)[1:-1]}:
            yield sa.func.lower(text).contains(form, autoescape=True)
    for mark in person.marks:
        yield text.contains(mark, autoescape=True)


def clean_rows(tx: Tx, person: Person, resource: Resource, ids: Sequence[int]) -> Receipt:
    """Remove the person from the rows and bases of these other records. Raises Busy where another
    program holds one.
    """
    receipt: Receipt = Counter()
    if busy := statements.lock(tx, TABLES[resource.name], ids):
        raise Busy(f"{resource.name} {min(busy)} is locked by another program; run it again")
    for record_id, row in statements.load(tx, TABLES[resource.name], ids).items():
        if changed := clean_record(person, resource, row):
            rows.set_fields(tx, resource, record_id, changed, by=None)
            _write_cleaned(tx, resource, row, changed)
            receipt[resource.name] += 1
    columns = ["id", "body", "stored_forms"]
    for record_id, body, forms in statements.by_ids(tx, BASE, columns, ids, resource=resource.name):
        cleaned = clean_body(person, resource, body)
        if cleaned or forms:
            query = sa.update(BASE).where(BASE.c.resource == resource.name, BASE.c.id == record_id)
            new = {"body": cleaned or body, "stored_forms": None, "rev": tx.rev()}
            tx.conn.execute(query.values(new))
            receipt[BASE.name] += 1
    return receipt


def _write_cleaned(
    tx: Tx, resource: Resource, row: Mapping[str, Any], changed: Mapping[str, Any]
) -> None:
    """Write down what a row holds now, without the values that were removed from it."""
    patch = {str(name): [None, value] for name, value in changed.items()}
    change = Change(ChangeOp.UPDATE, row["id"], patch, row.get("workspace_id"))
    changes.write(tx, resource, by_person(), change)


def clean_body(person: Person, resource: Resource, body: str) -> str | None:
    """A record's JSON text without the person; None where there is nothing to remove."""
    values = json.loads(body)
    changed = clean_record(person, resource, values)
    if not changed:
        return None
    try:
        return orjson.dumps(values | changed).decode()
    except TypeError:  # a lone surrogate, an integer over 64 bits
        return json.dumps(values | changed)


def clean_bookkeeping(tx: Tx, person: Person) -> Receipt:
    """Remove the person from what cfsync's own tables hold of other records."""
    receipt: Receipt = Counter()
    for table in (OUTBOX, CONFLICTS, CHANGES):
        (key,) = table.primary_key
        for row in tx.conn.execute(sa.select(table).where(_may_hold(person, table))).mappings():
            if changed := _cleaned(person, dict(row)):
                tx.conn.execute(sa.update(table).where(key == row[key.name]).values(changed))
                receipt[table.name] += 1
    for table in (TOMBSTONES, EVENTS):
        for row in tx.conn.execute(sa.select(table).where(_may_hold(person, table))).mappings():
            if changed := _cleaned(person, dict(row)):
                keys = [c == row[c.name] for c in table.primary_key]
                tx.conn.execute(sa.update(table).where(*keys).values(changed))
                receipt[table.name] += 1
    return receipt


def _cleaned(person: Person, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a bookkeeping row that change."""
    resource = RESOURCES.get(row["resource"] or "")
    changed: dict[str, Any] = {}
    for name in ("patch", "sent", "base", "local", "remote", "error", "body"):
        value = row.get(name)
        if resource and name == "body" and value:
            cleaned: Any = clean_body(person, resource, value) or value
        elif resource and name in ("patch", "sent") and value:
            cleaned = value | clean_record(person, resource, value)
        else:
            cleaned = clean(person, value, row.get("field", ""))
        if cleaned != value:
            changed[name] = cleaned
    return changed


def purge(tx: Tx, person: Person) -> Receipt:
    """Delete all that is the person's own; what stays is the proof that there was such a record.
    Raises Constrained where a trigger of the user's skips the row.
    """
    resource, record_id = person.resource, person.id
    receipt: Receipt = Counter()
    tx.dialect.clear_replaced(tx.conn)
    table = TABLES[resource.name]
    events = [
        *_own(EVENTS, resource, record_id),
        EVENTS.c.body.is_not(None) | EVENTS.c.error.is_not(None),
    ]
    if statements.by_ids(tx, table, ["id"], [record_id]):
        rows.delete(tx, resource, record_id, by=None)
        changes.write(tx, resource, by_person(), Change(ChangeOp.DELETE, record_id, {}))
        receipt[table.name] += 1
    for name, query in (
        (
            BASE.name,
            sa.delete(BASE).where(BASE.c.resource == resource.name, BASE.c.id == record_id),
        ),
        (CONFLICTS.name, sa.delete(CONFLICTS).where(*_own(CONFLICTS, resource, record_id))),
        (
            EVENTS.name,
            sa.update(EVENTS).where(*events).values(body=None, error=None, state=EventState.DONE),
        ),
        (OUTBOX.name, _emptied_edits(resource, record_id)),
        (CHANGES.name, _emptied_changes(resource, record_id)),
    ):
        receipt[name] += tx.conn.execute(query).rowcount
    _save_proof(tx, person, receipt)
    return receipt


def _emptied_edits(resource: Resource, record_id: int) -> sa.Update:
    ended = sa.case((OUTBOX.c.state.in_(OPEN_STATES), OutboxState.DISCARDED), else_=OUTBOX.c.state)
    query = sa.update(OUTBOX).where(*_own(OUTBOX, resource, record_id))
    return query.values(patch={}, sent=None, error=None, state=ended)


def _emptied_changes(resource: Resource, record_id: int) -> sa.Update:
    """Those under a provisional id that the record had, too. Numbers and times stay, as do the ids
    of a renumbering.
    """
    local_ids = sa.select(IDS.c.local_id).where(
        IDS.c.resource == resource.name, IDS.c.id == record_id
    )
    query = sa.update(CHANGES).where(
        CHANGES.c.resource == resource.name,
        sa.or_(CHANGES.c.record_id == record_id, CHANGES.c.record_id.in_(local_ids)),
        CHANGES.c.op != ChangeOp.RENUMBER,
        sa.cast(CHANGES.c.patch, sa.Text) != "{}",
    )
    return query.values(patch={})


def _save_proof(tx: Tx, person: Person, receipt: Receipt) -> None:
    """The proof that it is gone, without its last state; a row that was never sent needs none."""
    if is_provisional(person.id):
        return
    known = statements.by_ids(tx, TOMBSTONES, ["body"], [person.id], resource=person.resource.name)
    receipt[TOMBSTONES.name] += sum(body is not None for (body,) in known)
    tombstones.save_confirmed(tx, person.resource, person.id, Side.LOCAL, Cause.REDACTED, body=None)
    redacted.note(tx, person.resource, person.id, person.keys)


def overwrite_deleted(tx: Tx) -> None:
    """Have the database overwrite what it deletes from here on, on this connection: SQLite leaves
    deleted text in its file otherwise.
    """
    tx.dialect.overwrite_deleted(tx.conn)
