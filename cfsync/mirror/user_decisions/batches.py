"""What a push has sent, in the outbox and in the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import ids, outbox
from cfsync.mirror.bookkeeping.outbox import AT_ONCE, Edit, Op, OutboxState
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHANGES, OUTBOX
from cfsync.mirror.history.changes import ChangeOp, Side
from cfsync.records import is_provisional
from cfsync.resources import RESOURCES, Field
from cfsync.values import Unholdable, decode


@dataclass(frozen=True, slots=True)
class Part:
    """Edits of one batch that are alike."""

    batch: int
    resource: str
    op: Op
    state: OutboxState
    #: Who made them, and with which program, as far as the database knows.
    db_user: str | None
    application: str | None
    records: int
    #: When the first and the last of them were sent, canonical text.
    first: str | None
    last: str | None
    #: Of the records of done inserts, how many were there before. None: nobody knows any more.
    met: int | None = 0


def latest(tx: Tx, limit: int, before: int | None = None) -> list[Part]:
    """The last batches in parts, the newest batch first; only those before a number if given."""
    alike = ("batch", "resource", "op", "state", "db_user", "application")
    in_outbox = sa.select(
        *(OUTBOX.c[name] for name in (*alike, "record_id")),
        OUTBOX.c.sent_at.label("at"),
        sa.literal(1).label("is_known"),
    ).where(OUTBOX.c.batch.is_not(None))
    kept = sa.select(
        *(CHANGES.c[name] for name in alike[:3]),
        sa.literal(str(OutboxState.DONE)),
        CHANGES.c.db_user,
        sa.null(),
        CHANGES.c.record_id,
        CHANGES.c.at,
        sa.literal(0),
    ).where(
        CHANGES.c.batch.is_not(None),
        CHANGES.c.side == Side.LOCAL,
        ~sa.exists().where(OUTBOX.c.seq == CHANGES.c.seq),
    )
    sent = sa.union_all(in_outbox, kept).subquery()
    numbers = sa.select(sent.c.batch).distinct().order_by(sent.c.batch.desc()).limit(limit)
    if before is not None:
        numbers = numbers.where(sent.c.batch < before)
    last = list(tx.conn.scalars(numbers))
    columns = [sent.c[name] for name in (*alike, "is_known")]
    query = (
        sa.select(
            *columns,
            sa.func.count(sent.c.record_id.distinct()),
            sa.func.min(sent.c.at),
            sa.func.max(sent.c.at),
        )
        .where(sent.c.batch.in_(last))
        .group_by(*columns)
        .order_by(sent.c.batch.desc(), sent.c.resource, sent.c.op, sent.c.state)
    )
    met = _met(tx, last)
    parts = []
    for b, r, o, s, user, application, is_known, *rest in tx.conn.execute(query):
        part = Part(b, r, Op(o), OutboxState(s), user, application, *rest)
        if part.op == Op.INSERT and part.state == OutboxState.DONE:
            part = replace(part, met=met[b, r, user, application] if is_known else None)
        parts.append(part)
    return parts


def _met(tx: Tx, batches: Collection[int]) -> Counter[tuple[Any, ...]]:
    """(batch, resource, user, application) -> how many records its inserts have met."""
    c = OUTBOX.c
    query = sa.select(
        c.batch, c.resource, c.db_user, c.application, c.record_id, c.highest_id, c.sent
    ).where(c.batch.in_(batches), c.op == Op.INSERT, c.state == OutboxState.DONE)
    found: Counter[tuple[Any, ...]] = Counter()
    for *whose, record_id, highest_id, sent in tx.conn.execute(query):
        had_values = any(before is not None for before, _ in (sent or {}).values())
        found[tuple(whose)] += had_values or record_id <= (highest_id or 0)
    return found


def last(tx: Tx) -> int:
    """The number of the last push that sent something, 0 before the first."""
    highest = sa.func.max(OUTBOX.c.batch)
    return int(tx.conn.scalar(sa.select(highest).where(OUTBOX.c.batch.is_not(None))) or 0)


def find(tx: Tx, batch: int) -> list[Edit]:
    """The edits that a push has sent, in order; those that were deleted from the outbox since, as
    the history has them: with the values that the user gave, not those that were sent.
    """
    is_in_outbox = sa.exists().where(OUTBOX.c.seq == CHANGES.c.seq)
    query = sa.select(CHANGES).where(
        CHANGES.c.batch == batch, CHANGES.c.side == Side.LOCAL, ~is_in_outbox
    )
    kept = [dict(row) for row in tx.conn.execute(query).mappings()]
    real_ids = ids.find_real_ids(tx, [(row["resource"], row["record_id"]) for row in kept])
    told = [
        _edit(row, real_ids.get((row["resource"], row["record_id"]), row["record_id"]))
        for row in kept
    ]
    return sorted([*outbox.find(tx, batch=batch), *told], key=lambda edit: edit.seq)


def unsure(tx: Tx, edits: Collection[Edit]) -> set[int]:
    """The numbers of those inserts of `find` that have perhaps not created their record: it is
    older than the row; or the history alone has the insert, and knew the record before the row got
    its id.
    """
    inserts = {e.seq: e for e in edits if e.op == Op.INSERT and not is_provisional(e.record_id)}
    in_outbox: set[int] = set()
    seqs = list(inserts)
    for start in range(0, len(seqs), AT_ONCE):
        in_outbox |= {e.seq for e in outbox.find(tx, seqs=seqs[start : start + AT_ONCE])}
    older = {seq for seq, e in inserts.items() if e.record_id <= (e.highest_id or 0)}
    left = {s: (e.resource, e.record_id) for s, e in inserts.items() if s not in in_outbox}
    first: dict[tuple[str, int], str] = {}
    keys = list(left.values())
    for start in range(0, len(keys), AT_ONCE):
        for resource, record_id, op in _changes_of(tx, keys[start : start + AT_ONCE]):
            first.setdefault((resource, record_id), op)
    return older | {seq for seq, key in left.items() if first.get(key) != ChangeOp.RENUMBER}


def _changes_of(tx: Tx, keys: Collection[tuple[str, int]]) -> Iterable[tuple[str, int, str]]:
    """(resource, record id, op) of the changes of some records, in order."""
    c = CHANGES.c
    for name in dict.fromkeys(resource for resource, _ in keys):
        ids_of = [record_id for resource, record_id in keys if resource == name]
        query = sa.select(c.resource, c.record_id, c.op).where(
            c.resource == name, c.record_id.in_(ids_of)
        )
        yield from ((r, i, op) for r, i, op in tx.conn.execute(query.order_by(c.seq)))


def _edit(change: Mapping[str, Any], record_id: int) -> Edit:
    fields = RESOURCES[change["resource"]].by_name
    pairs = {name: pair for name, pair in change["patch"].items() if name in fields}
    return Edit(
        seq=change["seq"],
        resource=change["resource"],
        workspace_id=change["workspace_id"],
        record_id=record_id,
        op=Op(change["op"]),
        patch=change["patch"],
        state=OutboxState.DONE,
        captured_at=change["at"],
        batch=change["batch"],
        sent={name: [_canonical(fields[name], v) for v in pair] for name, pair in pairs.items()},
    )


def _canonical(field: Field, value: Any) -> Any:
    """A value of a patch in canonical form."""
    try:
        return decode(field.type, value)
    except Unholdable:
        return value
