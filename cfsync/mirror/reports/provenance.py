"""All that the mirror knows of one record, to explain where its values came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.decode import decode_record
from cfsync.mirror.bookkeeping import conflicts, ids, outbox, tombstones
from cfsync.mirror.bookkeeping.conflicts import Conflict
from cfsync.mirror.bookkeeping.outbox import Edit
from cfsync.mirror.bookkeeping.tombstones import Tombstone, TombstoneState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, IDS, TABLES
from cfsync.records import is_provisional
from cfsync.resources import Resource
from cfsync.values import json_of


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """All that the mirror knows of one record."""

    record_id: int
    #: The id that its row had before it was sent; None: it was not inserted here.
    local_id: int | None
    #: Canonical values; {} where it has no row.
    row: Mapping[str, Any]
    #: Canonical values as last read; {} where it was never read.
    base: Mapping[str, Any]
    #: The lane that brought the base.
    lane: str | None
    edits: list[Edit]
    #: Open ones.
    conflicts: list[Conflict]
    #: (resource, provisional id) of records to which it refers and that don't exist yet.
    unsent: list[tuple[str, int]]
    tombstone: Tombstone | None


def gather(tx: Tx, resource: Resource, record_id: int) -> KnownRecord:
    """All about a record, by its id or by the one that its row had before it was sent."""
    if is_provisional(record_id):
        real = ids.find_real_ids(tx, [(resource.name, record_id)])
        record_id = real.get((resource.name, record_id), record_id)
    row = statements.load(tx, TABLES[resource.name], [record_id]).get(record_id, {})
    base, lane = _base(tx, resource, record_id)
    wanted = list(ids.local_ids(resource, row))
    real = ids.find_real_ids(tx, wanted)
    stones = tombstones.find(
        tx, states=tuple(TombstoneState), resource=resource.name, record_id=record_id
    )
    return KnownRecord(
        record_id=record_id,
        local_id=_local_id(tx, resource, record_id),
        row=row,
        base=base,
        lane=lane,
        edits=outbox.find(tx, resources=[resource.name], record_id=record_id),
        conflicts=conflicts.find(tx, resources=[resource.name], record_id=record_id),
        unsent=[pair for pair in wanted if pair not in real],
        tombstone=next(iter(stones), None),
    )


def commands(tx: Tx, resource: Resource, record_id: int) -> dict[str, str]:
    """Kind of `cf_waiting` -> the command that helps, of what waits for a person about a record."""
    query = sa.text("SELECT kind, command FROM cf_waiting WHERE resource = :resource AND id = :id")
    found = tx.conn.execute(query, {"resource": resource.name, "id": record_id})
    return {row.kind: row.command for row in found}


def _base(tx: Tx, resource: Resource, record_id: int) -> tuple[Mapping[str, Any], str | None]:
    found = statements.by_ids(tx, BASE, ["body", "lane"], [record_id], resource=resource.name)
    if not found:
        return {}, None
    body, lane = found[0]
    return decode_record(resource, json_of(body)).values, lane


def _local_id(tx: Tx, resource: Resource, record_id: int) -> int | None:
    query = sa.select(IDS.c.local_id).where(IDS.c.resource == resource.name, IDS.c.id == record_id)
    return tx.conn.execute(query).scalar()
