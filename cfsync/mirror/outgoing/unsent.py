"""What is still to be sent, as a push asks for it: numbers of edits, and ids of their records."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import webhook_secrets
from cfsync.mirror.bookkeeping.outbox import AT_ONCE, TO_SEND_STATES, Op, OutboxState
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX
from cfsync.records import PROVISIONAL_FROM
from cfsync.resources.model import Resource


def where_to_send(
    resource: Resource, workspaces: Collection[int], *also: OutboxState
) -> list[sa.ColumnElement[bool]]:
    """Conditions for the edits of a resource that are to be sent in some workspaces, and for those
    in the states `also`.
    """
    return [
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.state.in_((*TO_SEND_STATES, *also)),
        sa.or_(OUTBOX.c.workspace_id.in_(workspaces), OUTBOX.c.workspace_id.is_(None)),
    ]


def seqs_to_send(tx: Tx, resources: Sequence[str]) -> dict[str, set[int]]:
    """Resource -> the numbers of its edits that are to be sent; only of those that have any."""
    query = sa.select(OUTBOX.c.resource, OUTBOX.c.seq).where(
        OUTBOX.c.state.in_(TO_SEND_STATES), OUTBOX.c.resource.in_(resources)
    )
    found: dict[str, set[int]] = {}
    for resource, seq in tx.conn.execute(query):
        found.setdefault(resource, set()).add(seq)
    return found


def by_reason(
    tx: Tx, resource: Resource, states: Collection[OutboxState]
) -> dict[tuple[OutboxState, str | None], dict[int, int]]:
    """(state, reason) -> the edits (number -> record id) of a resource that are in one of these
    states for this reason.
    """
    query = (
        sa.select(OUTBOX.c.state, OUTBOX.c.error, OUTBOX.c.seq, OUTBOX.c.record_id)
        .where(OUTBOX.c.resource == resource.name, OUTBOX.c.state.in_(states))
        .order_by(OUTBOX.c.seq)
    )
    found: dict[tuple[OutboxState, str | None], dict[int, int]] = {}
    for state, reason, seq, record_id in tx.conn.execute(query):
        found.setdefault((OutboxState(state), reason), {})[seq] = record_id
    return found


def any_unsent(tx: Tx, seqs: Sequence[int]) -> bool:
    """Whether any of these edits is still to be sent, or held."""
    query = sa.select(OUTBOX.c.seq).where(
        OUTBOX.c.seq.in_(seqs), OUTBOX.c.state.in_((*TO_SEND_STATES, OutboxState.HELD))
    )
    return tx.conn.execute(query.limit(1)).first() is not None


def first_held(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, int]:
    """Record id -> the number of its first held edit, of those of these records that have one."""
    query = sa.select(OUTBOX.c.record_id, sa.func.min(OUTBOX.c.seq)).where(
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.record_id.in_(ids),
        OUTBOX.c.state == OutboxState.HELD,
    )
    found = tx.conn.execute(query.group_by(OUTBOX.c.record_id))
    return {row[0]: row[1] for row in found}


def record_ids(tx: Tx, seqs: Sequence[int]) -> list[int]:
    """The ids that the records of these edits have now."""
    query = sa.select(OUTBOX.c.record_id).where(OUTBOX.c.seq.in_(seqs)).distinct()
    return list(tx.conn.execute(query).scalars())


def unapproved(tx: Tx, resource: Resource, op: Op) -> dict[int | None, dict[int, int]]:
    """Workspace id -> the pending edits (number -> record id) of one kind of records that exist in
    ClickFunnels, other than those that a person has approved.
    """
    query = sa.select(OUTBOX.c.workspace_id, OUTBOX.c.seq, OUTBOX.c.record_id).where(
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.op == op,
        OUTBOX.c.state == OutboxState.PENDING,
        OUTBOX.c.approved.is_(None),
        OUTBOX.c.record_id < PROVISIONAL_FROM,
    )
    found: dict[int | None, dict[int, int]] = {}
    for workspace, seq, record_id in tx.conn.execute(query):
        found.setdefault(workspace, {})[seq] = record_id
    return found


def changes(tx: Tx, seqs: Sequence[int]) -> dict[int, tuple[str, frozenset[str]]]:
    """Number -> (when it was made, the fields that it changes) of some edits. All that one
    statement changes is made at one time.
    """
    found: dict[int, tuple[str, frozenset[str]]] = {}
    known: dict[tuple[str, frozenset[str]], tuple[str, frozenset[str]]] = {}
    for start in range(0, len(seqs), AT_ONCE):
        query = sa.select(OUTBOX.c.seq, OUTBOX.c.captured_at, OUTBOX.c.patch)
        some = query.where(OUTBOX.c.seq.in_(seqs[start : start + AT_ONCE]))
        for seq, at, patch in tx.conn.execute(some):
            one = (at, frozenset(patch))
            found[seq] = known.setdefault(one, one)  # they may be very many, and most are alike
    return found


def deletes_of_other_endpoints(tx: Tx, workspaces: Collection[int]) -> list[int]:
    """The pending deletes of webhook endpoints that lead to another program, other than those that
    a person has approved.
    """
    query = sa.select(OUTBOX.c.seq, OUTBOX.c.workspace_id, OUTBOX.c.patch).where(
        *where_to_send(webhook_secrets.ENDPOINTS, workspaces),
        OUTBOX.c.op == Op.DELETE,
        OUTBOX.c.state == OutboxState.PENDING,
        OUTBOX.c.approved.is_(None),
        OUTBOX.c.record_id < PROVISIONAL_FROM,
    )
    return [
        seq
        for seq, workspace, patch in tx.conn.execute(query.order_by(OUTBOX.c.seq))
        if not str(patch["url"][0]).endswith(webhook_secrets.path_of(workspace))
    ]
