"""Checkpoints: how far each walk has come, saved in the transaction that saved its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHECKPOINTS
from cfsync.records import Listing
from cfsync.resources.model import Resource


class Lane(StrEnum):
    """A way in which changes reach the mirror. Each checkpoint belongs to one."""

    BACKFILL = "backfill"
    PULL = "pull"
    SWEEP = "sweep"
    CENSUS = "census"
    """A sweep that knows from a saved filter where to look. It has no checkpoints."""
    EVENTS = "events"
    PUSH = "push"
    """The answers to calls that a push makes."""
    TURN = "turn"
    """Not a way in: when all lists below a workspace's records were last pulled."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a walk of a list has come. Times are canonical text."""

    resource: str
    #: The record below which the list hangs; 0: below nothing.
    parent_id: int
    lane: Lane
    #: The number of its range of ids, where a walk is cut in several.
    part: int = 0
    #: The id after which the walk goes on; None: it has just begun.
    cursor: int | None = None
    #: The last id of the range; None: it has no end.
    upper: int | None = None
    #: The `updated_at` of ClickFunnels up to which all changes are in.
    watermark: str | None = None
    #: When the watermark was first seen, by the mirror's clock.
    seen_at: str | None = None
    #: The watermark to be when the walk under way ends.
    pending: str | None = None
    #: When the last walk began, by the mirror's clock.
    began_at: str | None = None
    #: When it ended, by the mirror's clock; None: it is under way.
    done_at: str | None = None


def fresh(listing: Listing, lane: Lane) -> Checkpoint:
    """The checkpoint of a walk that has not begun."""
    return Checkpoint(listing.resource, listing.parent_id, lane)


def get(tx: Tx, listing: Listing, lane: Lane) -> Checkpoint | None:
    """The checkpoint of a walk, or of its first range; None where there was no walk."""
    found = tx.conn.execute(
        sa.select(CHECKPOINTS).where(*_of(listing, lane), CHECKPOINTS.c.part == 0)
    )
    row = found.mappings().first()
    return of_row(row) if row else None


def parts(tx: Tx, listing: Listing, lane: Lane) -> list[Checkpoint]:
    """The checkpoints of a walk that is cut in ranges, in the order of these."""
    query = sa.select(CHECKPOINTS).where(*_of(listing, lane)).order_by(CHECKPOINTS.c.part)
    return [of_row(row) for row in tx.conn.execute(query).mappings()]


def of_row(row: Mapping[Any, Any]) -> Checkpoint:
    """The Checkpoint in a row of the table."""
    values = {name: row[name] for name in Checkpoint.__slots__}
    return Checkpoint(**values | {"lane": Lane(row["lane"])})


def is_under_way(tx: Tx, resource: Resource, lane: Lane) -> bool:
    """Whether a walk of any of a resource's lists has begun and not ended."""
    open_ = (CHECKPOINTS.c.resource == resource.name, CHECKPOINTS.c.lane == lane)
    query = sa.select(CHECKPOINTS.c.part).where(*open_, CHECKPOINTS.c.done_at.is_(None)).limit(1)
    return tx.conn.execute(query).first() is not None


def began_at(tx: Tx, resource: Resource, lane: Lane) -> list[str | None]:
    """When the walks of a resource's lists began; None: that one has not ended yet."""
    query = sa.select(CHECKPOINTS.c.began_at, CHECKPOINTS.c.done_at)
    walks = query.where(CHECKPOINTS.c.resource == resource.name, CHECKPOINTS.c.lane == lane)
    return [began if done else None for began, done in tx.conn.execute(walks)]


def save(tx: Tx, *checkpoints: Checkpoint) -> None:
    """Write checkpoints; of several of the same range the last one counts."""
    last = {(c.resource, c.parent_id, c.lane, c.part): c for c in checkpoints}
    statements.upsert(tx, CHECKPOINTS, [asdict(c) for c in last.values()])


def begin(tx: Tx, listing: Listing, lane: Lane, checkpoints: Sequence[Checkpoint]) -> None:
    """Make these the only checkpoints of a walk."""
    forget(tx, listing, lane)
    save(tx, *checkpoints)


def forget(tx: Tx, listing: Listing, lane: Lane) -> None:
    """Delete the checkpoints of a walk."""
    tx.conn.execute(sa.delete(CHECKPOINTS).where(*_of(listing, lane)))


def _of(listing: Listing, lane: Lane) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        CHECKPOINTS.c.resource == listing.resource,
        CHECKPOINTS.c.parent_id == listing.parent_id,
        CHECKPOINTS.c.lane == lane,
    )
