"""The outbox: edits made in the mirror that ClickFunnels has not confirmed, each a row of
`cf_outbox`.

Triggers insert the rows; a push sends them. What is open on a record: `open_edits`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping.reasons import UNKNOWN
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import OWN_CONSTRAINT
from cfsync.mirror.db.tables import OUTBOX
from cfsync.resources.model import Resource

Sent = Mapping[str, tuple[Any, Any]]
"""Field -> (the value that ClickFunnels had before a call, the value that the call sent)."""


class OutboxState(StrEnum):
    """The state of an edit.

    none -> pending: captured by a trigger
    none -> done: the fields that ClickFunnels took of an edit of which it refused others
    pending -> sending: claimed by a push, which has journalled what it sends
    pending -> done: ClickFunnels has these values already
    pending -> parked: it can't be sent
    pending -> held: a guard or a conflict stops it
    pending -> discarded: dropped by a person
    sending -> done: confirmed
    sending -> pending: the call had no effect, or part of the edit waits
    sending -> parked: refused by ClickFunnels
    sending -> held: the record is gone, or was changed there after it was deleted here
    sending -> discarded: its record is deleted or redacted
    parked -> pending: retried by a person
    parked -> sending: a later edit of the same field repairs it
    parked -> done: nothing of it differs any more
    parked -> held: the record is gone
    parked -> discarded: dropped by a person
    held -> pending: approved by a person
    held -> discarded: dropped by a person
    done -> none: forgotten after its time
    discarded -> none: forgotten after its time
    """

    PENDING = "pending"
    SENDING = "sending"
    PARKED = "parked"
    HELD = "held"
    DONE = "done"
    DISCARDED = "discarded"


_S = OutboxState
TRANSITIONS: Mapping[OutboxState | None, frozenset[OutboxState | None]] = {
    None: frozenset({_S.PENDING, _S.DONE}),
    _S.PENDING: frozenset({_S.SENDING, _S.DONE, _S.PARKED, _S.HELD, _S.DISCARDED}),
    _S.SENDING: frozenset({_S.DONE, _S.PENDING, _S.PARKED, _S.HELD, _S.DISCARDED}),
    _S.PARKED: frozenset({_S.PENDING, _S.SENDING, _S.DONE, _S.HELD, _S.DISCARDED}),
    _S.HELD: frozenset({_S.PENDING, _S.DISCARDED}),
    _S.DONE: frozenset({None}),
    _S.DISCARDED: frozenset({None}),
}
"""What may follow each state; None: no such row."""

TO_SEND_STATES = (_S.PENDING, _S.SENDING)
"""States of an edit that a push sends, or asks about whether it has arrived."""
OPEN_STATES = (*TO_SEND_STATES, _S.PARKED, _S.HELD)
"""States of an edit that ClickFunnels has not confirmed and nobody has dropped."""


class Op(StrEnum):
    """The statement by which an edit was made."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A row of `cf_outbox`."""

    #: Its number, in the order of capture.
    seq: int
    resource: str
    #: None: the resource is in no workspace.
    workspace_id: int | None = None
    record_id: int
    op: Op
    #: {field: [old, new]}; of a delete the whole row as old.
    patch: Mapping[str, Any]
    state: OutboxState
    #: How often it was sent.
    attempts: int = 0
    #: Why it waits, is parked, held or discarded.
    error: str | None = None
    #: Who made it: the role on PostgreSQL, the name that a program gives itself on SQLite.
    db_user: str | None = None
    #: The program that made it: `application_name` on PostgreSQL, an import, or cfsync; then
    #: `db_user` is the person who ran a command. Else None on SQLite.
    application: str | None = None
    #: When it was made, by the database's clock, canonical text.
    captured_at: str
    #: When its last call was journalled, canonical text.
    sent_at: str | None = None
    #: The number of the push that sent it last.
    batch: int | None = None
    #: {field: [what ClickFunnels had before, what its last call sent]}.
    sent: Mapping[str, Any] | None = None
    #: Of an insert: the highest id that the mirror then had of that resource.
    highest_id: int | None = None

    @property
    def fields(self) -> list[str]:
        """What it changes; a delete changes no field."""
        return [] if self.op == Op.DELETE else sorted(self.patch)

    @property
    def given(self) -> dict[str, Any]:
        """The values that its statement gave; a delete gives none."""
        return {} if self.op == Op.DELETE else {n: pair[1] for n, pair in self.patch.items()}

    @property
    def author(self) -> str | None:
        """Who made it, and with which program, as far as the database knows."""
        if self.application in (None, self.db_user):
            return self.db_user
        return f"{self.db_user} ({self.application})"

    @property
    def may_exist(self) -> bool:
        """Whether it is an insert of a record that may exist already: a person has to say."""
        return (
            self.op == Op.INSERT
            and self.state == OutboxState.PARKED
            and (self.error or "").startswith(UNKNOWN)
        )


_COLUMNS = [OUTBOX.c[f.name] for f in fields(Edit)]

CFSYNC = "cfsync"
"""Who made an edit that no person has asked for; the program that made those of its commands."""

AT_ONCE = 10_000
"""Numbers in one statement: both databases take no more than some ten thousand."""


def edit_of(row: sa.RowMapping) -> Edit:
    """The Edit in a row of the table."""
    kinds = {"op": Op(row["op"]), "state": OutboxState(row["state"])}
    return Edit(**{name: row[name] for name in Edit.__slots__} | kinds)


