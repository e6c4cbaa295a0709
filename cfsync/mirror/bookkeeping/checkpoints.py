"""Checkpoints: where each walk stands, saved in the transaction that saved its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal

import sqlalchemy as sa

from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHECKPOINTS
from cfsync.records import Listing
from cfsync.resources.model import Resource

Lane = Literal["backfill", "pull", "sweep", "events", "push", "turn"]
"""`turn`: of a workspace, when all lists of a resource below its records were last seen to."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One walk of one list. Times are canonical text by the mirror's clock, but for `watermark`
    and `pending`, which are `updated_at` values of ClickFunnels.
    """

    resource: str
    parent_id: int
    lane: Lane
    part: int = 0
    cursor: int | None = None
    upper: int | None = None
    watermark: str | None = None
    seen_at: str | None = None
    pending: str | None = None
    began_at: str | None = None
    done_at: str | None = None


def fresh(listing: Listing, lane: Lane) -> Checkpoint:
    return Checkpoint(listing.resource, listing.parent_id, lane)


def get(tx: Tx, listing: Listing, lane: Lane) -> Checkpoint | None:
    found = tx.conn.execute(
        sa.select(CHECKPOINTS).where(*_of(listing, lane), CHECKPOINTS.c.part == 0)
    )
    row = found.mappings().first()
    return Checkpoint(**{f.name: row[f.name] for f in fields(Checkpoint)}) if row else None


def parts(tx: Tx, listing: Listing, lane: Lane) -> list[Checkpoint]:
    """The places of a walk that is cut in several, in order of their parts."""
    query = sa.select(CHECKPOINTS).where(*_of(listing, lane)).order_by(CHECKPOINTS.c.part)
    names = [f.name for f in fields(Checkpoint)]
    return [Checkpoint(**{n: row[n] for n in names}) for row in tx.conn.execute(query).mappings()]


def is_under_way(tx: Tx, resource: Resource, lane: Lane) -> bool:
    """Whether such a walk of any of a resource's lists was begun and has not ended."""
    open_ = (CHECKPOINTS.c.resource == resource.name, CHECKPOINTS.c.lane == lane)
    query = sa.select(CHECKPOINTS.c.part).where(*open_, CHECKPOINTS.c.done_at.is_(None)).limit(1)
    return tx.conn.execute(query).first() is not None


def save(tx: Tx, *checkpoints: Checkpoint) -> None:
    """Of several of one walk's part the last stands."""
    last = {(c.resource, c.parent_id, c.lane, c.part): c for c in checkpoints}
    statements.upsert(tx, CHECKPOINTS, [asdict(c) for c in last.values()])


def begin(tx: Tx, listing: Listing, lane: Lane, places: Sequence[Checkpoint]) -> None:
    """These are the places of a walk from here on, and no others."""
    forget(tx, listing, lane)
    save(tx, *places)


def forget(tx: Tx, listing: Listing, lane: Lane) -> None:
    tx.conn.execute(sa.delete(CHECKPOINTS).where(*_of(listing, lane)))


def _of(listing: Listing, lane: Lane) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        CHECKPOINTS.c.resource == listing.resource,
        CHECKPOINTS.c.parent_id == listing.parent_id,
        CHECKPOINTS.c.lane == lane,
    )
