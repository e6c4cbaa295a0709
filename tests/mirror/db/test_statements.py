"""Many rows in one statement are the rows that were given, on both databases; of two processes one
after the other writes a table.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cfsync.mirror.bookkeeping import rows
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.resources import RESOURCES
from tests.conftest import POSTGRESQL_ONLY, Sql

ORDERS = RESOURCES["orders"]
Write = Callable[..., Any]


def order(id_: int, **values: Any) -> dict[str, Any]:
    """A row with every column; every third one is full of NULLs."""
    row = {f.name: None for f in ORDERS.columns} | {"id": id_, "workspace_id": 7}
    if id_ % 3:
        row |= {"notes": f"größe '{id_}'", "live_mode": bool(id_ % 2), "total_amount": "1.50"}
        row |= {"discount_ids": [id_, 2], "updated_at": "2026-01-01T00:00:00.000Z"}
    return row | values


def kept(tx: Tx, name: str = "orders") -> dict[int, dict[str, Any]]:
    ids = [i for (i,) in tx.conn.exec_driver_sql(f'SELECT id FROM "{name}"')]
    own = ("cf_rev", "cf_synced_at")
    return {
        i: {n: v for n, v in row.items() if n not in own}
        for i, row in statements.load(tx, TABLES[name], ids).items()
    }


@pytest.mark.parametrize("many", [0, 1, 20, 59, 160, 339])
def test_rows_are_written_and_changed_as_given(write: Write, many: int) -> None:
    first = [order(i) for i in range(1, many + 1)]
    second = [order(i + 1, id=i) for i in range(1, many + 1)]

    write(rows.save, ORDERS, first, by=None)
    assert write(kept) == {row["id"]: row for row in first}
    write(rows.save, ORDERS, second, by=None)

    assert write(kept) == {row["id"]: row for row in second}


def test_an_unknown_path_keeps_what_the_row_has(write: Write) -> None:
    prices, ids = RESOURCES["product_prices"], range(1, 61)
    write(rows.save, prices, [{"id": i, "product_id": 9, "workspace_id": 7} for i in ids], by=None)

    nothing = {"product_id": None, "workspace_id": None}
    write(rows.save, prices, [{"id": i} | nothing for i in ids], by=None)

    found = write(kept, "product_prices").values()
    assert {(row["product_id"], row["workspace_id"]) for row in found} == {(9, 7)}


def test_a_record_that_shows_nothing_but_its_id_is_a_row(write: Write) -> None:
    write(rows.save, RESOURCES["teams"], [{"id": 5}, {"id": 6}], by=None)

    assert sorted(write(kept, "teams")) == [5, 6]


@POSTGRESQL_ONLY
def test_two_processes_write_a_table_one_after_the_other(
    mirror: Mirror, mirror_url: str, sql: Sql
) -> None:
    other = Mirror.open(mirror_url, must_exist=True, clock=lambda: datetime.now(UTC))
    order: list[str] = []
    inside = threading.Event()
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

    def first(tx: Tx) -> None:
        statements.serialize_writers(tx, TABLES["orders"])
        inside.set()
        while not order and sql(waits) == [(0,)]:
            pass
        order.append("first")

    def second(tx: Tx) -> None:
        statements.serialize_writers(tx, TABLES["orders"])
        order.append("second")

    async def main() -> None:
        begun = asyncio.create_task(mirror.write(first))
        await asyncio.to_thread(inside.wait)
        await asyncio.gather(begun, other.write(second))

    try:
        asyncio.run(main())
    finally:
        other.close()

    assert order == ["first", "second"]
