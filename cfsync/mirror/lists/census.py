"""A census: the ids and `updated_at` of all records of a list, compared with the mirror in SQL."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, TABLES, TOMBSTONES
from cfsync.mirror.db.types import Timestamp
from cfsync.mirror.lists import missing_rows
from cfsync.records import PROVISIONAL_FROM, Listing
from cfsync.resources.model import Resource

_CENSUS = sa.Table(
    "cf_census",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("updated_at", Timestamp),
)


@dataclass(slots=True)
class Census:
    """What the answers have shown. Packed, a million records take some 10 MB."""

    #: The highest `cf_rev` before the first request.
    rev_before: int
    #: When it began, by the mirror's clock.
    began_at: str
    #: How many records the answers named.
    count: int = 0
    #: The JSON texts of the answers, packed.
    parts: list[bytes] = field(default_factory=list)

    def add(self, count: int, rows: bytes) -> None:
        """Add the records of an answer: JSON text, [[id, updated_at], ...]."""
        self.count += count
        self.parts.append(zlib.compress(rows, 1))


@dataclass(frozen=True, slots=True)
class Differing:
    """A record of which a census shows another `updated_at` than the mirror has read."""

    id: int
    here: str | None
    there: str | None


@dataclass(frozen=True, slots=True)
class Differences:
    """How a census and the mirror differ. Of each kind `most` + 1 at most are named."""

    #: Records of the list that the mirror has.
    rows: int
    #: Records that the answers named twice, or without a time.
    flawed: int
    #: Ids that the mirror doesn't have.
    lacking: list[int]
    #: Ids of rows that the census doesn't show; not of those that have a tombstone already.
    unseen: list[int]
    #: Those with another `updated_at`.
    differing: list[Differing]
    #: Ids of records that it shows, although they have a tombstone, or their row is missing here.
    doubtful: list[int]


def compare(tx: Tx, resource: Resource, listing: Listing, census: Census, most: int) -> Differences:
    """Compare a census with the mirror's records of that list. What the mirror has read since its
    first request (base.rev > rev_before) counts as no difference. To be run as a transaction that
    only reads, so that the temporary table goes with it.
    """
    _load(tx, census)
    timed = sa.select(sa.func.count()).where(_CENSUS.c.updated_at.is_not(None))
    return Differences(
        rows=missing_rows.row_count(tx, resource, listing.workspace_id),
        flawed=census.count - int(tx.conn.execute(timed).scalar_one()),
        lacking=_ids(tx, _lacking(resource), most),
        unseen=_ids(tx, _unseen(resource, listing, census), most)
        + _unseen_deletes(tx, resource, listing, census),
        differing=[
            Differing(*row)
            for row in tx.conn.execute(_differing(resource, census).limit(most + 1)).all()
        ],
        doubtful=_ids(tx, _doubtful(resource), most),
    )


def named(tx: Tx, census: Census, ids: Collection[int]) -> set[int]:
    """Those of these ids that a census names. To be run as `compare`."""
    _load(tx, census)
    return set(tx.conn.execute(sa.select(_CENSUS.c.id).where(_CENSUS.c.id.in_(ids))).scalars())


def _load(tx: Tx, census: Census) -> None:
    tx.conn.exec_driver_sql(tx.dialect.census.create)
    for part in census.parts:
        rows = zlib.decompress(part).decode()
        tx.conn.exec_driver_sql(tx.dialect.census.load, {"rows": rows})


def _ids(tx: Tx, query: sa.Select[Any], most: int) -> list[int]:
    return list(tx.conn.execute(query.limit(most + 1)).scalars())


def _is_base_of(resource: Resource, of: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(BASE.c.resource == resource.name, BASE.c.id == of)


def _lacking(resource: Resource) -> sa.Select[Any]:
    there = _CENSUS.outerjoin(BASE, _is_base_of(resource, _CENSUS.c.id))
    return sa.select(_CENSUS.c.id).select_from(there).where(BASE.c.id.is_(None))


def _unseen(resource: Resource, listing: Listing, census: Census) -> sa.Select[Any]:
    table = TABLES[resource.name]
    known = sa.exists().where(
        TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == table.c.id
    )
    joined = table.join(BASE, _is_base_of(resource, table.c.id)).outerjoin(
        _CENSUS, _CENSUS.c.id == table.c.id
    )
    return (
        sa.select(table.c.id)
        .select_from(joined)
        .where(table.c[str(resource.parent_field)] == listing.parent_id)
        .where(table.c.id < PROVISIONAL_FROM, BASE.c.rev <= census.rev_before)
        .where(_CENSUS.c.id.is_(None), ~known)
    )


def _unseen_deletes(tx: Tx, resource: Resource, listing: Listing, census: Census) -> list[int]:
    """Rows that were deleted here, and whose delete waits: they may be gone there too."""
    ids = [
        record_id
        for record_id, rev, place in missing_rows.stopped_deletes(tx, resource)
        if place.parent_id == listing.parent_id and rev <= census.rev_before
    ]
    seen = set(tx.conn.execute(sa.select(_CENSUS.c.id).where(_CENSUS.c.id.in_(ids))).scalars())
    return [record_id for record_id in ids if record_id not in seen]


def _differing(resource: Resource, census: Census) -> sa.Select[Any]:
    query = sa.select(_CENSUS.c.id, BASE.c.updated_at, _CENSUS.c.updated_at.label("there"))
    return query.join(BASE, _is_base_of(resource, _CENSUS.c.id)).where(
        BASE.c.updated_at.is_distinct_from(_CENSUS.c.updated_at),
        BASE.c.rev <= census.rev_before,
    )


def _doubtful(resource: Resource) -> sa.Select[Any]:
    table = TABLES[resource.name]
    stone = sa.and_(TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == _CENSUS.c.id)
    joined = (
        _CENSUS.join(BASE, _is_base_of(resource, _CENSUS.c.id))
        .outerjoin(table, table.c.id == _CENSUS.c.id)
        .outerjoin(TOMBSTONES, stone)
    )
    is_odd = sa.or_(table.c.id.is_(None), TOMBSTONES.c.record_id.is_not(None))
    return sa.select(_CENSUS.c.id).select_from(joined).where(is_odd)
