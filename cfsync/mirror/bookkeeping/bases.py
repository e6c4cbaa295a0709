"""Bases: each record as last read from ClickFunnels, the third leg of the merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cfsync.decode import decode_record
from cfsync.mirror.bookkeeping.checkpoints import Lane
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE
from cfsync.records import Record
from cfsync.resources.model import Resource
from cfsync.values import json_of


@dataclass(frozen=True, slots=True)
class Base:
    """A record as last read. `body` is JSON text."""

    body: str
    rev: int


def load(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, Base]:
    """The bases of those of these records that have one."""
    found = statements.by_ids(tx, BASE, ["id", "body", "rev"], ids, resource=resource.name)
    return {i: Base(body, rev) for i, body, rev in found}


def decode(resource: Resource, base: Base) -> Record:
    """The record in a base."""
    return decode_record(resource, json_of(base.body))


def save(tx: Tx, records: Sequence[Record], lane: Lane) -> None:
    """Write the bases of records of one resource, which `lane` has brought."""
    if records:
        statements.upsert(
            tx,
            BASE,
            [{"id": r.id, "body": r.body, "updated_at": r.updated_at} for r in records],
            stamp={"resource": records[0].resource, "rev": tx.rev(), "lane": str(lane)},
        )


def highest_rev(tx: Tx) -> int:
    """The highest `cf_rev` handed out so far: noted before a request, see `Reading.rev_before`."""
    return tx.dialect.highest_rev(tx.conn)
