"""What the mirror holds and how far its passes have come, for a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import rows, tombstones
from cfsync.mirror.bookkeeping.conflicts import ConflictState
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES
from cfsync.mirror.bookkeeping.tombstones import TombstoneState
from cfsync.mirror.db.dialect.base import Server
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.quoting import ident, literal
from cfsync.mirror.db.tables import (
    CHECKPOINTS,
    CONFLICTS,
    EVENTS,
    FOUND,
    NOTES,
    OUTBOX,
    RUNS,
    SCHEMA_VERSION,
    TABLES,
    TOMBSTONES,
)
from cfsync.mirror.lists import absent, census_state
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.progress.latency import Counts
from cfsync.records import PROVISIONAL_FROM, Listing
from cfsync.resources import RESOURCES
from cfsync.resources.model import Resource

Rows = list[dict[str, Any]]


def has_schema(tx: Tx) -> bool:
    """Whether a migration has ever run here."""
    return SCHEMA_VERSION in tx.dialect.relations(tx.conn)


def server(tx: Tx) -> Server:
    """The version, and whether the database is whole and lets this role do what a pass does."""
    return tx.dialect.describe(tx.conn)


def _value(tx: Tx, sql: str) -> Any:
    return tx.conn.exec_driver_sql(sql).scalar()


def row_counts(tx: Tx) -> dict[str, int]:
    """Resource -> rows of its table, where that exists."""
    there = tx.dialect.relations(tx.conn)
    names = [name for name in RESOURCES if name in there]
    counts = (f"SELECT {literal(name)}, count(*) FROM {ident(name)}" for name in names)
    sql = " UNION ALL ".join(counts)
    return {name: int(n) for name, n in tx.conn.exec_driver_sql(sql)} if names else {}


def walks(tx: Tx) -> Rows:
    """A row for each resource and lane: how many lists, how many unfinished, when the oldest and
    the newest of their last walks began, and the newest watermark.
    """
    c = CHECKPOINTS.c
    unfinished = sa.func.sum(sa.case((c.done_at.is_(None), 1), else_=0))
    return _rows(
        tx,
        sa.select(
            c.resource,
            c.lane,
            sa.func.count().label("lists"),
            unfinished.label("unfinished"),
            sa.func.min(c.began_at).label("oldest"),
            sa.func.max(c.began_at).label("newest"),
            sa.func.max(c.watermark).label("watermark"),
        ).group_by(c.resource, c.lane),
    )


def oldest_sweep(tx: Tx, resource: Resource) -> tuple[str, Lane] | None:
    """When the oldest of the last sweeps of the lists began, of a resource that has a census, and
    whether that was a walk or a census; None before the first.
    """
    c = CHECKPOINTS.c
    where = (c.resource == resource.name, c.lane == Lane.SWEEP, c.part == 0)
    last: dict[int, tuple[str, Lane]] = {
        parent_id: (began_at, Lane.SWEEP)
        for parent_id, began_at in tx.conn.execute(sa.select(c.parent_id, c.began_at).where(*where))
        if began_at is not None
    }
    for parent_id, state in census_state.load_all(tx).items():
        if state.swept_at is not None and parent_id in last:
            last[parent_id] = max(last[parent_id], (state.swept_at, Lane.CENSUS))
    return min(last.values(), default=None)


def open_edits(tx: Tx) -> dict[str, dict[str, int]]:
    """Resource -> state -> how many open edits."""
    return _counted(tx, OUTBOX.c.resource, OUTBOX.c.state, OUTBOX.c.state.in_(OPEN_STATES))


def open_conflicts(tx: Tx) -> dict[str, dict[str, int]]:
    """Resource -> winner -> how many open conflicts."""
    return _counted(
        tx, CONFLICTS.c.resource, CONFLICTS.c.winner, CONFLICTS.c.state == ConflictState.OPEN
    )


def deletions(tx: Tx, *states: str) -> dict[str, dict[str, int]]:
    """Resource -> state -> how many tombstones; only those in `states` where given."""
    where = TOMBSTONES.c.state.in_(states) if states else sa.true()
    return _counted(tx, TOMBSTONES.c.resource, TOMBSTONES.c.state, where)


def found_by_lane(tx: Tx) -> dict[str, dict[str, Counts]]:
    """Resource -> lane -> how many changes it brought first, by the class of their delay."""
    by_resource: dict[str, dict[str, dict[int, int]]] = {}
    for row in _rows(tx, sa.select(FOUND)):
        lanes = by_resource.setdefault(row["resource"], {})
        lanes.setdefault(row["lane"], {})[row["delay_ms"]] = row["records"]
    return {name: dict(lanes) for name, lanes in by_resource.items()}


def last_runs(tx: Tx) -> Rows:
    """The last run of each pass."""
    newest = sa.select(sa.func.max(RUNS.c.id)).group_by(RUNS.c["pass"])
    return _rows(tx, sa.select(RUNS).where(RUNS.c.id.in_(newest)).order_by(RUNS.c["pass"]))


def notes(tx: Tx) -> Rows:
    """Odd fields: (resource, field, kind, record_id: an example, seen_at)."""
    order = (NOTES.c.kind, NOTES.c.resource, NOTES.c.field)
    return _rows(tx, sa.select(NOTES).where(NOTES.c.kind != absent.KIND).order_by(*order))


def unused_events(tx: Tx) -> Rows:
    """Types of the kept events that name no record of the mirror: (event_type, events)."""
    query = sa.select(EVENTS.c.event_type, sa.func.count().label("events"))
    named_none = query.where(EVENTS.c.resource.is_(None)).group_by(EVENTS.c.event_type)
    return _rows(tx, named_none.order_by(EVENTS.c.event_type))


def waiting(tx: Tx, limit: int, *, without: Sequence[str] = ()) -> Rows:
    """What waits for a person, oldest first: kind, resource, id, since, reason, command. `without`:
    kinds that are left out.
    """
    order = f"ORDER BY since, kind, resource, id LIMIT {limit:d}"
    sql = f"SELECT * FROM cf_waiting {_of_other_kinds(without)} {order}"
    return [dict(row) for row in tx.conn.exec_driver_sql(sql).mappings()]


def waiting_lines(tx: Tx, *, without: Sequence[str] = ()) -> int:
    """How many rows `cf_waiting` has. `without`: kinds that are left out."""
    return int(_value(tx, f"SELECT count(*) FROM cf_waiting {_of_other_kinds(without)}"))


def _of_other_kinds(without: Sequence[str]) -> str:
    return f"WHERE kind NOT IN ({', '.join(map(literal, without))})" if without else ""


def ids_between(
    tx: Tx, resource: Resource, listing: Listing, above: int, upto: int | None
) -> list[int]:
    """Ids of a list's rows with above < id <= upto that should be in ClickFunnels: not those known
    to be gone, nor those that stay by a person's decision.
    """
    table = TABLES[resource.name]
    settled = sa.select(TOMBSTONES.c.record_id).where(
        TOMBSTONES.c.resource == resource.name,
        TOMBSTONES.c.state.in_((TombstoneState.CONFIRMED, TombstoneState.REJECTED)),
    )
    query = sa.select(table.c.id).where(
        table.c.id > above, table.c.id < PROVISIONAL_FROM, table.c.id.not_in(settled)
    )
    if resource.parent_field:
        query = query.where(table.c[resource.parent_field] == listing.parent_id)
    if upto is not None:
        query = query.where(table.c.id <= upto)
    return list(tx.conn.execute(query.order_by(table.c.id)).scalars())


LARGEST_ID = 2**63 - 1
"""That a database can hold."""

_NUMBER = re.compile("-?[0-9]{1,19}")


def record_id(tx: Tx, resource: Resource, named: str) -> int:
    """The id of a record named by its id or public id, also of one that was deleted. Raises
    UsageError where there is none.
    """
    if _NUMBER.fullmatch(named) and abs(int(named)) <= LARGEST_ID:
        return int(named)
    if "public_id" in resource.by_name and "\0" not in named:
        for find in (
            rows.find_public_id,
            rows.find_deleted_public_id,
            tombstones.find_public_id,
        ):
            if (found := find(tx, resource, named)) is not None:
                return found
    raise UsageError(f"{resource.name}: the mirror has no record with the public id {named}")


def _counted(
    tx: Tx, resource: sa.Column[Any], kind: sa.Column[Any], where: sa.ColumnElement[bool]
) -> dict[str, dict[str, int]]:
    query = sa.select(resource, kind, sa.func.count()).where(where).group_by(resource, kind)
    counted: dict[str, dict[str, int]] = {}
    for name, what, n in tx.conn.execute(query):
        counted.setdefault(name, {})[what] = n
    return counted


def _rows(tx: Tx, query: sa.Select[Any]) -> Rows:
    return [dict(row) for row in tx.conn.execute(query).mappings()]


def total(counts: Mapping[str, Mapping[str, int]]) -> int:
    """All counts together."""
    return sum(n for by_kind in counts.values() for n in by_kind.values())


def currencies(tx: Tx, resource: Resource, workspace_id: int) -> tuple[str, ...]:
    """The currencies of a resource's records in a workspace, in capitals."""
    table = TABLES[resource.name]
    where = (table.c.id < PROVISIONAL_FROM, table.c.workspace_id == workspace_id)
    found = tx.conn.execute(sa.select(sa.func.upper(table.c.currency)).where(*where).distinct())
    return tuple(sorted(name for name in found.scalars() if name))


def figures(
    tx: Tx, resource: Resource, workspace_id: int, amounts: Sequence[str]
) -> dict[str, Decimal | None]:
    """`count` -> how many records the mirror has of a resource in a workspace, and the sum of each
    of these amounts of money.
    """
    table = TABLES[resource.name]
    sums = (sa.func.sum(sa.cast(table.c[name], sa.Numeric(asdecimal=False))) for name in amounts)
    query = sa.select(sa.func.count(), *sums).where(
        table.c.id < PROVISIONAL_FROM, table.c.workspace_id == workspace_id
    )
    rows, *found = tx.conn.execute(query).one()
    cents = (Decimal(str(amount or 0)).quantize(Decimal("0.01")) for amount in found)
    return {"count": Decimal(rows), **dict(zip(amounts, cents, strict=True))}
