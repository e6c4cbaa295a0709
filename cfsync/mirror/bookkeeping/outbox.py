"""The outbox as the passes read it: what is open on a row, and what a merge has settled."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from cfsync.merge import FieldEdit, Winner
from cfsync.mirror.db import statements as rows
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS, OPEN_STATES, OUTBOX
from cfsync.records import ABSENT
from cfsync.resources.model import Resource
from cfsync.values import equal

UNKNOWN = "unknown:"
"""How the reason begins of an edit that is parked because it may have arrived already."""


AT_ONCE = 10_000
"""Numbers in one statement: both databases take no more than some ten thousand."""

_IDS: sa.BindParameter[int] = sa.bindparam("ids", expanding=True)
# built once: they run for every edit that is sent
_OPEN = (
    sa.select(OUTBOX)
    .where(
        OUTBOX.c.resource == sa.bindparam("name"),
        OUTBOX.c.record_id.in_(_IDS),
        OUTBOX.c.state.in_(OPEN_STATES),
    )
    .order_by(OUTBOX.c.seq)
)
_HELD = sa.select(CONFLICTS.c.record_id, CONFLICTS.c.field).where(
    CONFLICTS.c.resource == sa.bindparam("name"),
    CONFLICTS.c.record_id.in_(_IDS),
    CONFLICTS.c.state == "open",
    CONFLICTS.c.winner == Winner.HOLD,
)


@dataclass(frozen=True, slots=True)
class OpenRow:
    """An open row of the outbox; states stand beside the column in the migration."""

    seq: int
    record_id: int
    op: str
    patch: Mapping[str, Any]
    state: str
    attempts: int
    captured_at: str
    sent: Mapping[str, Any] | None
    highest_id: int | None
    error: str | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The values that its statement gave; a delete gives none."""
        return {} if self.op == "delete" else {n: pair[1] for n, pair in self.patch.items()}

    @property
    def is_unknown(self) -> bool:
        """Whether it is an insert of a record that may exist already, which a human has to say."""
        return (
            self.op == "insert"
            and self.state == "parked"
            and (self.error or "").startswith(UNKNOWN)
        )


@dataclass(slots=True)
class Pending:
    """All that is open on one record: its rows in order, and each edited field."""

    rows: list[OpenRow] = field(default_factory=list)
    held: frozenset[str] = frozenset()

    @property
    def deleted(self) -> bool:
        """Whether the user's last word on the row was DELETE."""
        return bool(self.rows) and self.rows[-1].op == "delete"

    def last(self, name: str) -> int:
        """The number of the last edit of a field; 0 where there is none."""
        return max((r.seq for r in self.rows if name in r.given), default=0)

    @property
    def edits(self) -> dict[str, FieldEdit]:
        found: dict[str, FieldEdit] = {}
        for row in self.rows:
            for name in row.patch if row.op != "delete" else ():
                sent = _sent(row, name)
                before = found.get(name)
                if sent is ABSENT and before is not None:
                    sent = before.sent
                found[name] = FieldEdit(row.captured_at, sent, row.state == "parked", self.held)
        return found


def _sent(row: OpenRow, name: str) -> Any:
    """The value that a call of unknown outcome sent, from the journal {field: [before, sent]}."""
    if row.state != "sending" or name not in (row.sent or {}):
        return ABSENT
    return (row.sent or {})[name][1]


def pending(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, Pending]:
    """What is open on these records. Records without anything open are not in the answer."""
    found: dict[int, Pending] = {}
    # nearly always there is nothing, and this is the cheap way to know
    if edited := {i for i, state in _states(tx, resource, ids) if state in OPEN_STATES}:
        query = {"name": resource.name, "ids": sorted(edited)}
        for row in tx.conn.execute(_OPEN, query).mappings():
            entry = found.setdefault(row["record_id"], Pending())
            entry.rows.append(OpenRow(**{name: row[name] for name in OpenRow.__slots__}))
    for record_id, names in _held(tx, resource, list(found)).items():
        found[record_id].held = names
    return found


