"""What waits for a person, or for the next push: how much of each kind, groups of it, and the first
of it. However much there is, little is read.

Edits of a record that is in conflict as a whole are left out: the conflict decides about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import outbox, tombstones
from cfsync.mirror.bookkeeping.conflicts import ConflictState
from cfsync.mirror.bookkeeping.outbox import TO_SEND_STATES, Edit, Op, OutboxState
from cfsync.mirror.bookkeeping.tombstones import Tombstone, TombstoneState
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS, EVENTS, OUTBOX, TOMBSTONES

_O, _C = OUTBOX.c, CONFLICTS.c

# spelled out, so that the partial indexes serve
_OPEN = _C.state == sa.literal_column(f"'{ConflictState.OPEN}'")
_REASON: sa.ColumnElement[str] = sa.func.coalesce(_O.error, sa.literal_column("''"))
_BY = (_O.resource, _O.op, _REASON)
_UNDISPUTED = ~(
    sa.exists()
    .where(_C.resource == _O.resource, _C.record_id == _O.record_id, _OPEN, _C.field == "")
    .correlate(OUTBOX)
)


@dataclass(frozen=True, slots=True)
class EditGroup:
    """Held or refused edits that wait for the same reason."""

    resource: str
    op: Op
    reason: str
    count: int
    #: The number of the newest one.
    last: int
    #: The oldest ones.
    first: Sequence[Edit]


@dataclass(frozen=True, slots=True)
class ConflictGroup:
    """Conflicts about one field of many records, or about one record."""

    resource: str
    #: None: about any.
    field: str | None
    record_id: int | None
    count: int


@dataclass(frozen=True, slots=True)
class DeletionGroup:
    """Deletions of a resource that a guard holds."""

    resource: str
    count: int
    #: When the newest one was first seen, canonical text.
    last: str
    #: The oldest ones.
    first: Sequence[Tombstone]


KINDS = ("conflict", "parked", "held", "deletion", "refused")
"""Kinds of `cf_waiting`."""


def by_resource(tx: Tx) -> dict[str, dict[str, int]]:
    """Resource -> kind -> how many edits, conflicts, deletions or rows wait, of those with any. Of
    a mass each one counts, which is one line of `cf_waiting`.
    """
    waits = _O.state.in_((OutboxState.PARKED, OutboxState.HELD))
    refused = (EVENTS.c.source == "refused", EVENTS.c.state == "new")
    held = TOMBSTONES.c.state == TombstoneState.HELD
    queries = (
        _by(_O.resource, _O.state).where(waits, _UNDISPUTED),
        _by(_C.resource, kind="conflict").where(_OPEN),
        _by(TOMBSTONES.c.resource, kind="deletion").where(held),
        _by(EVENTS.c.resource, kind="refused").where(*refused),
    )
    found: dict[str, dict[str, int]] = {}
    for query in queries:
        for resource, kind, n in tx.conn.execute(query):
            found.setdefault(resource, {})[str(kind)] = n
    return found


def _by(*by: sa.ColumnElement[Any], kind: str = "") -> sa.Select[Any]:
    named: list[sa.ColumnElement[Any]] = [sa.literal_column(f"'{kind}'")] if kind else []
    return sa.select(*by, *named, sa.func.count()).group_by(*by)


def counts(tx: Tx) -> dict[str, int]:
    """Kind -> how much of it waits, of those with any."""
    return totals(by_resource(tx))


def totals(found: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Kind -> how much of it waits in all resources, of those with any."""
    summed = {kind: sum(n.get(kind, 0) for n in found.values()) for kind in KINDS}
    return {kind: n for kind, n in summed.items() if n}


def _count(tx: Tx, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*where)
    return int(tx.conn.execute(query).scalar_one())


def newest_conflict(tx: Tx) -> int:
    """The highest number of a conflict, open or not; 0: there is none."""
    return int(tx.conn.execute(sa.select(sa.func.max(_C.id))).scalar() or 0)


def conflict_groups(tx: Tx, limit: int) -> list[ConflictGroup]:
    """The largest groups of several conflicts: of fields, then of records, so many of each."""
    n = sa.func.count()
    fields = sa.select(_C.resource, _C.field, sa.null(), n).where(_OPEN, _C.field != "")
    records = sa.select(_C.resource, sa.null(), _C.record_id, n).where(_OPEN)
    found: list[ConflictGroup] = []
    for query, by in ((fields, _C.field), (records, _C.record_id)):
        several = query.group_by(_C.resource, by).having(n > 1)
        largest = several.order_by(n.desc(), _C.resource, by).limit(limit)
        found += [ConflictGroup(*row) for row in tx.conn.execute(largest)]
    return found


