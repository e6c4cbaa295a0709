"""Export: tables and views as files, from both databases."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cfsync.errors import Interrupted, UsageError
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.export import relations
from cfsync.mirror.export.files import Exported
from cfsync.resources import RESOURCES
from cfsync.sync.inspection.export import export
from tests.conftest import Clock, Sql
from tests.meta.shop import RECORDS
from tests.mirror.conftest import Daemon, daemon

__all__ = ["daemon"]

Do = Callable[..., list[Exported]]


@pytest.fixture
def do(mirror: Mirror, daemon: Daemon, tmp_path: Path) -> Do:
    """Exports from a mirror of the shop of the documents."""
    for resource, records in RECORDS.items():
        daemon(resource, *records)
    return lambda *names, **options: asyncio.run(
        export(mirror, names, **{"folder": tmp_path / "out", **options})
    )


def read_csv(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv_has_amounts_as_decimals_times_as_times_and_json_as_text(do: Do) -> None:
    contacts, orders = do("contacts", "orders")

    assert (orders.name, orders.rows) == ("orders", 3)
    row = read_csv(orders.path)[0]
    assert list(row) == [f.name for f in RESOURCES["orders"].columns]
    assert (row["id"], row["total_amount"], row["live_mode"]) == ("501", "250.00", "true")
    assert row["created_at"] == "2026-01-05T12:00:00.000Z"
    assert json.loads(row["line_items"])[0]["quantity"] == 1
    assert [r["id"] for r in read_csv(contacts.path)] == ["1042", "1043", "1044"]
    assert json.loads(read_csv(contacts.path)[0]["tag_ids"]) == [37]


def test_null_is_told_from_an_empty_text(do: Do, sql: Sql) -> None:
    sql("UPDATE contacts SET last_name = '', phone_number = NULL")
    (one,) = do("contacts")

    found = duckdb.read_csv(one.path, all_varchar=True, allow_quoted_nulls=False)
    assert found.select("last_name", "phone_number").fetchall() == [("", None)] * 3


def test_json_lines_have_nested_json(do: Do) -> None:
    (one,) = do("orders", format_name="jsonl")

    first = json.loads(Path(one.path).read_text().splitlines()[0])
    assert (first["total_amount"], first["live_mode"]) == ("250.00", True)
    assert first["line_items"][0]["products_price"]["amount"] == "250.00"
    assert first["notes"] is None


def test_parquet_has_types(do: Do) -> None:
    (one,) = do("orders", format_name="parquet")

    table = pq.read_table(one.path)
    types = {field.name: field.type for field in table.schema}
    assert types["total_amount"] == pa.decimal128(38, 9)
    assert types["created_at"] == pa.timestamp("us", tz="UTC")
    assert (types["id"], types["live_mode"]) == (pa.int64(), pa.bool_())
    first = table.to_pylist()[0]
    assert first["total_amount"] == Decimal("250.00")
    assert first["created_at"] == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert json.loads(first["line_items"])[0]["quantity"] == 1
    total = duckdb.sql(f"SELECT sum(total_amount) FROM '{one.path}'").fetchall()
    assert total == [(Decimal("779.00"),)]


@pytest.mark.parametrize("format_name", ["csv", "jsonl", "parquet"])
def test_a_view_is_exported_and_the_same_rows_make_the_same_file(
    do: Do, format_name: str, tmp_path: Path
) -> None:
    names = ("order_line_items", "sales", "contacts", "cf_waiting")
    first = do(*names, format_name=format_name)
    again = do(*names, format_name=format_name, folder=tmp_path / "again")

    assert [one.rows for one in first] == [3, 3, 3, 0]
    for one, other in zip(first, again, strict=True):
        assert Path(one.path).read_bytes() == Path(other.path).read_bytes()


def test_without_names_all_tables_are_exported_and_none_of_cfsyncs_own(do: Do) -> None:
    found = do()

    assert [one.name for one in found] == list(RESOURCES)
    assert "webhook_secret" not in Path(found[-1].path).read_text()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("contcts", "did you mean contacts"),
        ("sale", "did you mean sales"),
        ("cf_secrets", "there is no table or view 'cf_secrets' to export"),
        ("cf_outbox", "there is no table or view 'cf_outbox' to export"),
        ("contacts; --", "there is no table or view"),
    ],
)
def test_an_unknown_name_is_refused(do: Do, name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        do("contacts", name)

    assert not (tmp_path / "out").exists()


@pytest.fixture
def two_hours_ago(clock: Clock) -> None:
    clock.go_on(-7200)


def test_since_takes_what_came_or_was_edited_here(
    two_hours_ago: None, do: Do, daemon: Daemon, sql: Sql, clock: Clock
) -> None:
    clock.go_on(7200)
    daemon("contacts", {**RECORDS["contacts"][1], "last_name": "There"})
    (came,) = do("contacts", since="1h")
    sql("UPDATE contacts SET last_name = 'Here' WHERE id = 1044")
    (moved,) = do("contacts", since="1h")
    (older,) = do("contacts", since="3h")
    (later,) = do("contacts", since="0s")

    assert [came.rows, moved.rows, older.rows, later.rows] == [1, 2, 3, 0]


def test_since_is_refused_where_nothing_tells_it(do: Do) -> None:
    with pytest.raises(UsageError, match="the view sales doesn't say when a row changed"):
        do("contacts", "sales", since="1h")
    with pytest.raises(UsageError, match="--since takes a time"):
        do("contacts", since="soon")


def test_the_files_are_for_their_owner_alone(do: Do) -> None:
    before = os.umask(0)
    try:
        (one,) = do("contacts")
    finally:
        os.umask(before)

    assert Path(one.path).stat().st_mode & 0o777 == 0o600
    assert Path(one.path).parent.stat().st_mode & 0o777 == 0o700


def test_what_fails_or_is_stopped_leaves_the_files_that_were_there(
    do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, other) = do("contacts", "orders")
    folder = Path(one.path).parent
    Path(one.path).write_text("before")
    with pytest.raises(Interrupted):
        do("contacts", "orders", is_stopped=iter([False, True]).__next__)
    Path(other.path).unlink()
    Path(other.path).mkdir()
    with pytest.raises(UsageError, match=r"orders\.csv can't be written: Is a directory"):
        do("orders", "contacts")

    assert Path(one.path).read_text() == "before"
    assert sorted(p.name for p in folder.iterdir()) == ["contacts.csv", "orders.csv"]


def test_an_amount_that_parquet_cannot_hold_is_named(do: Do, daemon: Daemon) -> None:
    order: dict[str, Any] = {**RECORDS["orders"][0], "total_amount": "0.12345678901"}
    daemon("orders", order)

    with pytest.raises(UsageError, match=r"can't hold a value in orders\.total_amount as decimal"):
        do("orders", format_name="parquet")
    assert do("orders")[0].rows == 3


@pytest.mark.parametrize("format_name", ["csv", "parquet"])
def test_many_rows_are_written_a_part_at_a_time(
    do: Do, format_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relations, "CHUNK", 2)
    asked = iter([False] * 2 + [True])

    (one,) = do("contacts", format_name=format_name, is_stopped=asked.__next__)

    assert one.rows == 3
    assert next(asked)


def test_columns_of_ones_own_are_exported(do: Do, sql: Sql) -> None:
    """With their types as far as the database has them."""
    types = {"own_note": "TEXT", "own_count": "INTEGER", "own_json": "JSON", "own_day": "DATE"}
    types |= {"own_sum": "NUMERIC", "own_flag": "BOOLEAN", "own_raw": "BLOB"}
    if not sql.is_sqlite:
        types |= {"own_raw": "BYTEA", "own_json": "JSONB"}
    for name, type_ in types.items():
        sql(f"ALTER TABLE contacts ADD COLUMN {name} {type_}")
    raw = "x'00ff'" if sql.is_sqlite else r"'\x00ff'"
    sql(
        "UPDATE contacts SET own_note = 'a,b', own_count = 3, own_json = '{\"a\": [1]}',"
        f" own_day = '2026-05-01', own_sum = 1.5, own_flag = true, own_raw = {raw} WHERE id = 1042"
    )

    (one,) = do("contacts")
    (lines,) = do("contacts", format_name="jsonl")
    (parquet,) = do("contacts", format_name="parquet")

    names = list(types)
    row = read_csv(one.path)[0]
    assert list(row)[-7:] == names
    cells = ["a,b", "3", '{"a":[1]}', "2026-05-01", "1.5", "true", r"\x00ff"]
    assert [row[n] for n in names] == cells
    assert json.loads(Path(lines.path).read_text().splitlines()[0])["own_json"] == {"a": [1]}
    first = pq.read_table(parquet.path).to_pylist()[0]
    assert (first["own_count"], first["own_flag"]) == (3, True)
    assert first["own_sum"] == Decimal("1.5")
    assert first["own_day"] == "2026-05-01"
    assert pq.read_table(parquet.path).to_pylist()[1]["own_note"] is None


def test_a_column_of_ones_own_of_any_declared_type_is_exported(do: Do, sql: Sql) -> None:
    """SQLite takes any word for a type."""
    sql("ALTER TABLE contacts ADD COLUMN own_ref UUID")
    ref = "0b2c7a52-8f0e-4e57-9a4c-0d3c7b1f2a11"
    sql(f"UPDATE contacts SET own_ref = '{ref}' WHERE id = 1042")

    (parquet,) = do("contacts", format_name="parquet")

    assert pq.read_table(parquet.path).to_pylist()[0]["own_ref"] == ref


def test_a_long_view_is_not_cut(do: Do, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement's time is limited elsewhere, on PostgreSQL."""
    limits: list[str] = []
    rows = relations.rows

    def noted(tx: Tx, *given: Any) -> Any:
        if tx.dialect.name == "postgresql":
            names = ("statement_timeout", "idle_in_transaction_session_timeout")
            limits.extend(tx.conn.exec_driver_sql(f"SHOW {n}").scalar_one() for n in names)
        return rows(tx, *given)

    monkeypatch.setattr(relations, "rows", noted)
    do("sales")

    assert set(limits) <= {"0"}


def test_progress_counts_the_rows_of_tables(do: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "CHUNK", 2)
    told: list[tuple[str, int, int | None]] = []
    do("contacts", "sales", progress=lambda *given: told.append(given))

    assert told == [("contacts", 2, 3), ("contacts", 3, 3), ("sales", 2, None), ("sales", 3, None)]
