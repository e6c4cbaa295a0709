"""What the history says: changes in their order, some at a time, and a record as it was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import ids
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHANGES, FEED, IDS, OUTBOX, TABLES
from cfsync.mirror.history.changes import ChangeOp
from cfsync.mirror.history.replay import undone
from cfsync.mirror.reports import status
from cfsync.records import is_provisional
from cfsync.resources import Resource

Row = Mapping[str, Any]

AT_ONCE = 1_000
"""Changes that are read at once."""

WINDOW = 5_000
"""Numbers that one query looks at: SQLite reads all rows of `cf_feed` that fit before it sorts."""

LAST = 2**62
"""Above every number of a change."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes are wanted; those that fit all that is given."""

    #: Empty: of all resources.
    resources: Sequence[str] = ()
    #: All ids that one record has had; empty: of any record.
    record_ids: Collection[int] = ()
    side: str | None = None
    #: A column, or `column.key`.
    field: str | None = None
    #: The earliest time, canonical text; '': from the beginning.
    since: str = ""
    #: Whether also the rows that say from when on the history of a list is complete.
    starts: bool = True

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What the database can tell; `fits` has the rest."""
        found: list[sa.ColumnElement[bool]] = []
        if self.resources:
            found.append(FEED.c.resource.in_(self.resources))
        if self.record_ids:
            found.append(FEED.c.record_id.in_(self.record_ids))
        if self.side:
            found.append(FEED.c.side == self.side)
        if self.since:
            found.append(FEED.c.at >= self.since)
        if not self.starts:
            found.append(FEED.c.op != ChangeOp.START)
        if self.field:
            name = f'"{self.field.partition(".")[0]}"'
            found.append(sa.cast(FEED.c.patch, sa.Text).contains(name, autoescape=True))
        return found

    def fits(self, patch: Mapping[str, Any]) -> bool:
        """Whether a patch is about the field. Pure."""
        if not self.field or self.field in patch:
            return True
        column, _, key = self.field.partition(".")
        old, new = (v if isinstance(v, dict) else {} for v in patch.get(column, (None, None)))
        return bool(key) and old.get(key) != new.get(key)


class Chunk(NamedTuple):
    """Some of the changes."""

    changes: list[Row]
    #: The number up to which (going back: from which on) all were read.
    seq: int
    #: Whether there are no more for now.
    is_last: bool


def newer(tx: Tx, wanted: Wanted, after: int) -> Chunk:
    """The first changes with a number above `after`, in order."""
    low, high = after, LAST
    if not wanted.record_ids:
        low = max(after, _first(tx, after) - 1)
        high = min(low + WINDOW, LAST)
    found = _between(tx, wanted, low, high, FEED.c.seq.asc())
    changes = [row for row in found if wanted.fits(row["patch"])]
    if len(found) == AT_ONCE:
        return Chunk(changes, found[-1]["seq"], is_last=False)
    if tx.conn.execute(sa.select(FEED.c.seq).where(FEED.c.seq > high).limit(1)).first():
        return Chunk(changes, high, is_last=False)  # so nothing below can still be committed
    return Chunk(changes, found[-1]["seq"] if found else after, is_last=True)


def older(tx: Tx, wanted: Wanted, before: int = LAST, at_once: int = AT_ONCE) -> Chunk:
    """The last changes with a number below `before`, the last one first."""
    low, high = 0, before - 1
    if not wanted.record_ids:
        high = min(high, _last(tx, before))
        low = max(0, high - WINDOW)
    found = _between(tx, wanted, low, high, FEED.c.seq.desc(), at_once)
    changes = [row for row in found if wanted.fits(row["patch"])]
    if len(found) == at_once:
        return Chunk(changes, found[-1]["seq"], is_last=False)
    return Chunk(changes, low + 1, is_last=low == 0)


def last(tx: Tx, wanted: Wanted, limit: int, before: int = LAST) -> list[Row]:
    """The last changes of all with a number below `before`, the last one first."""
    at_once = AT_ONCE if wanted.field else min(limit, AT_ONCE)  # not all may be about the field
    chunk = older(tx, wanted, before, at_once)
    found = list(chunk.changes)
    while len(found) < limit and not chunk.is_last:
        chunk = older(tx, wanted, chunk.seq, at_once)
        found += chunk.changes
    return found[:limit]


def _between(
    tx: Tx,
    wanted: Wanted,
    low: int,
    high: int,
    order: sa.UnaryExpression[Any],
    at_once: int = AT_ONCE,
) -> list[Row]:
    """Up to so many changes with low < number <= high."""
    query = sa.select(FEED).where(FEED.c.seq > low, FEED.c.seq <= high, *wanted.conditions())
    found = tx.conn.execute(query.order_by(order).limit(at_once)).mappings()
    return [dict(row) for row in found]


def _first(tx: Tx, after: int) -> int:
    """The least number in use above another one; 0: none. Not all numbers are settled changes."""
    return min(_numbers(tx, lambda seq: sa.select(sa.func.min(seq)).where(seq > after)), default=0)


def _last(tx: Tx, before: int) -> int:
    """The greatest number in use below another one; 0: none."""
    return max(_numbers(tx, lambda seq: sa.select(sa.func.max(seq)).where(seq < before)), default=0)


def _numbers(tx: Tx, query: Callable[[sa.Column[Any]], sa.Select[Any]]) -> list[int]:
    found = [tx.conn.execute(query(table.c.seq)).scalar() for table in (CHANGES, OUTBOX)]
    return [seq for seq in found if seq is not None]


def ids_of(tx: Tx, resource: Resource, record_name: str) -> tuple[int, list[int]]:
    """The id of a record named by its id, public id or a provisional one that it had, and all ids
    under which the history has it. Raises UsageError for an unknown public id.
    """
    record_id = status.record_id(tx, resource, record_name)
    if is_provisional(record_id):
        real = ids.find_real_ids(tx, [(resource.name, record_id)])
        record_id = real.get((resource.name, record_id), record_id)
    had = sa.select(IDS.c.local_id).where(IDS.c.resource == resource.name, IDS.c.id == record_id)
    return record_id, [record_id, *tx.conn.execute(had.order_by(IDS.c.local_id)).scalars()]


def last_changes(tx: Tx, resource: Resource, record_name: str, limit: int) -> list[Row]:
    """The last changes of a record, in order."""
    _, had = ids_of(tx, resource, record_name)
    return older(tx, Wanted([resource.name], had)).changes[:limit][::-1]


class Past(NamedTuple):
    """A record at some time."""

    #: Canonical values; None: it had no row.
    record: dict[str, Any] | None
    #: Where it was; None: nothing is known of it.
    workspace_id: int | None
    #: Whether the mirror knows of it at all.
    is_known: bool
    #: Whether its values were removed from the history.
    is_redacted: bool = False


def as_of(tx: Tx, resource: Resource, record_id: int, had: Sequence[int], time: str) -> Past:
    """A record as it was at a time, from its row now and the changes since, undone. `had`: all ids
    under which the history has it.
    """
    rows = dict[int, dict[str, Any] | None](statements.load(tx, TABLES[resource.name], had))
    workspace = next((row.get("workspace_id") for row in rows.values() if row), None)
    is_known = bool(rows)
    for change in _backwards(tx, Wanted([resource.name], had)):
        is_known = True
        workspace = change["workspace_id"] if workspace is None else workspace
        if change["at"] <= time:
            break
        if change["op"] == ChangeOp.DELETE and not change["patch"]:
            return Past(None, workspace, is_known, is_redacted=True)
        _undo(rows, change)
    row = next((row for i in (record_id, *had) if (row := rows.get(i))), None)
    return Past(_explained(resource, row), workspace, is_known)


def _backwards(tx: Tx, wanted: Wanted) -> Iterator[Row]:
    chunk = older(tx, wanted)
    yield from chunk.changes
    while not chunk.is_last:
        chunk = older(tx, wanted, chunk.seq)
        yield from chunk.changes


def _undo(rows: dict[int, dict[str, Any] | None], change: Row) -> None:
    """Undo a change in rows by id. A row that took the place of another one leaves it again."""
    record_id, op, patch = change["record_id"], change["op"], change["patch"]
    row = undone(rows.pop(record_id, None), op, patch)
    if row is not None:
        rows[patch["id"][0] if op == ChangeOp.RENUMBER else record_id] = {"id": record_id, **row}


def _explained(resource: Resource, row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The fields that the history has: no copies of other records, no `updated_at`, whose moves
    alone are no change, nothing that ClickFunnels never shows.
    """
    if row is None:
        return None
    return {
        f.name: row.get(f.name)
        for f in resource.columns
        if f.merge != "quote" and (f.shown or f.path) and f.name != "updated_at"
    }
