"""Claims: what a push finds to send of each record, and which of it must go in order."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import agreement, bases, conflicts, ids, open_edits, outbox
from cfsync.mirror.bookkeeping.outbox import Op, OutboxState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import IDS, OUTBOX, TABLES
from cfsync.mirror.outgoing import unsent
from cfsync.mirror.outgoing.fold import Claim as Claim
from cfsync.mirror.outgoing.fold import (
    EditedRecord,
    by_statement,
    fold,
    fold_statement,
    sent_together,
)
from cfsync.records import PROVISIONAL_FROM, is_provisional
from cfsync.resources import Resource


def open_records(
    tx: Tx, resource: Resource, workspaces: Collection[int], *, seqs: range, limit: int
) -> list[tuple[int, int]]:
    """(record id, number of its first open edit) of records with something to send whose first open
    edit is one of `seqs`, in the order of their edits.
    """
    first = sa.func.min(OUTBOX.c.seq)
    query = (
        sa.select(OUTBOX.c.record_id, first)
        .where(*unsent.where_to_send(resource, workspaces))
        .group_by(OUTBOX.c.record_id)
        .having(sa.and_(first >= seqs.start, first < seqs.stop))
        .order_by(first)
        .limit(limit)
    )
    return [(record_id, seq) for record_id, seq in tx.conn.execute(query)]


def all_open_records(tx: Tx, resource: Resource, workspaces: Collection[int]) -> Sequence[int]:
    """The ids of all records with something to send, in the order of their first open edits."""
    query = (
        sa.select(OUTBOX.c.record_id)
        .where(*unsent.where_to_send(resource, workspaces))
        .group_by(OUTBOX.c.record_id)
        .order_by(sa.func.min(OUTBOX.c.seq))
    )
    return array("q", tx.conn.execute(query).scalars())  # they may be very many


def lost_creates(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[int]:
    """The ids of rows whose create was journalled and never acknowledged, and of those that could
    not be given their record's id.
    """
    is_known = sa.exists().where(
        IDS.c.resource == resource.name, IDS.c.local_id == OUTBOX.c.record_id
    )
    query = (
        sa.select(OUTBOX.c.record_id)
        .where(*unsent.where_to_send(resource, workspaces))
        .where(sa.or_(OUTBOX.c.state == OutboxState.SENDING, is_known), OUTBOX.c.op == Op.INSERT)
        .where(OUTBOX.c.record_id >= PROVISIONAL_FROM)
        .order_by(OUTBOX.c.seq)
    )
    return list(tx.conn.execute(query).scalars())


def claim(tx: Tx, resource: Resource, record_ids: Collection[int]) -> list[Claim]:
    """The claims on these records, whose rows are locked; their edits are marked as being sent only
    by `send_journal.journal`. Left out are records whose row somebody else holds, and those that a
    person has to decide about: the other edits of such a record say for which one they wait.
    References to records that have a real id by now are replaced.
    """
    found = _edited_records(tx, resource, _free(tx, resource, record_ids))
    for record in found:
        ids.replace_references(tx, resource, record.row, record.real_ids)
        if record.blocker:
            seqs = [e.seq for e in record.open.edits]
            outbox.set_reason(tx, seqs, f"waits for edit {record.blocker.seq}")
    return _claims(found)


def preview(tx: Tx, resource: Resource, record_ids: Collection[int]) -> list[Claim]:
    """As `claim`, but nothing is locked or written: what a push would find now."""
    found = _edited_records(tx, resource, record_ids)
    _release_settled(tx, resource, found)
    return _claims(found)


def _release_settled(tx: Tx, resource: Resource, found: Collection[EditedRecord]) -> None:
    """Take the conflicts that the user has settled for ended, as `claim` ends them."""
    holding = [record.record_id for record in found if record.open.held]
    about = conflicts.of_records(tx, resource, holding)
    over = {(c.record_id, c.field) for c, _ in agreement.settled(tx, resource, about)}
    for record in found:
        record.open.held -= {field for of, field in over if of == record.record_id}


def of_record(tx: Tx, resource: Resource, record_id: int) -> Claim:
    """The claim on all open edits of one record that has some, also where it is blocked. Nothing is
    locked or written.
    """
    (found,) = _edited_records(tx, resource, [record_id])
    return fold(found, found.open.edits)


def _claims(found: Collection[EditedRecord]) -> list[Claim]:
    claims = [
        fold(record, sent_together(record))
        for record in found
        if record.has_edits_to_send and not record.is_blocked
    ]
    return [c for c in claims if not c.waits_for_a_decision]


def claim_by_statement(tx: Tx, resource: Resource, record_ids: Collection[int]) -> list[Claim]:
    """As `claim`, but a claim for each statement by itself, in their order, with the value that it
    gave to the resource's upsert key. Other fields are sent as they are now.
    """
    return preview_by_statement(tx, resource, _free(tx, resource, record_ids))


def preview_by_statement(
    tx: Tx, resource: Resource, record_ids: Collection[int], *, blocked: bool = False
) -> list[Claim]:
    """As `claim_by_statement`, but nothing is locked. With `blocked`, the statements of records
    that a person has to decide about are among them.
    """
    records = _edited_records(tx, resource, record_ids)
    _release_settled(tx, resource, records)
    found = [
        fold_statement(record, statement)
        for record in records
        if blocked or not record.is_blocked
        for statement in by_statement(record)
    ]
    return sorted(found, key=lambda c: c.seqs[0] if c.op == Op.DELETE else c.seqs[-1])


def _free(tx: Tx, resource: Resource, record_ids: Collection[int]) -> list[int]:
    """Lock the rows, and end the conflicts that the user has settled; the ids of those that nobody
    else holds.
    """
    busy = statements.lock(tx, TABLES[resource.name], list(record_ids))
    free = [i for i in record_ids if i not in busy]
    agreement.end_settled(tx, resource, free)
    return free


def _edited_records(tx: Tx, resource: Resource, record_ids: Collection[int]) -> list[EditedRecord]:
    opened = open_edits.load(tx, resource, list(record_ids))
    rows = statements.load(tx, TABLES[resource.name], list(opened))
    given = [e.given for found in opened.values() for e in found.edits]
    refers = [pair for v in (*rows.values(), *given) for pair in ids.local_ids(resource, v)]
    real = ids.find_real_ids(
        tx, [*refers, *((resource.name, i) for i in opened if is_provisional(i))]
    )
    known = bases.load(tx, resource, list(opened))
    return [
        EditedRecord(resource, record_id, found, rows.get(record_id), known.get(record_id), real)
        for record_id, found in opened.items()
    ]


def email_changes(
    tx: Tx, resource: Resource, workspaces: Collection[int]
) -> list[tuple[int, int, int | None, tuple[str, ...]]]:
    """(number, record id, workspace id, values in lower case) of the open edits that give up or
    take a value of the resource's upsert key, held ones too.
    """
    key = resource.upsert_key
    query = (
        sa.select(OUTBOX.c.seq, OUTBOX.c.record_id, OUTBOX.c.workspace_id, OUTBOX.c.patch)
        .where(*unsent.where_to_send(resource, workspaces, OutboxState.HELD))
        .where(sa.cast(OUTBOX.c.patch, sa.Text).contains(f'"{key}"'))
        .order_by(OUTBOX.c.seq)
    )
    return [
        (seq, record_id, workspace_id, tuple(v.lower() for v in patch[key] if v))
        for seq, record_id, workspace_id, patch in tx.conn.execute(query)
        if key in patch
    ]
