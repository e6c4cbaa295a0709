"""Discarding edits: ClickFunnels' values replace what they changed in the mirror."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.merge import Winner
from cfsync.mirror.bookkeeping import bases, conflicts, open_edits, outbox, rows
from cfsync.mirror.bookkeeping.conflicts import ConflictKind
from cfsync.mirror.bookkeeping.outbox import Edit, Op, OutboxState
from cfsync.mirror.capture.rules import OWN
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Busy
from cfsync.mirror.db.tables import OUTBOX, TABLES
from cfsync.mirror.history.person import by_person
from cfsync.mirror.user_decisions.replay import pairs, replay, without
from cfsync.resources import RESOURCES, Resource

DISCARDABLE = (OutboxState.PENDING, OutboxState.PARKED, OutboxState.HELD)


def discard(tx: Tx, seqs: Collection[int]) -> list[Edit]:
    """Discard edits, and with an insert all later ones of its record. A later open edit of the same
    field stays. Returns all that were discarded.

    Raises UsageError for an edit that is not open or is being sent, and Busy.
    """
    chosen = outbox.lock(tx, seqs, DISCARDABLE, wanted="waiting")
    dropped: list[int] = []
    for name, record_id in dict.fromkeys((e.resource, e.record_id) for e in chosen):
        dropped += _discard_of(tx, RESOURCES[name], record_id, set(seqs))
    return outbox.discard(tx, dropped)


def _discard_of(tx: Tx, resource: Resource, record_id: int, seqs: Collection[int]) -> list[int]:
    lock(tx, resource, record_id)
    clashes = conflicts.find(tx, resources=[resource.name], record_id=record_id)
    if gone := [c for c in clashes if c.kind == ConflictKind.DELETED_REMOTELY]:
        raise UsageError(
            f"{resource.name} {record_id} was deleted in ClickFunnels:"
            f" cfsync conflicts resolve {gone[0].id} --local | --remote"
        )
    entry = open_edits.load(tx, resource, [record_id])[record_id]
    dropped = [r for r in entry.edits if r.seq in seqs]
    if any(r.op == Op.INSERT for r in dropped):
        return _delete_unsent(tx, resource, record_id, entry.edits)
    take_back(tx, resource, record_id, dropped, [r for r in entry.edits if r.seq not in seqs])
    return [r.seq for r in dropped]


def lock(tx: Tx, resource: Resource, record_id: int) -> None:
    """Lock a row. Raises Busy where another program holds it."""
    if statements.lock(tx, TABLES[resource.name], [record_id]):
        raise Busy(f"{resource.name} {record_id} is locked by another program; try again")


def _delete_unsent(tx: Tx, resource: Resource, record_id: int, edits: Sequence[Edit]) -> list[int]:
    """Delete a row that was never sent; returns all its edits."""
    if any(r.state == OutboxState.SENDING for r in edits):
        raise UsageError(f"{resource.name} {record_id} is being sent; see cfsync push")
    rows.delete(tx, resource, record_id, by_person())
    return [r.seq for r in edits]


def take_back(
    tx: Tx,
    resource: Resource,
    record_id: int,
    dropped: Sequence[Edit],
    kept: Sequence[Edit],
) -> None:
    """Give the row its values without the edits `dropped`, and resolve the conflicts about them."""
    base = base_values(tx, resource, record_id)
    deletes = [r for r in dropped if r.op == Op.DELETE]
    if deletes:
        values = _undeleted(resource, base, deletes[-1], kept)
        tx.new_rev()
        rows.save(tx, resource, [{**values, "id": record_id}], by_person())
    elif values := without(resource, base, dropped=dropped, kept=kept):
        rows.set_fields(tx, resource, record_id, values, by_person())
    free = {n for r in dropped for n in r.patch} - {n for r in kept for n in r.patch}
    clashes = conflicts.find(tx, resources=[resource.name], record_id=record_id)
    over = [c for c in conflicts.about_fields(clashes, free) if c.winner == Winner.HOLD]
    conflicts.resolve(
        tx,
        over + [c for c in clashes if deletes and c.kind == ConflictKind.DELETED_HERE],
        Winner.CLICKFUNNELS,
    )


def base_values(tx: Tx, resource: Resource, record_id: int) -> Mapping[str, Any]:
    """The values that ClickFunnels had when the record was last read; {} if it never was."""
    base = bases.load(tx, resource, [record_id]).get(record_id)
    return bases.decode(resource, base).values if base else {}


def _undeleted(
    resource: Resource, base: Mapping[str, Any], delete: Edit, kept: Sequence[Edit]
) -> dict[str, Any]:
    """The row as ClickFunnels has it, with the edits `kept`; fields that ClickFunnels doesn't show
    are as they were when the row was deleted.
    """
    last = {name: pair[0] for name, pair in delete.patch.items() if name not in OWN}
    edited = {name for row in kept for name in row.patch}
    values = {**last, **base}
    return values | {
        name: replay(resource.by_name[name], base.get(name), pairs(name, kept)) for name in edited
    }


def forget_field(tx: Tx, resource: Resource, record_id: int, name: str) -> None:
    """Drop the open edits of one field, which holds ClickFunnels' value now. An edit of which
    nothing is left is discarded. Raises UsageError where one is being sent.
    """
    entry = open_edits.load(tx, resource, [record_id]).get(record_id)
    for row in entry.edits if entry else ():
        if row.op == Op.DELETE or name not in row.patch:
            continue
        if row.state == OutboxState.SENDING:
            raise UsageError(f"{resource.name} {record_id} is being sent; run cfsync push first")
        left = {n: pair for n, pair in row.patch.items() if n != name}
        if left:
            query = sa.update(OUTBOX).where(OUTBOX.c.seq == row.seq)
            tx.conn.execute(query.values(patch=left))
        else:
            outbox.discard(tx, [row.seq])