def to_send(tx: Tx, limit: int, before: int | None = None) -> tuple[int, list[Edit]]:
    """How many edits wait for the next push, or for the answer to one, and the newest ones; only
    those before a number if given.
    """
    waits = _O.state.in_(TO_SEND_STATES)
    query = sa.select(OUTBOX).where(waits).order_by(_O.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(_O.seq < before)
    found = tx.conn.execute(query).mappings()
    return _count(tx, OUTBOX, waits), [outbox.edit_of(row) for row in found]


def first_parked(tx: Tx, limit: int) -> list[Edit]:
    """The oldest edits that ClickFunnels has refused."""
    query = sa.select(OUTBOX).where(*_waits(OutboxState.PARKED))
    found = tx.conn.execute(query.order_by(_O.seq).limit(limit)).mappings()
    return [outbox.edit_of(row) for row in found]


def parked_groups(tx: Tx, limit: int) -> list[EditGroup]:
    """The largest groups of several edits that were refused for the same reason."""
    n = sa.func.count()
    query = _grouped(OutboxState.PARKED).having(n > 1).order_by(n.desc(), *_BY).limit(limit)
    return [
        EditGroup(name, Op(op), reason, count, newest, ())
        for name, op, reason, count, newest in tx.conn.execute(query)
    ]


def newest_parked(tx: Tx) -> int:
    """The highest number of a refused edit; 0: there is none."""
    query = sa.select(sa.func.max(_O.seq)).where(*_waits(OutboxState.PARKED))
    return int(tx.conn.execute(query).scalar() or 0)


def held_groups(tx: Tx, limit: int, samples: int) -> tuple[int, list[EditGroup]]:
    """How many groups of held edits there are, and the oldest ones, with some of their edits."""
    query = _grouped(OutboxState.HELD)
    groups = tx.conn.execute(query.order_by(sa.func.min(_O.seq))).all()
    first: dict[tuple[str, str, str], list[Edit]] = {}
    for edit in _samples(tx, samples):
        first.setdefault((edit.resource, edit.op, edit.error or ""), []).append(edit)
    return len(groups), [
        EditGroup(name, Op(op), reason, count, newest, first[name, op, reason])
        for name, op, reason, count, newest in groups[:limit]
    ]


def _waits(state: OutboxState) -> tuple[sa.ColumnElement[bool], ...]:
    return _O.state == state, _UNDISPUTED


def _grouped(state: OutboxState) -> sa.Select[Any]:
    counted = (sa.func.count(), sa.func.max(_O.seq))
    return sa.select(*_BY, *counted).where(*_waits(state)).group_by(*_BY)


def _samples(tx: Tx, samples: int) -> Iterable[Edit]:
    """The oldest held edits of each group."""
    place = sa.func.row_number().over(partition_by=_BY, order_by=_O.seq).label("place")
    placed = sa.select(_O.seq, place).where(*_waits(OutboxState.HELD)).subquery()
    seqs = sa.select(placed.c.seq).where(placed.c.place <= samples)
    query = sa.select(OUTBOX).where(_O.seq.in_(seqs)).order_by(_O.seq)
    return (outbox.edit_of(row) for row in tx.conn.execute(query).mappings())


def edits(
    tx: Tx,
    state: OutboxState,
    resource: str | None,
    *,
    op: str | None,
    reason: str | None,
    last: int | None,
) -> list[int]:
    """The numbers of the held, or of the refused, edits; only those of a resource, up to a number,
    of a kind of statement, and for a reason where given.
    """
    where = [*_waits(state)]
    if resource is not None:
        where.append(_O.resource == resource)
    if op is not None:
        where.append(_O.op == op)
    if reason is not None:
        where.append(_REASON.__eq__(reason))
    if last is not None:
        where.append(_O.seq <= last)
    return list(tx.conn.execute(sa.select(_O.seq).where(*where).order_by(_O.seq)).scalars())


def deletions(tx: Tx, limit: int) -> list[DeletionGroup]:
    """Held deletions by resource, with the oldest ones: so many of all resources together, but one
    of each at least.
    """
    held = TOMBSTONES.c.state == TombstoneState.HELD
    first, last = (
        sa.func.min(TOMBSTONES.c.first_seen),
        sa.func.max(TOMBSTONES.c.first_seen, type_=TOMBSTONES.c.first_seen.type),
    )
    query = sa.select(TOMBSTONES.c.resource, sa.func.count(), last).where(held)
    groups = tx.conn.execute(query.group_by(TOMBSTONES.c.resource).order_by(first)).all()
    each = max(1, limit // max(1, len(groups)))
    states = (TombstoneState.HELD,)
    return [
        DeletionGroup(
            name, n, newest, tombstones.find(tx, states=states, resource=name, limit=each)
        )
        for name, n, newest in groups
    ]


def held_deletions(tx: Tx, resource: str, last: str) -> list[int]:
    """The ids of a resource whose deletions are held, of those first seen up to a time."""
    t = TOMBSTONES.c
    query = sa.select(t.record_id, t.first_seen).where(
        t.resource == resource, t.state == TombstoneState.HELD
    )
    return [record_id for record_id, seen in tx.conn.execute(query) if seen <= last]
