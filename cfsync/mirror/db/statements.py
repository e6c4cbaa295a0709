"""Bulk statements: write, read, lock and delete many rows of any table in few statements.

Values go in and come out canonical (`cfsync.values`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db.dialect.base import Row
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.quoting import ident, table_name


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
    if rows:
        tx.dialect.upsert(tx.conn, table, rows, stamp or {}, keep)


def by_ids(
    tx: Tx, table: sa.Table, columns: Sequence[str], ids: Sequence[int], **equal: Any
) -> list[tuple[Any, ...]]:
    """The driver's own values of `columns` for the rows whose id (or `record_id`) is in `ids`."""
    names = ", ".join(map(ident, columns))
    sql = f"SELECT {names} FROM {table_name(table)} WHERE {_condition(tx, table, equal)}"
    found = tx.conn.exec_driver_sql(sql, {"ids": tx.dialect.id_list(ids), **equal})
    return [tuple(row) for row in found]


def differing_ids(tx: Tx, table: sa.Table, rows: Sequence[Row]) -> list[int]:
    """The ids of those rows that the table does not hold with exactly these values; whether the
    difference means anything is for the caller to see.
    """
    found: list[int] = []
    for columns, part in by_columns(rows):
        found += tx.dialect.differing_ids(tx.conn, table, columns, part)
    return found


def by_columns(rows: Iterable[Row]) -> Iterable[tuple[tuple[str, ...], list[Row]]]:
    """(columns, the rows that have just these)."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row), []).append(row)
    return found.items()


def load(
    tx: Tx, table: sa.Table, ids: Sequence[int], without: tuple[str, ...] = ()
) -> dict[int, dict[str, Any]]:
    """Rows by id, canonical: whole, or without some columns."""
    if not ids:
        return {}
    found = tx.conn.execute(_by_id(table, without), {"ids": ids})
    return {row["id"]: dict(row) for row in found.mappings()}


@cache
def _by_id(table: sa.Table, without: tuple[str, ...]) -> sa.Select[Any]:
    columns = [c for c in table.c if c.name not in without]
    return sa.select(*columns).where(table.c.id.in_(sa.bindparam("ids", expanding=True)))


def serialize_writers(tx: Tx, table: sa.Table) -> None:
    """Keep other cfsync processes from writing records of this table before the transaction ends:
    a row that is not there yet can't be locked. To be called before anything of it is read.
    """
    tx.dialect.serialize_writers(tx.conn, table)


def lock(tx: Tx, table: sa.Table, ids: Sequence[int]) -> set[int]:
    """Lock the rows that exist; return the ids of those that another program holds."""
    return tx.dialect.lock_rows(tx.conn, table, ids) if ids else set()


def delete(tx: Tx, table: sa.Table, ids: Sequence[int], **equal: Any) -> None:
    """Delete the rows whose id (or `record_id`) is in `ids` and whose columns are as in `equal`."""
    sql = f"DELETE FROM {table_name(table)} WHERE {_condition(tx, table, equal)}"
    tx.conn.exec_driver_sql(sql, {"ids": tx.dialect.id_list(ids), **equal})


def own_values(tx: Tx, table: sa.Table, row_id: int) -> dict[str, Any]:
    """What a row holds in columns of the user's own, but for NULL and the columns' defaults."""
    columns = tx.dialect.own_columns(tx.conn, table)
    if not columns:
        return {}
    values = ", ".join(
        tx.dialect.own_value.format(column=ident(name), default=default or "NULL")
        for name, default in columns
    )
    sql = f"SELECT {values} FROM {ident(table.name)} WHERE id = {row_id:d}"
    found = tx.conn.exec_driver_sql(sql).one_or_none() or ()
    named = zip((name for name, _ in columns), found, strict=False)
    return {name: value for name, value in named if value is not None}


def set_own_values(tx: Tx, table: sa.Table, row_id: int, values: Mapping[str, Any]) -> int:
    """Write values that `own_values` has read, one at least; returns how many rows have them."""
    given = {f"own{i}": value for i, value in enumerate(values.values())}
    pairs = ", ".join(
        f"{ident(name)} = {tx.dialect.param(key)}" for name, key in zip(values, given, strict=True)
    )
    sql = f"UPDATE {ident(table.name)} SET {pairs} WHERE id = {row_id:d}"
    return tx.conn.exec_driver_sql(sql, given).rowcount


def _condition(tx: Tx, table: sa.Table, equal: Iterable[str]) -> str:
    key = "id" if "id" in table.c else "record_id"
    others = "".join(f" AND {ident(name)} = {tx.dialect.param(name)}" for name in equal)
    return f"{ident(key)} {tx.dialect.id_in}{others}"
