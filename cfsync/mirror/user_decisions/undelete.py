"""Bringing back a record that was deleted.

A delete that was not sent is taken back. Of any other record an INSERT of its last state, as a user
would write it, makes a new one: ClickFunnels gives no id twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import conflicts, decided, ids, last_states, outbox, tombstones
from cfsync.mirror.bookkeeping.conflicts import ConflictKind
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit, Op, OutboxState
from cfsync.mirror.bookkeeping.tombstones import PROVEN_STATES, Cause, TombstoneState
from cfsync.mirror.capture.rules import (
    insertable_values,
    parents,
    references,
    taken_message,
    unique_field,
)
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.outgoing import user_edits
from cfsync.mirror.user_decisions import discard
from cfsync.records import PROVISIONAL_FROM, is_provisional
from cfsync.resources import RESOURCES, Resource

REDACTED = "it was redacted, and nothing of it is kept"
READ_ONLY = "read-only in ClickFunnels"


class How(StrEnum):
    """How a record is brought back."""

    TAKE_BACK = "take_back"
    """Its delete was not sent: the row is there again, with its id."""
    INSERT = "insert"
    """As a new record, with a new id."""
    REFUSE = "refuse"
    """Not at all."""


@dataclass(frozen=True, slots=True)
class Left:
    """A value of the last state that the new record does not get, and why."""

    field: str
    reason: str
    #: Whether that is because what it refers to is gone.
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Undelete:
    """What is, or was, done to bring a record back."""

    resource: str
    record_id: int
    how: How
    #: Why it can't be brought back.
    reason: str | None = None
    #: The unsent deletes that are taken back.
    seqs: tuple[int, ...] = ()
    #: What the INSERT gives.
    values: Mapping[str, Any] | None = None
    left: tuple[Left, ...] = ()
    #: The id of the row that was inserted.
    new_id: int | None = None
    #: How it was named, where the mirror knows no record of that name; its id is 0 then.
    unknown: str | None = None

    @property
    def name(self) -> str:
        return f"{self.resource} {self.unknown or self.record_id}"


def undelete(tx: Tx, resource: Resource, record_id: int) -> Undelete:
    """Bring a record back, as `plan` says. Raises UsageError where the database refuses its row."""
    statements.serialize_writers(tx, TABLES[resource.name])
    found = plan(tx, resource, record_id)
    if found.how != How.REFUSE:
        decided.undeleted(tx, resource.name, found.record_id)
    if found.how == How.TAKE_BACK:
        discard.discard(tx, found.seqs)
    if found.how != How.INSERT or found.values is None:
        return found
    new_id = user_edits.insert(tx, resource, found.values)
    ids.save_successor(tx, resource, found.record_id, new_id)
    return replace(found, new_id=new_id)


def plan(
    tx: Tx, resource: Resource, record_id: int, coming: Collection[int] = frozenset()
) -> Undelete:
    """How a record would be brought back. `coming`: records of the resource that are before it."""
    if is_provisional(record_id):
        real = ids.find_real_ids(tx, [(resource.name, record_id)])
        record_id = real.get((resource.name, record_id), record_id)
    found = Undelete(resource.name, record_id, How.REFUSE)
    deletes = _deletes(tx, resource, record_id)
    if reason := _not_deleted(tx, resource, record_id):
        return replace(found, reason=reason)
    unsent = [e for e in deletes if e.state in OPEN_STATES]
    if unsent and not _is_proven(tx, resource, record_id):
        if any(e.state == OutboxState.SENDING for e in unsent):
            return replace(found, reason="its delete is being sent: run cfsync push first")
        return replace(found, how=How.TAKE_BACK, seqs=tuple(e.seq for e in unsent))
    if (state := last_states.load(tx, resource, [record_id]).get(record_id)) is None:
        return replace(found, reason="the mirror knows no such record that was deleted")
    return _insert(tx, found, resource, state, coming)


def _deletes(tx: Tx, resource: Resource, record_id: int) -> list[Edit]:
    edits = outbox.find(tx, resources=[resource.name], record_id=record_id)
    return [e for e in edits if e.op == Op.DELETE]


def _is_proven(tx: Tx, resource: Resource, record_id: int) -> bool:
    found = tombstones.find(tx, states=PROVEN_STATES, resource=resource.name, record_id=record_id)
    return bool(found)


def _not_deleted(tx: Tx, resource: Resource, record_id: int) -> str | None:
    """Why there is nothing to bring back, or nobody may; None: there is no such reason."""
    if _is_there(tx, resource, record_id):
        clashes = conflicts.find(tx, resources=[resource.name], record_id=record_id)
        gone = [c for c in clashes if c.kind == ConflictKind.DELETED_REMOTELY]
        helps = f"; cfsync conflicts resolve {gone[0].id} --local creates it anew" if gone else ""
        return f"it is in the mirror{helps}"
    new_id = ids.successor(tx, resource, record_id)
    for known in {record_id, new_id} - {None}:
        stones = tombstones.find(tx, states=PROVEN_STATES, resource=resource.name, record_id=known)
        if any(s.cause == Cause.REDACTED for s in stones):
            return REDACTED
        if any(s.state == TombstoneState.HIDDEN for s in stones):
            return "ClickFunnels still has it: its row comes back when a list shows it again"
    if new_id is not None and _is_there(tx, resource, new_id):
        return f"it was brought back already: {resource.name} {new_id}"
    return None


def _is_there(tx: Tx, resource: Resource, record_id: int) -> bool:
    return bool(statements.by_ids(tx, TABLES[resource.name], ["id"], [record_id]))


def _insert(
    tx: Tx, found: Undelete, resource: Resource, state: Mapping[str, Any], coming: Collection[int]
) -> Undelete:
    """The INSERT of a state, without what nobody can give."""
    row = {f.name: state.get(f.name) for f in resource.columns}
    if not any(v is not None for v in row.values()):
        return replace(found, reason=REDACTED)
    if not resource.is_creatable(row):
        return replace(found, reason=resource.refuse_insert)
    given = insertable_values(resource, row)
    values, gone = _with_references(tx, resource, given, coming)
    if reason := _lack(resource, values, gone):
        return replace(found, reason=reason)
    if (other := _taken_by(tx, resource, values)) is not None:
        return replace(found, reason=f"{taken_message(resource)}; its id is {other}")
    left = (*gone, *_not_given(resource, row, given))
    return replace(found, how=How.INSERT, values=values, left=left)


def _lack(resource: Resource, values: Mapping[str, Any], gone: Sequence[Left]) -> str | None:
    """What an INSERT of these values lacks that it has to give, or the place where its record
    belongs. Pure.
    """
    lost = {one.field: one.reason for one in gone}
    places = {*parents(resource), *resource.create_paths}
    for field in resource.columns:
        if field.name in values:
            continue
        if field.name in lost and (field.required or field.name in places):
            return f"{field.name}: {lost[field.name]}"
        if field.required:
            return f"{resource.name}.{field.name} has to be given, and its value is not known"
    return None


def _not_given(resource: Resource, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Left]:
    """What an INSERT can't give. Copies of other records are none of it. Pure."""
    return [
        Left(f.name, "can be changed once the record exists" if f.is_writable else READ_ONLY)
        for f in resource.columns
        if f.name != "id" and f.merge != "quote" and f.name not in given
        if row[f.name] not in (None, "", [], {})
    ]


