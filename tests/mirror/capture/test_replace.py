"""SQLite's other INSERTs: OR REPLACE is an update of what it gives, OR IGNORE is nothing."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from tests.conftest import SQLITE_ONLY, Sql
from tests.mirror.conftest import Daemon

pytestmark = [SQLITE_ONLY, pytest.mark.parametrize("recursive", ["off", "on"])]


@pytest.fixture(autouse=True)
def _recursive_triggers(sql: Sql, recursive: str) -> None:
    sql(f"PRAGMA recursive_triggers = {recursive}")


def test_or_replace_is_an_update_of_the_columns_that_it_gives(ada: int, sql: Sql) -> None:
    before = sql("SELECT uuid, tags, tag_ids, created_at, cf_rev, cf_synced_at FROM contacts")

    sql("INSERT OR REPLACE INTO contacts (id, first_name, phone_number) VALUES (5, 'Ada', '7')")

    assert sql.outbox() == [("update", "contacts", 5, {"phone_number": [None, "7"]})]
    assert sql("SELECT first_name, phone_number, email_address FROM contacts") == [
        ("Ada", "7", "ada@example.com")
    ]
    assert (
        sql("SELECT uuid, tags, tag_ids, created_at, cf_rev, cf_synced_at FROM contacts") == before
    )
    assert sql("SELECT * FROM cf_replaced") == []
    assert sql("SELECT mark FROM cf_writer") == [(0,)]


def test_or_replace_with_all_columns_as_they_are_is_nothing(ada: int, sql: Sql) -> None:
    before = sql("SELECT * FROM contacts")

    sql("INSERT OR REPLACE INTO contacts SELECT * FROM contacts")

    assert sql.outbox() == []
    assert sql("SELECT * FROM contacts") == before


def test_or_replace_of_a_new_row_is_an_insert(workspace: int, sql: Sql) -> None:
    sql("INSERT OR REPLACE INTO contacts (id, first_name) VALUES (950000000000001, 'Bob')")
    sql("INSERT OR REPLACE INTO contacts (id, first_name) VALUES (950000000000001, 'Rob')")

    assert [(row[0], row[3]) for row in sql.outbox()] == [
        ("insert", {"workspace_id": [None, 10], "first_name": [None, "Bob"]}),
        ("update", {"first_name": ["Bob", "Rob"]}),
    ]


def test_or_replace_of_rows_that_can_not_be_deleted_is_an_update(
    workspace: int, daemon: Daemon, sql: Sql
) -> None:
    daemon("orders", {"id": 1, "workspace_id": 10, "total_amount": "12.50"})

    sql("INSERT OR REPLACE INTO orders (id, notes, total_amount) VALUES (1, 'n', 12.5)")

    assert sql.outbox() == [("update", "orders", 1, {"notes": [None, "n"]})]
    assert sql("SELECT total_amount FROM orders") == [(12.5,)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "INSERT OR REPLACE INTO contacts (id, uuid) VALUES (5, 'x')",
            "contacts.uuid is read-only in ClickFunnels",
        ),
        (
            "INSERT OR REPLACE INTO contacts (id, cf_rev) VALUES (5, 0)",
            "changed in ClickFunnels since you read it",
        ),
        (
            "INSERT OR REPLACE INTO contacts (id, first_name) VALUES (6, 'x')",
            "contacts: no row has this id",
        ),
        (
            "INSERT OR REPLACE INTO order_transactions (id, order_id) VALUES (9, 5)",
            "order_transactions: INSERT is refused",
        ),
        (
            "INSERT OR IGNORE INTO order_transactions (id, order_id) VALUES (9, 5)",
            "order_transactions: INSERT is refused",
        ),
        ("INSERT OR IGNORE INTO contacts (uuid) VALUES ('x')", "contacts.uuid is read-only"),
        ("UPDATE OR IGNORE contacts SET uuid = 'x'", "contacts.uuid is read-only"),
        ("UPDATE OR REPLACE contacts SET id = 6", "contacts.id is given once"),
        (
            "INSERT OR REPLACE INTO contacts (email_address) VALUES ('ada@example.com')",
            "contacts: another row has this email_address",
        ),
    ],
)
def test_what_is_refused_is_refused_in_every_form(
    ada: int, sql: Sql, statement: str, words: str
) -> None:
    before = sql("SELECT * FROM contacts")

    with pytest.raises(sqlite3.Error, match=words):
        sql(statement)

    assert sql("SELECT * FROM contacts") == before
    assert sql.outbox() == []
    assert sql("SELECT mark FROM cf_writer") == [(0,)]


def test_or_ignore_of_a_known_row_is_nothing_and_of_a_new_one_an_insert(ada: int, sql: Sql) -> None:
    sql("INSERT OR IGNORE INTO contacts (id, first_name) VALUES (5, 'X'), (950000000000001, 'New')")

    assert [(row[0], row[2]) for row in sql.outbox()] == [("insert", 950000000000001)]
    assert sql("SELECT first_name FROM contacts WHERE id = 5") == [("Ada",)]


def test_a_delete_after_an_ignored_insert_is_a_delete(ada: int, sql: Sql) -> None:
    sql("INSERT OR IGNORE INTO contacts (id, first_name) VALUES (5, 'X')")
    sql("DELETE FROM contacts WHERE id = 5")

    assert [(row[0], row[2]) for row in sql.outbox()] == [("delete", 5)]


def test_a_delete_and_an_or_replace_in_one_transaction_fold_into_an_update(
    ada: int, sql: Sql
) -> None:
    with sql.transaction():
        sql("DELETE FROM contacts WHERE id = 5")
        sql("INSERT OR REPLACE INTO contacts (id, first_name) VALUES (5, 'Back')")

    assert sql.outbox() == [("update", "contacts", 5, {"first_name": ["Ada", "Back"]})]


@pytest.mark.parametrize(
    ("statement", "edits"),
    [
        (
            "INSERT INTO products (id, name) VALUES (7, 'Cup')"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            [("update", "products", 7, {"name": ["Mug", "Cup"]})],
        ),
        ("INSERT INTO products (id, name) VALUES (7, 'Cup') ON CONFLICT DO NOTHING", []),
        ("INSERT OR IGNORE INTO products (id, name) VALUES (7, 'Cup')", []),
        (
            "INSERT OR REPLACE INTO products (id, name) VALUES (7, 'Cup')",
            [("update", "products", 7, {"name": ["Mug", "Cup"]})],
        ),
    ],
)
def test_whatever_came_before_a_refused_delete_stays_refused(
    workspace: int, daemon: Daemon, sql: Sql, statement: str, edits: list[Any]
) -> None:
    daemon("products", {"id": 7, "workspace_id": 10, "name": "Mug"})
    sql(statement)

    with pytest.raises(sqlite3.Error, match="products: DELETE is refused"):
        sql("DELETE FROM products WHERE id = 7")

    assert sql.outbox() == edits
    assert sql("SELECT * FROM cf_replaced") == []
    assert sql("SELECT * FROM cf_meta WHERE key = 'or_replace'") == []


@pytest.mark.parametrize("policy", ["", "OR ABORT", "OR FAIL", "OR ROLLBACK"])
def test_a_second_row_of_a_known_id_is_refused(ada: int, sql: Sql, policy: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE constraint failed"):
        sql(f"INSERT {policy} INTO contacts (id, first_name) VALUES (5, 'X')")

    assert sql.outbox() == []
    assert sql("SELECT first_name FROM contacts") == [("Ada",)]


def test_a_failed_statement_leaves_no_trace(ada: int, sql: Sql) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        sql("INSERT INTO contacts (id, first_name) VALUES (950000000000001, 'a'), (5, 'b')")

    assert sql.outbox() == []
    assert sql("SELECT * FROM cf_replaced") == []


def test_values_that_an_or_replace_may_have_meant_to_empty_are_noted(ada: int, sql: Sql) -> None:
    for _ in range(2):
        sql(
            "INSERT OR REPLACE INTO contacts (id, email_address, last_name, tag_ids)"
            " VALUES (5, 'ada@example.com', NULL, '[1]')"
        )

    assert sql("SELECT field, kind, record_id FROM cf_notes ORDER BY field") == [
        ("custom_attributes", "null_left", 5),
        ("first_name", "null_left", 5),
    ]
