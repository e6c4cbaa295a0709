"""What is open on records: the edits of each that ClickFunnels has not confirmed, field by field.

Whoever writes a record that ClickFunnels shows looks here first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa

from cfsync.merge import FieldEdit, Winner
from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictState
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit, Op, OutboxState, edit_of
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS, OUTBOX
from cfsync.records import ABSENT
from cfsync.resources.model import Resource
from cfsync.values import equal

_IDS: sa.BindParameter[int] = sa.bindparam("ids", expanding=True)
# built once: they run for every edit that is sent
_OPEN = (
    sa.select(*(OUTBOX.c[f.name] for f in fields(Edit)))
    .where(
        OUTBOX.c.resource == sa.bindparam("name"),
        OUTBOX.c.record_id.in_(_IDS),
        OUTBOX.c.state.in_(OPEN_STATES),
    )
    .order_by(OUTBOX.c.seq)
)
_SENT = sa.select(OUTBOX.c.seq).where(OUTBOX.c.batch.is_not(None)).limit(1)
_HELD = sa.select(CONFLICTS.c.record_id, CONFLICTS.c.field).where(
    CONFLICTS.c.resource == sa.bindparam("name"),
    CONFLICTS.c.record_id.in_(_IDS),
    CONFLICTS.c.state == ConflictState.OPEN,
    CONFLICTS.c.winner == Winner.HOLD,
)


@dataclass(slots=True)
class OpenEdits:
    """All that is open on one record."""

    edits: list[Edit] = field(default_factory=list)
    #: Fields in a conflict that waits for a person; see `FieldEdit.held`.
    held: frozenset[str] = frozenset()

    @property
    def deleted(self) -> bool:
        """Whether the last of them deletes the record."""
        return bool(self.edits) and self.edits[-1].op == Op.DELETE

    def last_seq(self, name: str) -> int:
        """The number of the last edit of a field; 0 where there is none."""
        return max((e.seq for e in self.edits if name in e.given), default=0)

    @property
    def by_field(self) -> dict[str, FieldEdit]:
        """What is open on each edited field."""
        found: dict[str, FieldEdit] = {}
        for edit in self.edits:
            parked = edit.state == OutboxState.PARKED
            for name in edit.given:
                sent = _sent(edit, name)
                before = found.get(name)
                if sent is ABSENT and before is not None:
                    sent = before.sent
                found[name] = FieldEdit(edit.captured_at, sent, parked, self.held)
        return found


def _sent(edit: Edit, name: str) -> Any:
    """The value that a call of unknown outcome sent; ABSENT where there was none."""
    if edit.state != OutboxState.SENDING or name not in (edit.sent or {}):
        return ABSENT
    return (edit.sent or {})[name][1]


def load(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, OpenEdits]:
    """What is open on these records. Records without anything open are not in the answer."""
    found: dict[int, OpenEdits] = {}
    # nearly always there is nothing, and this is the cheap way to know
    if edited := {i for i, state in _states(tx, resource, ids) if state in OPEN_STATES}:
        query = {"name": resource.name, "ids": sorted(edited)}
        for row in tx.conn.execute(_OPEN, query).mappings():
            found.setdefault(row["record_id"], OpenEdits()).edits.append(edit_of(row))
    for record_id, names in _held(tx, resource, list(found)).items():
        found[record_id].held = names
    return found


def about(tx: Tx, resource: Resource, conflict: Conflict) -> list[Edit]:
    """The open edits that a conflict is about."""
    found = load(tx, resource, [conflict.record_id]).get(conflict.record_id, OpenEdits())
    name = conflict.field.partition(".")[0]
    return [e for e in found.edits if conflict.is_about_record or name in e.fields]


def seqs_about(tx: Tx, resource: Resource, conflict: Conflict) -> list[int]:
    """The numbers of those edits; where there is none any more, of the last one of its field."""
    if found := about(tx, resource, conflict):
        return [e.seq for e in found]
    name = (conflict.field or "").partition(".")[0]
    edits = outbox.find(tx, resources=[resource.name], record_id=conflict.record_id)
    return [e.seq for e in edits if name in e.fields][-1:]


def _states(tx: Tx, resource: Resource, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    columns = ["record_id", "state"]
    return statements.by_ids(tx, OUTBOX, columns, ids, resource=resource.name)


def _held(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    names: dict[int, set[str]] = {}
    query = {"name": resource.name, "ids": ids}
    for record_id, name in tx.conn.execute(_HELD, query) if ids else ():
        names.setdefault(record_id, set()).add(name)
    return {record_id: frozenset(found) for record_id, found in names.items()}


def close_settled_parked(
    tx: Tx, resource: Resource, found: OpenEdits, row: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Mark the parked updates of a record as done in which no field of `row` differs from `base`
    any more.
    """
    for edit in found.edits:
        if edit.state == OutboxState.PARKED and edit.op == Op.UPDATE:
            left = [
                name
                for name in edit.patch
                if not equal(resource.by_name[name], row.get(name), base.get(name))
            ]
            if not left:
                query = sa.update(OUTBOX).where(OUTBOX.c.seq == edit.seq)
                tx.conn.execute(query.values(state=OutboxState.DONE, error=None))


def any_sent(tx: Tx) -> bool:
    """Whether a push has ever sent an edit of this mirror, as far as it remembers."""
    return tx.conn.execute(_SENT).first() is not None