def _taken_by(tx: Tx, resource: Resource, values: Mapping[str, Any]) -> int | None:
    """The row in the workspace that has the value by which such records are told apart."""
    field, table = unique_field(resource), TABLES[resource.name]
    value = values.get(field.name) if field else None
    if field is None or not value:
        return None
    column = table.c[field.name]
    same = sa.func.lower(column) == sa.func.lower(value) if field.email else column == value
    here = table.c.workspace_id == values.get("workspace_id")
    return tx.conn.execute(sa.select(table.c.id).where(same, here)).scalar()


def _with_references(
    tx: Tx, resource: Resource, given: Mapping[str, Any], coming: Collection[int]
) -> tuple[dict[str, Any], list[Left]]:
    """The values without references to records that are gone, and those. A record that was brought
    back is referred to by its new id.
    """
    values, left = dict(given), list[Left]()
    for field in references(resource):
        if field.name not in given:
            continue
        target, value = RESOURCES[field.ref or ""], given[field.name]
        members = value if isinstance(value, list) else [value]
        now = _ids_now(tx, target, members)
        here = coming if target is resource else ()
        gone = [m for m, known in now.items() if known is None and m not in here]
        left += [Left(field.name, f"{target.name} {m} is gone", is_gone=True) for m in gone]
        kept = [(now[m] or m) if isinstance(m, int) else m for m in members if m not in gone]
        if isinstance(value, list):
            values[field.name] = kept
        elif kept:
            values[field.name] = kept[0]
        else:
            del values[field.name]
    return values, left


def _ids_now(tx: Tx, target: Resource, members: Sequence[Any]) -> dict[int, int | None]:
    """Id that was referred to -> the id that such a record has now; None: it is gone."""
    known = [m for m in members if isinstance(m, int)]
    real = ids.find_real_ids(tx, [(target.name, m) for m in known if is_provisional(m)])
    return {m: _id_now(tx, target, real.get((target.name, m), m)) for m in known}


def _id_now(tx: Tx, target: Resource, record_id: int) -> int | None:
    """Its id, that of the record that was made of it, or None. Of a table that holds no record
    nothing is known: it may not be mirrored.
    """
    if _is_there(tx, target, record_id):
        return record_id
    new_id = ids.successor(tx, target, record_id)
    if new_id is not None and _is_there(tx, target, new_id):
        return new_id
    is_gone = is_provisional(record_id) or _is_proven(tx, target, record_id)
    return None if is_gone or _holds_records(tx, target) else record_id


def _holds_records(tx: Tx, resource: Resource) -> bool:
    table = TABLES[resource.name]
    query = sa.select(table.c.id).where(table.c.id < PROVISIONAL_FROM).limit(1)
    return tx.conn.execute(query).first() is not None
