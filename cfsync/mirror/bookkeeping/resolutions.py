"""Open conflicts as a human sees them, and their end."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.merge import Winner
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS

GONE = "deleted_remotely"
"""The `field` of a conflict about a record that ClickFunnels no longer has and we edited."""
DELETE = ""
"""The `field` of a conflict about a row that was deleted here and changed in ClickFunnels."""
OF_RECORDS = (GONE, DELETE)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A row of `cf_conflicts`. `field` is a column, `column.key` of a map, GONE or DELETE."""

    id: int
    resource: str
    record_id: int
    field: str
    base: Any
    local: Any
    remote: Any
    winner: str
    state: str
    found_at: str


_NAMES = [f.name for f in fields(Disagreement)]


def find(
    tx: Tx, *, resources: Collection[str] = (), record_id: int | None = None
) -> list[Disagreement]:
    """Open conflicts, oldest first."""
    query = sa.select(CONFLICTS).where(CONFLICTS.c.state == "open").order_by(CONFLICTS.c.id)
    if resources:
        query = query.where(CONFLICTS.c.resource.in_(resources))
    if record_id is not None:
        query = query.where(CONFLICTS.c.record_id == record_id)
    return _read(tx, query)


def take(tx: Tx, conflict_id: int) -> Disagreement:
    """One that is open, by its number, locked. Raises UsageError where there is none."""
    query = sa.select(CONFLICTS).where(CONFLICTS.c.id == conflict_id)
    found = _read(tx, query.with_for_update())
    if not found:
        raise UsageError(f"there is no conflict {conflict_id}; see cfsync conflicts list")
    if found[0].state != "open":
        raise UsageError(f"conflict {conflict_id} is {found[0].state} already")
    return found[0]


def _read(tx: Tx, query: sa.Select[Any]) -> list[Disagreement]:
    found = tx.conn.execute(query).mappings()
    return [Disagreement(**{name: row[name] for name in _NAMES}) for row in found]


def end(tx: Tx, settled: Iterable[Disagreement], winner: Winner) -> None:
    """A human has decided."""
    ids = [conflict.id for conflict in settled]
    query = sa.update(CONFLICTS).where(CONFLICTS.c.id.in_(ids))
    tx.conn.execute(query.values(state="resolved", winner=winner))


def about(found: Iterable[Disagreement], names: Collection[str]) -> list[Disagreement]:
    """Those about these columns, or about a key in one of them. Pure."""
    return [c for c in found if c.field.partition(".")[0] in names]
