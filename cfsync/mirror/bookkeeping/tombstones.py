"""Tombstones: from the first time that a record was missing to the proof that it is gone.

A row of `cf_tombstones` is deleted when its record is listed again, unless that answer is older
than the proof. How candidates are found: `lists.missing_rows`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import agreement, conflicts, open_edits, outbox, rows
from cfsync.mirror.bookkeeping.decided import NOT_DECIDED
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, TABLES, TOMBSTONES
from cfsync.mirror.history.changes import Origin
from cfsync.resources.model import Resource
from cfsync.values import json_of


class TombstoneState(StrEnum):
    """The state of a tombstone.

    none -> candidate: missing in a list, or not found
    none -> confirmed: the user's own delete arrived, or the record was redacted
    candidate -> confirmed: asked for by itself, it is gone
    candidate -> hidden: asked for by itself, it exists, but no list shows it
    candidate -> held: too many at once: a person decides
    candidate -> none: it is there after all
    held -> approved: a person says that it may go
    held -> rejected: a person says that it stays in the mirror
    held -> none: it is there after all
    approved -> rejected: the person takes it back before a sweep has acted on it
    rejected -> approved: the person takes that back
    approved -> confirmed: asked for by itself, it is gone
    approved -> hidden: asked for by itself, it exists, but no list shows it
    approved -> none: it is there after all
    rejected -> none: a list shows it again
    hidden -> none: a list shows it again, or forgotten after its time
    confirmed -> none: a list shows it again, or forgotten after its time

    (A redaction confirms whatever the state was.)
    """

    CANDIDATE = "candidate"
    HELD = "held"
    APPROVED = "approved"
    REJECTED = "rejected"
    CONFIRMED = "confirmed"
    HIDDEN = "hidden"


_S = TombstoneState
TRANSITIONS: Mapping[TombstoneState | None, frozenset[TombstoneState | None]] = {
    None: frozenset({_S.CANDIDATE, _S.CONFIRMED}),
    _S.CANDIDATE: frozenset({_S.CONFIRMED, _S.HIDDEN, _S.HELD, None}),
    _S.HELD: frozenset({_S.APPROVED, _S.REJECTED, None}),
    _S.APPROVED: frozenset({_S.CONFIRMED, _S.HIDDEN, _S.REJECTED, None}),
    _S.REJECTED: frozenset({_S.APPROVED, None}),
    _S.HIDDEN: frozenset({None}),
    _S.CONFIRMED: frozenset({None}),
}
"""What may follow each state; None: no such row."""

UNPROVEN_STATES = (_S.CANDIDATE, _S.HELD, _S.APPROVED)
"""States of a record of which nobody has proved that it is gone, nor decided that it stays."""
PROVEN_STATES = (_S.CONFIRMED, _S.HIDDEN)
"""States of a record that has left the mirror, or would have."""


class Side(StrEnum):
    """Where a record was deleted."""

    LOCAL = "local"
    REMOTE = "remote"


class Cause(StrEnum):
    """Why a record is gone."""

    DELETED = "deleted"
    HIDDEN = "hidden"
    """It exists, but no list shows it."""
    REDACTED = "redacted"
    """A person's data was deleted on request, here and in ClickFunnels."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A row of `cf_tombstones`."""

    resource: str
    record_id: int
    #: The record below which it was listed; 0: below nothing.
    parent_id: int
    workspace_id: int | None
    #: Where it was deleted.
    side: Side
    state: TombstoneState
    #: None: nothing is proved yet.
    cause: Cause | None
    #: When it was first missing, canonical text.
    first_seen: str
    #: When it was proved to be gone, canonical text; None: it isn't.
    confirmed_at: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """An answer that proves that a record is gone. `rev_before`: the highest `cf_rev` before it was
    requested.
    """

    cause: Cause
    rev_before: int
    #: Where it comes from, for the history.
    by: Origin


def proof_revs(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, int]:
    """Record id -> the `cf_rev` of the proof that it is gone, 0 while there is none; only for the
    ids that have a tombstone.
    """
    found = statements.by_ids(tx, TOMBSTONES, ["record_id", "rev"], ids, resource=resource.name)
    return {record_id: rev or 0 for record_id, rev in found}


def confirmed(tx: Tx, resource: str, ids: Collection[int]) -> set[int]:
    """Those of the ids whose records were deleted, which is proved."""
    found = statements.by_ids(tx, TOMBSTONES, ["record_id", "state"], list(ids), resource=resource)
    return {record_id for record_id, state in found if state == TombstoneState.CONFIRMED}


def delete(tx: Tx, resource: Resource, ids: Sequence[int]) -> None:
    """Delete the tombstones of these records: they exist."""
    statements.delete(tx, TOMBSTONES, ids, resource=resource.name)


def find(
    tx: Tx,
    *,
    states: Collection[TombstoneState],
    resource: str | None = None,
    record_id: int | None = None,
    limit: int | None = None,
) -> list[Tombstone]:
    """Tombstones in some states, oldest first, at most `limit`; only those of a resource or a
    record where given.
    """
    where: list[sa.ColumnElement[bool]] = [TOMBSTONES.c.state.in_(states)]
    if resource is not None:
        where.append(TOMBSTONES.c.resource == resource)
    if record_id is not None:
        where.append(TOMBSTONES.c.record_id == record_id)
    order = (TOMBSTONES.c.first_seen, TOMBSTONES.c.resource, TOMBSTONES.c.record_id)
    query = sa.select(TOMBSTONES).where(*where).order_by(*order).limit(limit)
    return [_tombstone(row) for row in tx.conn.execute(query).mappings()]


