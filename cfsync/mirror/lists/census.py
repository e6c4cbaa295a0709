"""A census: the ids and `updated_at` of all records of a list, compared with the mirror in SQL."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, TABLES, TOMBSTONES
from cfsync.mirror.db.types import Timestamp
from cfsync.mirror.lists import missing_rows
from cfsync.mirror.lists.census_explained import NOTHING, Explained
from cfsync.mirror.temporary_file import temporary_file
from cfsync.records import PROVISIONAL_FROM, Listing
from cfsync.resources import RESOURCES
from cfsync.resources.model import Resource

_CENSUS = sa.Table(
    "cf_census",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger),
    sa.Column("updated_at", Timestamp),
)


@dataclass(slots=True)
class Census:
    """What the answers have shown, in a temporary file, so that memory doesn't grow with the list.
    A million records take some 10 MB there. To be closed.
    """

    #: The highest `cf_rev` before the first request.
    rev_before: int
    #: When it began, by the mirror's clock or ClickFunnels', whichever is behind.
    began_at: str
    #: How many records the answers named.
    count: int = 0
    _file: IO[bytes] = field(default_factory=temporary_file)
    #: How long each part is in the file.
    _sizes: list[int] = field(default_factory=list)

    def add(self, count: int, rows: bytes) -> None:
        """Add some records: JSON text, [[id, updated_at], ...]. Raises OSError on a full disk."""
        packed = zlib.compress(rows, 1)
        self._file.write(packed)
        self._file.flush()  # a full disk is known here, and not while it is compared
        self._sizes.append(len(packed))
        self.count += count

    def parts(self) -> Iterator[str]:
        """The JSON texts that were added."""
        self._file.seek(0)
        for size in self._sizes:
            yield zlib.decompress(self._file.read(size)).decode()

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class Differing:
    """A record of which a census shows another `updated_at` than the mirror has read."""

    id: int
    here: str | None
    there: str | None


@dataclass(frozen=True, slots=True)
class Differences:
    """How a census and the mirror differ. Of those that the census shows, `most` + 1 at most are
    named, and as many that it doesn't show.
    """

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
    #: Id -> the `updated_at` that the census shows, of those that are lacking or doubtful.
    times: dict[int, str | None] = field(default_factory=dict)
    #: Those that are named nowhere else, since it is known why they differ.
    explained: Explained = NOTHING


def compare(
    tx: Tx,
    listing: Listing,
    census: Census,
    known: Explained,
    most: int,
    check_stop: Callable[[], None] = lambda: None,
) -> Differences:
    """Compare a census with the mirror's records of that list. What the mirror has read since its
    first request (base.rev > rev_before) counts as no difference. `known`: of which records it is
    known why they differ. To be run by `read_beside`, so that the temporary table goes with its
    connection. `check_stop` may raise to end it.
    """
    resource = RESOURCES[listing.resource]
    _load(tx, census, check_stop)
    timed = sa.select(sa.func.count(_CENSUS.c.id.distinct())).where(
        _CENSUS.c.updated_at.is_not(None)
    )
    found = Differences(
        rows=missing_rows.row_count(tx, resource, listing.workspace_id),
        flawed=census.count - int(tx.conn.execute(timed).scalar_one()),
        lacking=[],
        unseen=_unseen_deletes(tx, resource, listing, census),
        differing=[],
        doubtful=[],
    )
    check_stop()
    filter_only = _add_shown(tx, _odd(resource, census), known, most, found)
    check_stop()
    list_only = _add_unseen(tx, _unseen(resource, listing, census), known, most, found)
    return replace(found, explained=Explained(filter_only, list_only))


def _add_shown(
    tx: Tx, odd: sa.Select[Any], known: Explained, most: int, found: Differences
) -> dict[int, str]:
    """Add what the census shows otherwise; returns those that are explained."""
    explained: dict[int, str] = {}
    limited = odd.limit(most + 1 + len(known.filter_only))
    for record_id, here, there, is_lacking, differs, is_doubtful in tx.conn.execute(limited):
        if there is not None and known.filter_only.get(record_id) == there:
            explained[record_id] = there
            continue
        if is_lacking:
            found.lacking.append(record_id)
        if differs:
            found.differing.append(Differing(record_id, here, there))
        if is_doubtful:
            found.doubtful.append(record_id)
        if is_lacking or is_doubtful:
            found.times[record_id] = there
    return explained


def _add_unseen(
    tx: Tx, unseen: sa.Select[Any], known: Explained, most: int, found: Differences
) -> dict[int, str]:
    """Add what the census doesn't show; returns those that are explained."""
    explained: dict[int, str] = {}
    for record_id, here in tx.conn.execute(unseen.limit(most + 1 + len(known.list_only))):
        if here is not None and known.list_only.get(record_id) == here:
            explained[record_id] = here
        else:
            found.unseen.append(record_id)
    return explained