def _states(tx: Tx, resource: Resource, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    return rows.by_ids(tx, OUTBOX, ["record_id", "state"], ids, resource=resource.name)


def _held(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    names: dict[int, set[str]] = {}
    query = {"name": resource.name, "ids": ids}
    for record_id, name in tx.conn.execute(_HELD, query) if ids else ():
        names.setdefault(record_id, set()).add(name)
    return {record_id: frozenset(found) for record_id, found in names.items()}


def settle_parked(
    tx: Tx, resource: Resource, entry: Pending, row: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Close the parked rows of a record of which nothing is left that differs from base."""
    for parked in (r for r in entry.rows if r.state == "parked" and r.op == "update"):
        left = [
            name
            for name in parked.patch
            if not equal(resource.by_name[name], row.get(name), base.get(name))
        ]
        if not left:
            tx.conn.execute(
                sa.update(OUTBOX).where(OUTBOX.c.seq == parked.seq).values(state="done")
            )


def hold(tx: Tx, seqs: Sequence[int], reason: str) -> None:
    """Stop edits until a human decides."""
    for start in range(0, len(seqs), AT_ONCE):
        some = OUTBOX.c.seq.in_(seqs[start : start + AT_ONCE])
        tx.conn.execute(sa.update(OUTBOX).where(some).values(state="held", error=reason))


def explain(tx: Tx, seqs: Sequence[int], error: str, *, tried: bool = False) -> None:
    """Say why rows wait to be sent, which stay as they are; `tried`: it counts as an attempt."""
    waiting = sa.update(OUTBOX).where(
        OUTBOX.c.seq.in_(seqs), OUTBOX.c.state.in_(("pending", "sending"))
    )
    if tried:
        tx.conn.execute(waiting.values(error=error, attempts=OUTBOX.c.attempts + 1))
    else:
        tx.conn.execute(waiting.where(OUTBOX.c.error.is_distinct_from(error)).values(error=error))


def to_send(
    resource: Resource, workspaces: Collection[int], *also: str
) -> list[sa.ColumnElement[bool]]:
    """What is true of the rows of a resource that are to be sent, in some workspaces; and of those
    in the states `also`.
    """
    return [
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.state.in_(("pending", "sending", *also)),
        sa.or_(OUTBOX.c.workspace_id.in_(workspaces), OUTBOX.c.workspace_id.is_(None)),
    ]


def waiting(tx: Tx, resources: Sequence[str]) -> dict[str, set[int]]:
    """The numbers of all rows that wait to be sent, of the resources that have any."""
    query = sa.select(OUTBOX.c.resource, OUTBOX.c.seq).where(
        OUTBOX.c.state.in_(("pending", "sending")), OUTBOX.c.resource.in_(resources)
    )
    found: dict[str, set[int]] = {}
    for resource, seq in tx.conn.execute(query):
        found.setdefault(resource, set()).add(seq)
    return found


def are_open(tx: Tx, seqs: Sequence[int]) -> bool:
    """Whether any of these rows is still to be sent, or held."""
    query = sa.select(OUTBOX.c.seq).where(
        OUTBOX.c.seq.in_(seqs), OUTBOX.c.state.in_(("pending", "sending", "held"))
    )
    return tx.conn.execute(query.limit(1)).first() is not None


def first_held(tx: Tx, resource: Resource, ids: Sequence[int]) -> int | None:
    """The number of the first row of these records that is held."""
    query = sa.select(sa.func.min(OUTBOX.c.seq)).where(
        OUTBOX.c.resource == resource.name, OUTBOX.c.record_id.in_(ids), OUTBOX.c.state == "held"
    )
    return tx.conn.execute(query).scalar()


def highest_seq(tx: Tx) -> int:
    """The number of the newest row: what is behind it was captured later."""
    return int(tx.conn.execute(sa.select(sa.func.max(OUTBOX.c.seq))).scalar() or 0)


def record_ids(tx: Tx, seqs: Sequence[int]) -> list[int]:
    """The ids that the records of these rows have now."""
    query = sa.select(OUTBOX.c.record_id).where(OUTBOX.c.seq.in_(seqs)).distinct()
    return list(tx.conn.execute(query).scalars())


def unapproved(tx: Tx, resource: Resource, op: str) -> dict[int | None, list[int]]:
    """Workspace id -> pending rows of an operation on records that exist, which no human has
    approved.
    """
    query = sa.select(OUTBOX.c.workspace_id, OUTBOX.c.seq).where(
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.op == op,
        OUTBOX.c.state == "pending",
        OUTBOX.c.approved.is_(None),
        OUTBOX.c.record_id > 0,
    )
    found: dict[int | None, list[int]] = {}
    for workspace, seq in tx.conn.execute(query):
        found.setdefault(workspace, []).append(seq)
    return found