def _tombstone(row: sa.RowMapping) -> Tombstone:
    kinds = {
        "side": Side(row["side"]),
        "state": TombstoneState(row["state"]),
        "cause": Cause(row["cause"]) if row["cause"] else None,
    }
    return Tombstone(**{f.name: row[f.name] for f in fields(Tombstone)} | kinds)


def find_public_id(tx: Tx, resource: Resource, public_id: str) -> int | None:
    """The id of a deleted record, by the public id that it had, while its last state is kept."""
    query = sa.select(TOMBSTONES.c.record_id, TOMBSTONES.c.body).where(
        TOMBSTONES.c.resource == resource.name,
        TOMBSTONES.c.body.contains(f'"{public_id}"', autoescape=True),
    )
    states = tx.conn.execute(query).all()
    return next((i for i, body in states if json_of(body).get("public_id") == public_id), None)


def set_state(
    tx: Tx,
    resource: str,
    ids: Sequence[int],
    state: TombstoneState,
    *,
    was: Collection[TombstoneState],
) -> set[int]:
    """Change the state of those tombstones of these records that are in one of the states `was`,
    also where another process changes them just now; the ids of those that were changed.
    """
    mine = (TOMBSTONES.c.resource == resource, TOMBSTONES.c.state.in_(was))
    change = sa.update(TOMBSTONES).where(*mine).values(state=state)
    changed = set[int]()
    for start in range(0, len(ids), outbox.AT_ONCE):
        some = TOMBSTONES.c.record_id.in_(ids[start : start + outbox.AT_ONCE])
        changed |= set(tx.conn.scalars(change.where(some).returning(TOMBSTONES.c.record_id)))
    return changed


def lock(tx: Tx, resource: Resource, record_id: int) -> TombstoneState | None:
    """Lock the tombstone of a record; its state, None where there is none. The writers of the
    resource are serialized first, as in everything that then writes records, so that no two wait
    for each other.
    """
    statements.serialize_writers(tx, TABLES[resource.name])
    # its state is no condition: a row that another process changes just now would not be locked
    mine = (TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == record_id)
    query = sa.select(TOMBSTONES.c.state).where(*mine).with_for_update()
    state = tx.conn.execute(query).scalar()
    return TombstoneState(state) if state else None


def see_again(tx: Tx, resource: Resource, record_id: int) -> None:
    """Count a tombstone's first sighting from now on, so that it is judged again later."""
    mine = (TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == record_id)
    tx.conn.execute(sa.update(TOMBSTONES).where(*mine).values(first_seen=tx.now))


def confirm(
    tx: Tx, resource: Resource, record_id: int, evidence: Evidence, *, keep_row: bool
) -> bool:
    """Turn a tombstone into the proof, with the record's last state, and delete its row, unless
    `keep_row` (the setting says so) or edits of it are open: then a person decides. False where the
    record was read again after the request, or where another pass has confirmed it.
    """
    statements.serialize_writers(tx, TABLES[resource.name])
    base = statements.by_ids(tx, BASE, ["body", "rev"], [record_id], resource=resource.name)
    if not base or base[0][1] > evidence.rev_before:
        _delete_unproven(tx, resource, record_id)
        return False
    _write_proof(tx, resource, record_id, evidence.cause, base[0][0])
    agreement.end_stopped_delete(tx, resource, record_id)
    if not (keep_row or _hold_edits(tx, resource, record_id)):
        rows.delete(tx, resource, record_id, evidence.by)
        statements.delete(tx, BASE, [record_id], resource=resource.name)
    return True


def _delete_unproven(tx: Tx, resource: Resource, record_id: int) -> None:
    """A proof that another pass has written meanwhile stays."""
    unproven = TOMBSTONES.c.state.in_(UNPROVEN_STATES)
    mine = (TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == record_id)
    tx.conn.execute(sa.delete(TOMBSTONES).where(*mine, unproven))


def _write_proof(tx: Tx, resource: Resource, record_id: int, cause: Cause, body: str) -> None:
    is_hidden = cause == Cause.HIDDEN
    tx.conn.execute(
        sa.update(TOMBSTONES)
        .where(TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == record_id)
        .values(
            state=TombstoneState.HIDDEN if is_hidden else TombstoneState.CONFIRMED,
            cause=cause,
            confirmed_at=tx.now,
            body=body,
            rev=tx.rev(),
        )
    )


def _hold_edits(tx: Tx, resource: Resource, record_id: int) -> bool:
    """Hold the open edits of a record that is gone; False where there are none to keep."""
    found = open_edits.load(tx, resource, [record_id]).get(record_id)
    if found is None or found.deleted:
        return False
    conflicts.hold_edits_of_deleted(tx, resource, record_id, [e.seq for e in found.edits])
    return True


def save_confirmed(
    tx: Tx, resource: Resource, record_id: int, side: Side, cause: Cause, **columns: Any
) -> None:
    """Write the proof that a record is gone which no pass needs to ask for. `columns`: `body`, and
    `parent_id` and `workspace_id` where known.
    """
    proof = {
        "resource": resource.name,
        "record_id": record_id,
        "side": side,
        "cause": cause,
        "state": TombstoneState.CONFIRMED,
        "first_seen": tx.now,
        "confirmed_at": tx.now,
        "rev": tx.rev(),
    }
    statements.upsert(tx, TOMBSTONES, [proof | NOT_DECIDED | columns])
