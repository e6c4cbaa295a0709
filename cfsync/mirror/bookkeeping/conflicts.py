"""Conflicts: fields that both sides changed to different values, the losing value kept; and drift:
what changed in the mirror while no trigger captured it.

A row of `cf_conflicts` holds base, local and remote value until a person has decided; of one record
and field one conflict is open at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.merge import FieldConflict, Winner
from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS
from cfsync.resources.model import Resource


class ConflictState(StrEnum):
    """The state of a conflict.

    open -> superseded: a later conflict about the same field took its place
    open -> resolved: a person decided, or dropped the edit; or both sides agree by now
    """

    OPEN = "open"
    SUPERSEDED = "superseded"
    RESOLVED = "resolved"


class ConflictKind(StrEnum):
    """What a conflict is about."""

    CHANGED = "changed"
    """A field that both sides changed."""
    DRIFT = "drift"
    """A field that was changed in the mirror, or a row that was inserted, uncaptured: there is no
    edit of it.
    """
    DELETED_HERE = "deleted_here"
    """A record deleted in the mirror, and changed in ClickFunnels since."""
    DELETED_REMOTELY = "deleted_remotely"
    """A record edited in the mirror, and gone from ClickFunnels."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row of `cf_conflicts`."""

    #: Its number.
    id: int
    resource: str
    record_id: int
    kind: ConflictKind
    #: A column, or `column.key` of a map; '': it is about the whole record.
    field: str
    #: The value as last read before both sides changed it.
    base: Any
    #: The mirror's value.
    local: Any
    #: The value in ClickFunnels.
    remote: Any
    #: The side whose value counts; `hold`: neither until a person decides.
    winner: Winner
    state: ConflictState
    #: When it was found, canonical text.
    found_at: str

    @property
    def is_about_record(self) -> bool:
        """Whether it is about a whole record and not about one of its fields."""
        return not self.field


NAMED = 3
"""Ids that a line of the log names as examples."""

_NAMES = [f.name for f in fields(Conflict)]

GONE = "deleted in ClickFunnels; see cfsync conflicts"
"""Why edits are held whose record is gone."""

# built once: they run for every page; the state is spelled out, so that the partial index serves
_OPEN_OF_RECORDS = (
    sa.select(CONFLICTS)
    .where(
        CONFLICTS.c.resource == sa.bindparam("name"),
        CONFLICTS.c.record_id.in_(sa.bindparam("ids", expanding=True)),
        CONFLICTS.c.state == sa.literal_column(f"'{ConflictState.OPEN}'"),
    )
    .order_by(CONFLICTS.c.id)
)

_STOPPED_DELETES = sa.select(CONFLICTS.c.record_id).where(
    CONFLICTS.c.resource == sa.bindparam("name"),
    CONFLICTS.c.kind == ConflictKind.DELETED_HERE,
    CONFLICTS.c.state == sa.literal_column(f"'{ConflictState.OPEN}'"),
)


def add(
    tx: Tx,
    resource: Resource,
    record_id: int,
    found: FieldConflict,
    kind: ConflictKind = ConflictKind.CHANGED,
) -> None:
    """Open a conflict. One that is open on the same field is superseded, its values kept."""
    _insert(tx, resource, record_id, found, kind, ConflictState.OPEN)
    named = {"resource": resource.name, "id": record_id, "field": found.field}
    tx.warnings.append(("conflict.found", named | {"winner": found.winner}))


def add_drift(tx: Tx, resource: Resource, record_id: int, found: FieldConflict) -> None:
    """Open a conflict about drift; where its winner is known already, it is only kept, as resolved.
    The caller logs it.
    """
    is_open = found.winner == Winner.HOLD
    state = ConflictState.OPEN if is_open else ConflictState.RESOLVED
    _insert(tx, resource, record_id, found, ConflictKind.DRIFT, state)


def _insert(
    tx: Tx,
    resource: Resource,
    record_id: int,
    found: FieldConflict,
    kind: ConflictKind,
    state: ConflictState,
) -> None:
    tx.conn.execute(
        sa.update(CONFLICTS)
        .where(
            CONFLICTS.c.resource == resource.name,
            CONFLICTS.c.record_id == record_id,
            CONFLICTS.c.field == found.field,
            CONFLICTS.c.state == ConflictState.OPEN,
        )
        .values(state=ConflictState.SUPERSEDED)
    )
    tx.conn.execute(
        sa.insert(CONFLICTS).values(
            resource=resource.name,
            record_id=record_id,
            kind=kind,
            field=found.field,
            base=found.base,
            local=found.local,
            remote=found.remote,
            winner=found.winner,
            state=state,
            found_at=tx.now,
        )
    )


def hold_edits_of_deleted(tx: Tx, resource: Resource, record_id: int, seqs: Sequence[int]) -> None:
    """Open a conflict about a record that is gone from ClickFunnels while edits of it are open, and
    hold these edits: its row stays until a person has decided.
    """
    kind = ConflictKind.DELETED_REMOTELY
    if all(c.kind != kind for c in of_records(tx, resource, [record_id])):
        add(tx, resource, record_id, FieldConflict("", None, None, None, Winner.HOLD), kind)
    outbox.hold(tx, seqs, GONE)


