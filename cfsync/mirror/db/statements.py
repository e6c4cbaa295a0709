"""Rows in bulk: the few statements by which cfsync writes, reads and locks any of its tables.

Values go in and come out canonical (`cfsync.values`). A whole batch is few statements: on SQLite of
so many rows of values, on PostgreSQL of one JSON parameter that the server turns into rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.types import Json

Row = Mapping[str, Any]

SIZES = (160, 80, 40, 20)
"""Rows in one statement on SQLite, which takes no more than 32,766 values. Few sizes, since each is
a statement that stays compiled, and takes memory; a page has 20 records.
"""


def upsert(
    tx: Tx,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    stamp: Row | None = None,
    keep: tuple[str, ...] = (),
) -> None:
    """Insert rows that all have the same columns; where the key exists, set the others. `stamp`:
    columns that have the same value in every row, none of them JSON.

    A NULL for a column in `keep` leaves the value that the row has.
    """
    if not rows:
        return
    stamp = stamp or {}
    if tx.dialect == "sqlite":
        _upsert_sqlite(tx, table, rows, stamp, keep)
    else:
        sql = _postgresql_upsert(table, (*rows[0], *stamp), keep)
        stamped = [{**row, **stamp} for row in rows] if stamp else rows
        tx.conn.exec_driver_sql(sql, {"rows": orjson.dumps(stamped).decode()})


def _upsert_sqlite(
    tx: Tx, table: sa.Table, rows: Sequence[Row], stamp: Row, keep: tuple[str, ...]
) -> None:
    """Many rows a statement: the driver gives up Python's lock, and must win it back, at each."""
    columns = tuple(rows[0])
    for part in _portions(rows):
        flat: list[Any] = []
        for one in _for_sqlite(table, columns, part):
            flat += one
            flat += stamp.values()
        sql = _sqlite_upsert(table, (*columns, *stamp), keep, len(part))
        tx.conn.exec_driver_sql(sql, tuple(flat))