def find(
    tx: Tx,
    *,
    states: Collection[OutboxState] = tuple(OutboxState),
    resources: Collection[str] = (),
    record_id: int | None = None,
    batch: int | None = None,
    seqs: Collection[int] | None = None,
    op: Op | None = None,
) -> list[Edit]:
    """Edits in the order in which they were made: those in `states`, and only those of some
    resources, of one record, of one push, with some numbers (up to AT_ONCE) or of one kind of
    statement where given.
    """
    query = sa.select(*_COLUMNS).where(OUTBOX.c.state.in_(states))
    if resources:
        query = query.where(OUTBOX.c.resource.in_(resources))
    if record_id is not None:
        query = query.where(OUTBOX.c.record_id == record_id)
    if batch is not None:
        query = query.where(OUTBOX.c.batch == batch)
    if seqs is not None:
        query = query.where(OUTBOX.c.seq.in_(seqs))
    if op is not None:
        query = query.where(OUTBOX.c.op == op)
    return _read(tx, query.order_by(OUTBOX.c.seq))


def lock(
    tx: Tx, seqs: Collection[int], states: Collection[OutboxState], *, wanted: str
) -> list[Edit]:
    """Edits by their numbers, locked. Raises UsageError for one that doesn't exist or is in none of
    the `states`; `wanted` is the adjective for what it should be.
    """
    query = sa.select(*_COLUMNS).where(OUTBOX.c.seq.in_(seqs)).order_by(OUTBOX.c.seq)
    found = {edit.seq: edit for edit in _read(tx, query.with_for_update())}
    for seq in seqs:
        if seq not in found:
            raise UsageError(f"there is no edit {seq}; see cfsync outbox list")
        if found[seq].state not in states:
            raise UsageError(f"edit {seq} is {found[seq].state}, not {wanted}")
    return list(found.values())


def release(tx: Tx, *where: sa.ColumnElement[bool], approved: bool | None = None) -> list[Edit]:
    """Make edits pending again, as if never sent; returns them. True: a person has approved them,
    so that no guard stops them; None leaves that as it is.
    """
    values: dict[str, Any] = {"state": OutboxState.PENDING, "error": None, "attempts": 0}
    if approved is not None:
        values["approved"] = approved
    return _read(tx, sa.update(OUTBOX).where(*where).values(values).returning(*_COLUMNS))


def refused_inserts(tx: Tx, resource: Resource) -> list[tuple[int, int]]:
    """(number, record id) of the inserts whose record exists, but not in the mirror: a constraint
    or trigger of the user's refuses its id or its values.
    """
    query = sa.select(OUTBOX.c.seq, OUTBOX.c.record_id).where(
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.op == Op.INSERT,
        OUTBOX.c.state == OutboxState.PARKED,
        OUTBOX.c.error.startswith(OWN_CONSTRAINT, autoescape=True),
    )
    return [(seq, record_id) for seq, record_id in tx.conn.execute(query)]


def try_again(tx: Tx, seqs: Collection[int]) -> None:
    """Send parked edits with the next push, unless somebody has decided about them. They keep their
    reason until then.
    """
    parked = sa.update(OUTBOX).where(OUTBOX.c.seq.in_(seqs), OUTBOX.c.state == OutboxState.PARKED)
    tx.conn.execute(parked.values(state=OutboxState.PENDING, attempts=0))


def discard(tx: Tx, seqs: Collection[int], reason: str | None = None) -> list[Edit]:
    """Mark open edits as never to be sent; returns them. Without a reason they keep theirs."""
    values: dict[str, Any] = {"state": OutboxState.DISCARDED}
    if reason is not None:
        values["error"] = reason
    is_open = OUTBOX.c.seq.in_(seqs) & OUTBOX.c.state.in_(OPEN_STATES)
    return _read(tx, sa.update(OUTBOX).where(is_open).values(values).returning(*_COLUMNS))


def _read(tx: Tx, query: sa.Executable) -> list[Edit]:
    edits = [edit_of(row) for row in tx.conn.execute(query).mappings()]
    return sorted(edits, key=lambda edit: edit.seq)


def append(
    tx: Tx,
    resource: Resource,
    op: Op,
    patch: Mapping[str, Any],
    **columns: Any,
) -> None:
    """Add an edit that no trigger sees. `columns`: `record_id`, `workspace_id`, who has made it
    (`db_user` and `application`), and `highest_id` of an insert. An update is of what the row holds
    already.
    """
    tx.conn.execute(
        sa.insert(OUTBOX).values(
            resource=resource.name,
            op=op,
            patch=patch,
            state=OutboxState.PENDING,
            attempts=0,
            captured_at=clock.now(tx),
            is_news=op != Op.UPDATE,
            **columns,
        )
    )


def hold(tx: Tx, seqs: Sequence[int], reason: str) -> list[Edit]:
    """Stop open edits until a person decides; returns them."""
    held: list[Edit] = []
    for start in range(0, len(seqs), AT_ONCE):
        some = OUTBOX.c.seq.in_(seqs[start : start + AT_ONCE]) & OUTBOX.c.state.in_(OPEN_STATES)
        values = {"state": OutboxState.HELD, "error": reason}
        held += _read(tx, sa.update(OUTBOX).where(some).values(values).returning(*_COLUMNS))
    return held


def set_reason(tx: Tx, seqs: Sequence[int], error: str, *, tried: bool = False) -> None:
    """Note why edits that are to be sent still wait. `tried`: it counts as an attempt."""
    waiting = sa.update(OUTBOX).where(OUTBOX.c.seq.in_(seqs), OUTBOX.c.state.in_(TO_SEND_STATES))
    if tried:
        tx.conn.execute(waiting.values(error=error, attempts=OUTBOX.c.attempts + 1))
    else:
        tx.conn.execute(waiting.where(OUTBOX.c.error.is_distinct_from(error)).values(error=error))


def highest_seq(tx: Tx) -> int:
    """The number of the newest edit, 0 where there is none."""
    return int(tx.conn.execute(sa.select(sa.func.max(OUTBOX.c.seq))).scalar() or 0)
