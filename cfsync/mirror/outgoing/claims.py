"""What the push finds to send, and which of it must go in order."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import bases, ids, outbox
from cfsync.mirror.bookkeeping.outbox import UNKNOWN as UNKNOWN
from cfsync.mirror.db import statements as rows
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX, TABLES
from cfsync.mirror.outgoing.fold import Claim as Claim
from cfsync.mirror.outgoing.fold import Legs, fold, fold_statement, statements, together
from cfsync.resources import Resource


def open_records(
    tx: Tx, resource: Resource, workspaces: Collection[int], *, behind: int, upto: int, limit: int
) -> list[tuple[int, int]]:
    """(record id, first seq) of records with something to send whose first open seq is > behind
    and <= upto, in the order of their edits.
    """
    first = sa.func.min(OUTBOX.c.seq)
    query = (
        sa.select(OUTBOX.c.record_id, first)
        .where(*outbox.to_send(resource, workspaces))
        .group_by(OUTBOX.c.record_id)
        .having(sa.and_(first > behind, first <= upto))
        .order_by(first)
        .limit(limit)
    )
    return [(record_id, seq) for record_id, seq in tx.conn.execute(query)]


def lost_creates(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[int]:
    """The ids of rows whose create was journalled and never acknowledged."""
    query = (
        sa.select(OUTBOX.c.record_id)
        .where(*outbox.to_send(resource, workspaces))
        .where(OUTBOX.c.state == "sending", OUTBOX.c.op == "insert", OUTBOX.c.record_id < 0)
        .order_by(OUTBOX.c.seq)
    )
    return list(tx.conn.execute(query).scalars())


def claim(tx: Tx, resource: Resource, record_ids: Collection[int]) -> list[Claim]:
    """What is open on these records, without claiming it. A record that a human has to decide
    about is left out, and the rest of its edits say for which they wait, as is one whose row
    somebody else holds. References in the rows that have a real id by now are put right.
    """
    found = _legs(tx, resource, _free(tx, resource, record_ids))
    for legs in found:
        ids.put_right(tx, resource, legs.row, legs.known)
        if legs.blocker:
            outbox.explain(
                tx, [r.seq for r in legs.pending.rows], f"waits for edit {legs.blocker.seq}"
            )
    return _folded(found)


def preview(tx: Tx, resource: Resource, wanted: Collection[int]) -> list[Claim]:
    """As `look`, but nothing is locked or written: what a push would find now."""
    return _folded(_legs(tx, resource, wanted))


def _folded(found: Collection[Legs]) -> list[Claim]:
    claims = [
        fold(legs, together(legs)) for legs in found if legs.is_waiting and not legs.is_blocked
    ]
    return [c for c in claims if not c.waits_for_a_decision]


def claim_row_by_row(tx: Tx, resource: Resource, record_ids: Collection[int]) -> list[Claim]:
    """Like `look`, but a claim for each statement by itself, in their order, with the value that
    it gave to the resource's upsert key. Other fields are sent as they are now.
    """
    return preview_row_by_row(tx, resource, _free(tx, resource, record_ids))


def preview_row_by_row(tx: Tx, resource: Resource, wanted: Collection[int]) -> list[Claim]:
    """As `look_row_by_row`, but nothing is locked."""
    found = [
        fold_statement(legs, statement)
        for legs in _legs(tx, resource, wanted)
        if not legs.is_blocked
        for statement in statements(legs)
    ]
    return sorted(found, key=lambda c: c.seqs[0] if c.op == "delete" else c.seqs[-1])


def _free(tx: Tx, resource: Resource, record_ids: Collection[int]) -> list[int]:
    busy = rows.lock(tx, TABLES[resource.name], list(record_ids))
    return [i for i in record_ids if i not in busy]


def _legs(tx: Tx, resource: Resource, wanted: Collection[int]) -> list[Legs]:
    pending = outbox.pending(tx, resource, list(wanted))
    mirrored = rows.load(tx, TABLES[resource.name], list(pending))
    given = [r.given for entry in pending.values() for r in entry.rows]
    refers = [pair for v in (*mirrored.values(), *given) for pair in ids.local_ids(resource, v)]
    real = ids.known(tx, [*refers, *((resource.name, i) for i in pending if i < 0)])
    known = bases.load(tx, resource, list(pending))
    return [
        Legs(resource, record_id, entry, mirrored.get(record_id), known.get(record_id), real)
        for record_id, entry in pending.items()
    ]


def email_changes(
    tx: Tx, resource: Resource, workspaces: Collection[int]
) -> list[tuple[int, int, int | None, tuple[str, ...]]]:
    """(seq, record id, workspace id, key values in lower case) of the open rows that give up or
    take a value of the resource's upsert key, held ones too.
    """
    key = resource.upsert_key
    query = (
        sa.select(OUTBOX.c.seq, OUTBOX.c.record_id, OUTBOX.c.workspace_id, OUTBOX.c.patch)
        .where(*outbox.to_send(resource, workspaces, "held"))
        .where(sa.cast(OUTBOX.c.patch, sa.Text).contains(f'"{key}"'))
        .order_by(OUTBOX.c.seq)
    )
    return [
        (seq, record_id, workspace_id, tuple(v.lower() for v in patch[key] if v))
        for seq, record_id, workspace_id, patch in tx.conn.execute(query)
        if key in patch
    ]