def _portions(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    start = 0
    while left := len(rows) - start:
        size = next((size for size in SIZES if size <= left), left)
        yield rows[start : start + size]
        start += size


def _for_sqlite(
    table: sa.Table, columns: tuple[str, ...], rows: Iterable[Row]
) -> Iterator[list[Any]]:
    """The driver's own values of each row."""
    values = itemgetter(*columns, columns[0])  # of one name alone it would give no tuple
    json = [i for i, name in enumerate(columns) if isinstance(table.c[name].type, Json)]
    for row in rows:
        *one, _ = values(row)
        for i in json:
            if one[i] is not None:
                one[i] = orjson.dumps(one[i]).decode()
        yield one


@cache
def _sqlite_upsert(
    table: sa.Table, columns: tuple[str, ...], keep: tuple[str, ...], rows: int
) -> str:
    names = ", ".join(f'"{c}"' for c in columns)
    row = f"({', '.join('?' for _ in columns)})"
    marks = ", ".join(row for _ in range(rows))
    return f'INSERT INTO "{table.name}" ({names}) VALUES {marks} {_merge(table, columns, keep)}'


@cache
def _postgresql_upsert(table: sa.Table, columns: tuple[str, ...], keep: tuple[str, ...]) -> str:
    names = ", ".join(f'"{c}"' for c in columns)
    select = f"SELECT {names} FROM {_recordset(table)}"
    return f'INSERT INTO "{table.name}" ({names}) {select} {_merge(table, columns, keep)}'


def _recordset(table: sa.Table) -> str:
    return f'json_populate_recordset(NULL::"{table.name}", %(rows)s::json)'


def _merge(table: sa.Table, columns: Iterable[str], keep: tuple[str, ...]) -> str:
    key = [c.name for c in table.primary_key]
    sets = ", ".join(
        f'"{c}" = coalesce(excluded."{c}", "{table.name}"."{c}")'
        if c in keep
        else f'"{c}" = excluded."{c}"'
        for c in columns
        if c not in key
    )
    names = ", ".join(f'"{c}"' for c in key)
    return f"ON CONFLICT ({names}) DO " + (f"UPDATE SET {sets}" if sets else "NOTHING")


def by_ids(
    tx: Tx, table: sa.Table, columns: Sequence[str], ids: Sequence[int], **equal: Any
) -> list[tuple[Any, ...]]:
    """The driver's own values of `columns` for the rows whose id (or `record_id`) is in `ids`."""
    key = "id" if "id" in table.c else "record_id"
    names = ", ".join(f'"{c}"' for c in columns)
    where = "".join(f' AND "{name}" = {_mark(tx, name)}' for name in equal)
    sql = f'SELECT {names} FROM "{table.name}" WHERE "{key}" {_in(tx)}{where}'
    return _fetch(tx, sql, {"ids": _id_list(tx, ids), **equal})


def differing_ids(tx: Tx, table: sa.Table, rows: Sequence[Row]) -> list[int]:
    """The ids of those rows that the table does not hold with exactly these values; whether the
    difference means anything is for the caller to see.
    """
    found: list[int] = []
    for columns, part in by_columns(rows):
        if tx.dialect == "sqlite":
            ids = [row["id"] for row in part]
            stored = {i: values for i, *values in by_ids(tx, table, ("id", *columns), ids)}
            wanted = zip(ids, _for_sqlite(table, columns, part), strict=True)
            found += [i for i, values in wanted if stored.get(i) != values]
        else:
            sql = _postgresql_differing(table, columns)
            found += [i for (i,) in _fetch(tx, sql, {"rows": orjson.dumps(part).decode()})]
    return found


@cache
def _postgresql_differing(table: sa.Table, columns: tuple[str, ...]) -> str:
    given, stored = (", ".join(f'{of}."{c}"' for c in columns) for of in ("given", "stored"))
    return (
        f'SELECT given.id FROM {_recordset(table)} given LEFT JOIN "{table.name}" stored USING (id)'
        f" WHERE ({stored}) IS DISTINCT FROM ({given})"
    )


def by_columns(rows: Iterable[Row]) -> Iterable[tuple[tuple[str, ...], list[Row]]]:
    """(columns, the rows that have just these)."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row), []).append(row)
    return found.items()


def load(tx: Tx, table: sa.Table, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Whole rows by id, canonical."""
    if not ids:
        return {}
    found = tx.conn.execute(_by_id(table), {"ids": ids})
    return {row["id"]: dict(row) for row in found.mappings()}


@cache
def _by_id(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).where(table.c.id.in_(sa.bindparam("ids", expanding=True)))


def serialize_writers(tx: Tx, table: sa.Table) -> None:
    """Keep other cfsync processes from writing records of this table before the transaction ends:
    a row that is not there yet can't be locked. To be called before anything of it is read.
    """
    if tx.dialect == "postgresql":
        turn = "SELECT pg_advisory_xact_lock(hashtext('cfsync write'), hashtext(%(name)s))"
        tx.conn.exec_driver_sql(turn, {"name": table.name})


def lock(tx: Tx, table: sa.Table, ids: Sequence[int]) -> set[int]:
    """Lock the rows that exist; return the ids of those that somebody else holds.

    On SQLite the transaction has the whole database already.
    """
    if tx.dialect == "sqlite" or not ids:
        return set()
    there = f'SELECT "id" FROM "{table.name}" WHERE "id" {_in(tx)}'
    query = {"ids": _id_list(tx, ids)}
    locked = {i for (i,) in _fetch(tx, there + " ORDER BY id FOR UPDATE SKIP LOCKED", query)}
    return {i for (i,) in _fetch(tx, there, query)} - locked


def delete(tx: Tx, table: sa.Table, ids: Sequence[int], **equal: Any) -> None:
    key = "id" if "id" in table.c else "record_id"
    where = "".join(f' AND "{name}" = {_mark(tx, name)}' for name in equal)
    sql = f'DELETE FROM "{table.name}" WHERE "{key}" {_in(tx)}{where}'
    tx.conn.exec_driver_sql(sql, {"ids": _id_list(tx, ids), **equal})


def _in(tx: Tx) -> str:
    if tx.dialect == "sqlite":
        return "IN (SELECT value FROM json_each(:ids))"
    return "= ANY(%(ids)s)"


def _mark(tx: Tx, name: str) -> str:
    return f":{name}" if tx.dialect == "sqlite" else f"%({name})s"


def _id_list(tx: Tx, ids: Sequence[int]) -> Any:
    return orjson.dumps(list(ids)).decode() if tx.dialect == "sqlite" else list(ids)


def _fetch(tx: Tx, sql: str, query: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.conn.exec_driver_sql(sql, dict(query))]
