"""What a human decides on edits that wait: let a held one go, try a parked one again, drop one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.merge import Winner
from cfsync.mirror.bookkeeping import conflicts
from cfsync.mirror.bookkeeping.conflicts import ConflictKind, ConflictState
from cfsync.mirror.bookkeeping.outbox import UNKNOWN
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS, OPEN_STATES, OUTBOX


@dataclass(frozen=True, slots=True)
class Edit:
    """A row of the outbox, for a person. `patch` is {field: [old, new]}, `sent` {field: [what
    ClickFunnels had before, what its last call sent]}.
    """

    seq: int
    resource: str
    workspace_id: int | None
    record_id: int
    op: str
    patch: dict[str, Any]
    state: str
    attempts: int
    error: str | None
    db_user: str | None
    captured_at: str
    sent_at: str | None
    batch: int | None
    sent: dict[str, Any] | None

    @property
    def fields(self) -> list[str]:
        """What it changes; a delete changes no field."""
        return [] if self.op == "delete" else sorted(self.patch)


STATES = (*OPEN_STATES, "done", "ignored", "discarded")
"""All that a row of the outbox can be in."""
_NAMES = [f.name for f in fields(Edit)]
_COLUMNS = [OUTBOX.c[name] for name in _NAMES]
Edits = list[Edit]


def find(
    tx: Tx,
    *,
    states: Sequence[str] = STATES,
    resources: Collection[str] = (),
    record_id: int | None = None,
    batch: int | None = None,
) -> Edits:
    """Edits in the order in which they were made."""
    query = sa.select(*_COLUMNS).where(OUTBOX.c.state.in_(states)).order_by(OUTBOX.c.seq)
    if resources:
        query = query.where(OUTBOX.c.resource.in_(resources))
    if record_id is not None:
        query = query.where(OUTBOX.c.record_id == record_id)
    if batch is not None:
        query = query.where(OUTBOX.c.batch == batch)
    return _read(tx, query)


def last_batch(tx: Tx) -> int:
    """The number of the last push that sent something, 0 before the first."""
    return int(tx.conn.execute(sa.select(sa.func.max(OUTBOX.c.batch))).scalar() or 0)


def _read(tx: Tx, query: sa.Executable) -> Edits:
    found = tx.conn.execute(query).mappings()
    edits = [Edit(**{name: row[name] for name in _NAMES}) for row in found]
    return sorted(edits, key=lambda edit: edit.seq)


def take(tx: Tx, seqs: Collection[int], states: Sequence[str], *, wanted: str) -> Edits:
    """Edits by their numbers, locked. Raises UsageError for one that is not there or in another
    state; `wanted` is the adjective for what it is not.
    """
    query = sa.select(*_COLUMNS).where(OUTBOX.c.seq.in_(seqs)).order_by(OUTBOX.c.seq)
    found = {edit.seq: edit for edit in _read(tx, query.with_for_update())}
    for seq in seqs:
        if seq not in found:
            raise UsageError(f"there is no edit {seq}; see cfsync outbox list")
        if found[seq].state not in states:
            raise UsageError(f"edit {seq} is {found[seq].state}, not {wanted}")
    return list(found.values())


def approve(tx: Tx, seqs: Collection[int]) -> Edits:
    """Let held edits go, also a delete that is in conflict: the conflict ends with it."""
    edits = take(tx, seqs, ("held",), wanted="held")
    for edit in edits:
        clashes = conflicts.find(tx, resources=[edit.resource], record_id=edit.record_id)
        if gone := [c for c in clashes if c.field == ConflictKind.DELETED_REMOTELY]:
            raise UsageError(
                f"edit {edit.seq} is of a record that ClickFunnels no longer has:"
                f" cfsync conflicts resolve {gone[0].id} --local | --remote"
            )
        if edit.op == "delete":
            conflicts.resolve(
                tx, [c for c in clashes if c.field == ConflictKind.DELETED_HERE], Winner.LOCAL
            )
    with_insert = [_held_of(e) for e in edits if e.op == "insert"]
    return _read(tx, _released(sa.or_(OUTBOX.c.seq.in_(seqs), *with_insert), approved=True))


def _held_of(edit: Edit) -> sa.ColumnElement[bool]:
    """All of a record that is held: what followed an insert goes with it."""
    return sa.and_(
        OUTBOX.c.resource == edit.resource,
        OUTBOX.c.record_id == edit.record_id,
        OUTBOX.c.state == "held",
    )


def approve_masses(tx: Tx, resource: str | None) -> Edits:
    """Let all updates and deletes go that are held and in no conflict, of a resource or of all."""
    disputed = sa.exists().where(
        CONFLICTS.c.resource == OUTBOX.c.resource,
        CONFLICTS.c.record_id == OUTBOX.c.record_id,
        CONFLICTS.c.state == ConflictState.OPEN,
        CONFLICTS.c.field.in_(tuple(ConflictKind)),
    )
    where = [OUTBOX.c.state == "held", OUTBOX.c.op != "insert", ~disputed]
    return _read(tx, _released(*where, *_of(resource), approved=True))


def retry(tx: Tx, seqs: Collection[int]) -> Edits:
    """Send parked edits once more, also an insert that may have arrived: it is made anew."""
    take(tx, seqs, ("parked",), wanted="parked")
    return _read(tx, _released(OUTBOX.c.seq.in_(seqs)))


def retry_all(tx: Tx, resource: str | None) -> Edits:
    """Send all parked edits once more, but for inserts that may have arrived."""
    refused = sa.not_(sa.func.coalesce(OUTBOX.c.error, "").startswith(UNKNOWN))
    return _read(tx, _released(OUTBOX.c.state == "parked", refused, *_of(resource)))


def drop(tx: Tx, seqs: Collection[int], reason: str | None = None) -> Edits:
    """These will never be sent. Without a reason they keep the one that they have."""
    query = sa.update(OUTBOX).where(OUTBOX.c.seq.in_(seqs)).values(state="discarded")
    return _read(tx, (query.values(error=reason) if reason else query).returning(*_COLUMNS))


def _of(resource: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if resource is None else [OUTBOX.c.resource == resource]


def _released(*where: sa.ColumnElement[bool], **more: bool) -> sa.Executable:
    query = sa.update(OUTBOX).where(*where)
    return query.values(state="pending", error=None, attempts=0, **more).returning(*_COLUMNS)