def named(tx: Tx, census: Census, ids: Collection[int]) -> set[int]:
    """Those of these ids that a census names. To be run as `compare`."""
    _load(tx, census, lambda: None)
    return set(tx.conn.execute(sa.select(_CENSUS.c.id).where(_CENSUS.c.id.in_(ids))).scalars())


def _load(tx: Tx, census: Census, check_stop: Callable[[], None]) -> None:
    sql = tx.dialect.census
    for statement in sql.create:
        tx.conn.exec_driver_sql(statement)
    for rows in census.parts():
        check_stop()
        tx.conn.exec_driver_sql(sql.load, {"rows": rows})
    for statement in sql.loaded:
        tx.conn.exec_driver_sql(statement)


def _is_base_of(resource: Resource, of: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(BASE.c.resource == resource.name, BASE.c.id == of)


def _is_stone_of(resource: Resource, of: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(TOMBSTONES.c.resource == resource.name, TOMBSTONES.c.record_id == of)


def _odd(resource: Resource, census: Census) -> sa.Select[Any]:
    """What the census shows otherwise than the mirror: the id, both times, and whether the mirror
    lacks it, whether the times differ, and whether it is doubtful. All in one reading of the bases.
    """
    table = TABLES[resource.name]
    joined = (
        _CENSUS.outerjoin(BASE, _is_base_of(resource, _CENSUS.c.id))
        .outerjoin(table, table.c.id == _CENSUS.c.id)
        .outerjoin(TOMBSTONES, _is_stone_of(resource, _CENSUS.c.id))
    )
    is_lacking = BASE.c.id.is_(None)
    differs = sa.and_(
        BASE.c.updated_at.is_distinct_from(_CENSUS.c.updated_at), BASE.c.rev <= census.rev_before
    )
    is_doubtful = sa.or_(table.c.id.is_(None), TOMBSTONES.c.record_id.is_not(None))
    kinds = is_lacking, sa.and_(~is_lacking, differs), sa.and_(~is_lacking, is_doubtful)
    times = BASE.c.updated_at, _CENSUS.c.updated_at.label("there")
    query = sa.select(_CENSUS.c.id, *times, *kinds).select_from(joined)
    return query.where(sa.or_(is_lacking, differs, is_doubtful))


def _unseen(resource: Resource, listing: Listing, census: Census) -> sa.Select[Any]:
    """SQLite checks the conditions in this order, so that it reads few bases."""
    table = TABLES[resource.name]
    base = sa.exists().where(_is_base_of(resource, table.c.id), BASE.c.rev <= census.rev_before)
    here = sa.select(BASE.c.updated_at).where(_is_base_of(resource, table.c.id)).scalar_subquery()
    return sa.select(table.c.id, here).where(
        table.c[str(resource.parent_field)] == listing.parent_id,
        table.c.id < PROVISIONAL_FROM,
        ~sa.exists().where(_CENSUS.c.id == table.c.id),
        ~sa.exists().where(_is_stone_of(resource, table.c.id)),
        base,
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
