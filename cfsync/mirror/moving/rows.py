"""Copies the tables of a mirror to another database, and compares the two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from cfsync.errors import Interrupted, MirrorError
from cfsync.mirror.db.dialect.move_method import MoveTarget, Unheld
from cfsync.mirror.db.tables import BASE, DAEMONS, LEASES, META, TABLES, metadata
from cfsync.mirror.db.types import Money
from cfsync.mirror.moving.values import Digest, exact, may_be_rounded, to_write
from cfsync.mirror.progress import meta
from cfsync.mirror.row_progress import RowProgress
from cfsync.values import json_of

_AT_ONCE = 1000
_STAY = (DAEMONS.name, LEASES.name)
"""What is about processes."""

_OWN_TO_A_DATABASE = (
    "cf_rev",
    "capture_fold",
    "or_replace",
    meta.CAPTURE,
    meta.CAPTURE_LOST,
    meta.CAPTURE_OBJECTS,
    meta.COMMENTS,
    meta.MOVED_AWAY,
    meta.MOVED_HERE,
    meta.WAL_HELD,
)
"""Keys of `cf_meta` that stay."""

Row = list[Any]


@dataclass(slots=True)
class Copied:
    """What was copied."""

    #: Table -> what was in it.
    digests: dict[str, Digest] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(digest.rows for digest in self.digests.values())


class Watch:
    """Tells `show` how far a move is: what is done, with how many rows so far, and of how many."""

    def __init__(self, is_stopped: Callable[[], bool], show: RowProgress):
        self._is_stopped = is_stopped
        self._show = show
        self._what, self._done, self._total = "", 0, 0

    def begin(self, what: str, total: int) -> None:
        self._what, self._done, self._total = what, 0, total
        self.end()

    def row(self) -> None:
        """One more. Raises Interrupted once a person has stopped the move."""
        if self._is_stopped():
            raise Interrupted("stopped: nothing was moved")
        self._done += 1
        if self._done % _AT_ONCE == 0:
            self.end()

    def end(self) -> None:
        self._show(self._what, self._done, self._total)


def tables() -> Iterator[sa.Table]:
    """The tables that move."""
    yield from TABLES.values()
    yield from (t for t in metadata.sorted_tables if t.name not in TABLES and t.name not in _STAY)


def copy(source: sa.Connection, conn: sa.Connection, target: MoveTarget, watch: Watch) -> Copied:
    """Copy all rows to tables that are empty and have no triggers. Raises MirrorError for a value
    that the other database can't hold.
    """
    done = Copied()
    watch.begin("copied", sum(_count(source, table) for table in tables()))
    for table in tables():
        digest = done.digests[table.name] = Digest(table)
        try:
            target.load(conn, table, _rows(source, table, digest, watch))
        except Unheld as error:
            raise MirrorError(_words(source, table, error)) from error
    watch.end()
    return done


def compare(conn: sa.Connection, copied: Copied, watch: Watch) -> None:
    """Raise MirrorError unless the database holds what was copied."""
    watch.begin("compared", copied.rows)
    for table in tables():
        found = Digest(table)
        for row in _read(conn, table):
            watch.row()
            found.add(row)
        if found != copied.digests[table.name]:
            raise MirrorError(
                f"{table.name} is not the same after it was copied ({found.rows} of"
                f" {copied.digests[table.name].rows} rows): nothing was moved; report this"
            )
    watch.end()


def _rows(source: sa.Connection, table: sa.Table, digest: Digest, watch: Watch) -> Iterator[Row]:
    converts = [(i, f) for i, c in enumerate(table.columns) if (f := to_write(c))]
    money = [(i, c.name) for i, c in enumerate(table.columns) if isinstance(c.type, Money)]
    for found in _read(source, table):
        watch.row()
        row = list(found)
        if any(may_be_rounded(row[i]) for i, _ in money):
            _restore_digits(source, table, row, money)
        digest.add(row)
        for i, convert in converts:
            if row[i] is not None:
                row[i] = convert(row[i])
        yield row


def _read(conn: sa.Connection, table: sa.Table) -> Iterator[sa.Row[Any]]:
    in_order = _moving(table, *table.columns).order_by(*table.primary_key.columns)
    yield from conn.execute(in_order, execution_options={"yield_per": _AT_ONCE})


def _count(conn: sa.Connection, table: sa.Table) -> int:
    count = _moving(table, sa.func.count()).select_from(table)
    return int(conn.execute(count).scalar_one())


def _moving(table: sa.Table, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """These columns of the rows that move."""
    query = sa.select(*columns)
    return query.where(META.c.key.not_in(_OWN_TO_A_DATABASE)) if table is META else query


def _restore_digits(
    source: sa.Connection, table: sa.Table, row: Row, money: list[tuple[int, str]]
) -> None:
    """Take amounts from the record as it was read, of which the row has 15 digits."""
    of_record = (BASE.c.resource == table.name, BASE.c.id == row[0])
    body = source.execute(sa.select(BASE.c.body).where(*of_record)).scalar()
    record = json_of(body) if body else {}
    for i, name in money:
        if may_be_rounded(row[i]) and record.get(name) is not None:
            row[i] = exact(row[i], record[name])


def _words(source: sa.Connection, table: sa.Table, error: Unheld) -> str:
    keys = list(table.primary_key.columns)
    query = sa.select(*keys).order_by(*keys).limit(1).offset(error.row - 1)
    key = source.execute(query).first() or ()
    column = f".{error.column}" if error.column else ""
    return (
        f"{table.name}{column} of {' '.join(map(str, key))} can't be moved ({error.why}): correct"
        " it by SQL and move again"
    )