def find(
    tx: Tx,
    *,
    resources: Collection[str] = (),
    record_id: int | None = None,
    limit: int | None = None,
) -> list[Conflict]:
    """Open conflicts, oldest first, at most `limit`; only those of some resources or of one record
    where given.
    """
    query = sa.select(CONFLICTS).where(CONFLICTS.c.state == ConflictState.OPEN)
    if resources:
        query = query.where(CONFLICTS.c.resource.in_(resources))
    if record_id is not None:
        query = query.where(CONFLICTS.c.record_id == record_id)
    return _read(tx, query.order_by(CONFLICTS.c.id).limit(limit))


def of_records(tx: Tx, resource: Resource, ids: Sequence[int]) -> list[Conflict]:
    """Open conflicts about these records, oldest first."""
    if not ids:
        return []
    query = {"name": resource.name, "ids": ids}
    return [_conflict(row) for row in tx.conn.execute(_OPEN_OF_RECORDS, query).mappings()]


def stopped_deletes(tx: Tx, resource: Resource) -> list[int]:
    """The ids of rows whose delete is in conflict with a change in ClickFunnels."""
    return list(tx.conn.execute(_STOPPED_DELETES, {"name": resource.name}).scalars())


def by_id(tx: Tx, conflict_id: int) -> Conflict:
    """A conflict by its number, locked. Raises UsageError where there is none."""
    query = sa.select(CONFLICTS).where(CONFLICTS.c.id == conflict_id)
    if found := _read(tx, query.with_for_update()):
        return found[0]
    raise UsageError(f"there is no conflict {conflict_id}; see cfsync conflicts list")


def by_ids(tx: Tx, numbers: Collection[int]) -> dict[int, Conflict]:
    """Number -> the conflict, open or not, of those that are still kept."""
    query = sa.select(CONFLICTS).where(CONFLICTS.c.id.in_(numbers))
    return {found.id: found for found in _read(tx, query)}


def lock_open(tx: Tx, conflict_id: int) -> Conflict:
    """An open conflict by its number, locked, or the one that took its place. Raises UsageError
    where there is none.
    """
    conflict = by_id(tx, conflict_id)
    if conflict.state == ConflictState.SUPERSEDED:
        about = find(tx, resources=[conflict.resource], record_id=conflict.record_id)
        conflict = next((c for c in about if c.field == conflict.field), conflict)
    if conflict.state != ConflictState.OPEN:
        raise UsageError(f"conflict {conflict_id} is {conflict.state} already")
    return conflict


def update(tx: Tx, conflict: Conflict, values: Mapping[str, Any]) -> Conflict:
    """Change the `local` or `remote` value of an open conflict to what the record holds now; what
    it was found with is kept as a superseded one.
    """
    found = {name: getattr(conflict, name) for name in _NAMES if name != "id"}
    tx.conn.execute(sa.insert(CONFLICTS).values(found | {"state": ConflictState.SUPERSEDED}))
    tx.conn.execute(sa.update(CONFLICTS).where(CONFLICTS.c.id == conflict.id).values(values))
    return replace(conflict, **values)


def changed_since(tx: Tx, number: int) -> set[tuple[str, int, str]]:
    """(resource, record, field) of conflicts that were found, or whose values have changed, after
    the one with this number: a change keeps the old values under a new number.
    """
    c = CONFLICTS.c
    found = tx.conn.execute(sa.select(c.resource, c.record_id, c.field).where(c.id > number))
    return {(name, record_id, field) for name, record_id, field in found}


def _read(tx: Tx, query: sa.Select[Any]) -> list[Conflict]:
    found = tx.conn.execute(query).mappings()
    return [_conflict(row) for row in found]


def _conflict(row: sa.RowMapping) -> Conflict:
    kinds = {
        "kind": ConflictKind(row["kind"]),
        "winner": Winner(row["winner"]),
        "state": ConflictState(row["state"]),
    }
    return Conflict(**{name: row[name] for name in _NAMES} | kinds)


def resolve(tx: Tx, decided: Iterable[Conflict], winner: Winner) -> None:
    """Close conflicts that a person has decided."""
    ids = [conflict.id for conflict in decided]
    for start in range(0, len(ids), outbox.AT_ONCE):
        some = CONFLICTS.c.id.in_(ids[start : start + outbox.AT_ONCE])
        values = {"state": ConflictState.RESOLVED, "winner": winner}
        tx.conn.execute(sa.update(CONFLICTS).where(some).values(values))


def about_fields(found: Iterable[Conflict], names: Collection[str]) -> list[Conflict]:
    """Those about these columns, or about a key in one of them. Pure."""
    return [c for c in found if c.field.partition(".")[0] in names]
