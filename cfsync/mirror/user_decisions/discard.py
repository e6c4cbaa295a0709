"""Discarding edits: ClickFunnels' values replace what they changed in the mirror."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
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
    records: dict[str, dict[int, None]] = {}
    for edit in outbox.lock(tx, seqs, DISCARDABLE, wanted="waiting"):
        records.setdefault(edit.resource, {})[edit.record_id] = None
    dropped: list[int] = []
    for name, ids in records.items():
        dropped += _discard_of(tx, RESOURCES[name], list(ids), set(seqs))
    return outbox.discard(tx, dropped)


def _discard_of(tx: Tx, resource: Resource, ids: Sequence[int], seqs: Collection[int]) -> list[int]:
    lock(tx, resource, *ids)
    for clash in conflicts.of_records(tx, resource, ids):
        if clash.kind == ConflictKind.DELETED_REMOTELY:
            raise UsageError(
                f"{resource.name} {clash.record_id} was deleted in ClickFunnels:"
                f" cfsync conflicts resolve {clash.id} --local | --remote"
            )
    opened = open_edits.load(tx, resource, ids)
    dropped = {i: [e for e in opened[i].edits if e.seq in seqs] for i in ids}
    unsent = {i: opened[i].edits for i in ids if any(edit.op == Op.INSERT for edit in dropped[i])}
    # in the order of the edits, as the history tells it
    for is_unsent, some in groupby(ids, unsent.__contains__):
        if is_unsent:
            _delete_unsent(tx, resource, {i: unsent[i] for i in some})
            continue
        for record_id in some:
            kept = [e for e in opened[record_id].edits if e.seq not in seqs]
            take_back(tx, resource, record_id, dropped[record_id], kept)
    return [e.seq for edits in (dropped | unsent).values() for e in edits]


def lock(tx: Tx, resource: Resource, *ids: int) -> None:
    """Lock rows. Raises Busy where another program holds one."""
    if held := statements.lock(tx, TABLES[resource.name], ids):
        raise Busy(f"{resource.name} {min(held)} is locked by another program; try again")


def _delete_unsent(tx: Tx, resource: Resource, edits: Mapping[int, Sequence[Edit]]) -> None:
    """Delete rows that were never sent, all at once: an import makes many. `edits`: of each id."""
    for record_id, its in edits.items():
        if any(e.state == OutboxState.SENDING for e in its):
            raise UsageError(f"{resource.name} {record_id} is being sent; see cfsync push")
    rows.delete_all(tx, resource, list(edits), by_person())


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
