"""What ClickFunnels can't take is refused at once, in the user's own statement, with the reason."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest

from cfsync.resources import RESOURCES
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Sql
from tests.mirror.conftest import Daemon

REFUSED: Any = (sqlite3.Error, psycopg.Error)


def refused(sql: Sql, *cases: tuple[str, str]) -> None:
    """Every statement fails with its words and leaves nothing behind."""
    before = sql.outbox()
    answers = {statement: _answer(sql, statement) for statement, _ in cases}
    assert {s: a for s, a in answers.items() if dict(cases)[s] not in a} == {}
    assert sql.outbox() == before


def _answer(sql: Sql, statement: str) -> str:
    try:
        return f"it worked: {sql(statement)}"
    except REFUSED as error:
        return str(error)


@pytest.fixture
def shop(ada: int, daemon: Daemon) -> None:
    """One record of every resource, id 5, workspace 10."""
    daemon("teams", {"id": 5, "name": "T"})
    for name, resource in RESOURCES.items():
        row: dict[str, Any] = {"id": 5} | ({"workspace_id": 10} if resource.in_workspace else {})
        row |= {
            field: 5 for field in resource.references if resource.by_name[field].type == "integer"
        }
        row |= {"fulfillments": {"status": "new"}, "products": {"archived": False}}.get(name, {})
        if name not in ("teams", "workspaces", "contacts"):
            daemon(name, row)


UNWRITABLE = ("order_transactions", "form_submissions")
NO_INSERT = ("teams", "workspaces", *UNWRITABLE)
NO_DELETE = (
    "products",
    "product_variants",
    "product_prices",
    "fulfillments",
    "enrollments",
    "courses",
    "orders",
    "order_invoices",
    *NO_INSERT,
)


def test_rows_that_clickfunnels_makes_itself_can_not_be_inserted(shop: None, sql: Sql) -> None:
    refused(
        sql,
        *(
            (f"INSERT INTO {table} (id) VALUES (950000000000001)", f"{table}: INSERT is refused: ")
            for table in NO_INSERT
        ),
    )


def test_rows_that_can_not_be_deleted_stay(shop: None, sql: Sql) -> None:
    refused(
        sql, *((f"DELETE FROM {table}", f"{table}: DELETE is refused: ") for table in NO_DELETE)
    )


def test_the_refusal_of_a_delete_says_what_to_do_instead(shop: None, sql: Sql) -> None:
    refused(sql, ("DELETE FROM products", "set archived to true instead"))
    refused(sql, ("DELETE FROM fulfillments", "set status to 'cancelled' instead"))


def test_rows_without_any_writable_column_can_not_be_changed(shop: None, sql: Sql) -> None:
    refused(
        sql,
        *(
            (f"UPDATE {table} SET public_id = 'x'", f"{table}.public_id is read-only")
            for table in UNWRITABLE
        ),
    )


@POSTGRESQL_ONLY
def test_a_table_can_not_be_truncated(workspace: int, sql: Sql) -> None:
    refused(sql, *((f"TRUNCATE {table}", f"{table}: TRUNCATE is refused") for table in RESOURCES))


def test_an_update_that_clickfunnels_can_not_take_is_refused(shop: None, sql: Sql) -> None:
    refused(
        sql,
        ("UPDATE contacts SET uuid = 'x'", "contacts.uuid is read-only in ClickFunnels"),
        ("UPDATE contacts SET tags = '[]'", "contacts.tags is read-only in ClickFunnels"),
        (
            "UPDATE contacts SET created_at = '2020-01-01 00:00:00+00:00'",
            "contacts.created_at is read-only in ClickFunnels",
        ),
        (
            "UPDATE orders SET total_amount = '1.00'",
            "orders.total_amount is read-only in ClickFunnels",
        ),
        (
            "UPDATE orders SET billing_status = 'x'",
            "read-only in ClickFunnels unless payment_processor is 'external'",
        ),
        (
            "UPDATE contacts SET workspace_id = 11",
            "contacts.workspace_id is given in the INSERT and read-only afterwards",
        ),
        (
            "UPDATE enrollments SET course_id = 9",
            "enrollments.course_id is given in the INSERT and read-only afterwards",
        ),
        (
            "UPDATE enrollments SET contact_id = 9",
            "enrollments.contact_id is read-only in ClickFunnels once the record exists",
        ),
        (
            "UPDATE fulfillments SET ignore_out_of_stock = TRUE",
            "fulfillments.ignore_out_of_stock is read-only in ClickFunnels once the record exists",
        ),
        (
            "UPDATE fulfillments SET status = 'lost'",
            "fulfillments.status can only be set to 'cancelled'",
        ),
        (
            "UPDATE fulfillments SET status = NULL",
            "fulfillments.status can only be set to 'cancelled'",
        ),
        (
            "UPDATE products SET archived = NULL",
            "products.archived can only be set to true or false",
        ),
        ("UPDATE contacts SET id = 6", "contacts.id is given once and stays"),
        ("UPDATE contacts SET id = -6", "contacts.id is given once and stays"),
        (
            "UPDATE contacts SET cf_rev = cf_rev - 1, uuid = 'x'",
            "contacts: changed in ClickFunnels since you read it; read it again",
        ),
        (
            "UPDATE contacts SET cf_synced_at = NULL",
            "contacts.cf_synced_at is written by cfsync alone",
        ),
        ("UPDATE contacts SET tag_ids = '{}'", "contacts.tag_ids must be a JSON list of ids"),
        ("UPDATE contacts SET tag_ids = '[\"1\"]'", "contacts.tag_ids must be a JSON list of ids"),
        ("UPDATE contacts SET tag_ids = '[1.5]'", "contacts.tag_ids must be a JSON list of ids"),
        ("UPDATE contacts SET tag_ids = NULL", "contacts.tag_ids must be a JSON list of ids"),
        (
            "UPDATE contacts SET custom_attributes = '[]'",
            "contacts.custom_attributes must be a JSON object",
        ),
        ("UPDATE products SET image_ids = '4'", "products.image_ids must be a JSON list"),
        ("UPDATE products SET tag_ids = '4'", "products.tag_ids must be a JSON list"),
    )


def test_an_external_order_takes_more(shop: None, daemon: Daemon, sql: Sql) -> None:
    daemon("orders", {"id": 6, "workspace_id": 10, "payment_processor": "external"})

    sql("UPDATE orders SET billing_status = 'paid' WHERE id = 6")
    sql("UPDATE orders SET notes = 'n'")

    assert [row[2] for row in sql.outbox()] == [6, 5, 6]


def test_an_insert_that_can_not_become_a_record_is_refused(shop: None, sql: Sql) -> None:
    refused(
        sql,
        ("INSERT INTO contacts (id) VALUES (6)", "contacts: no row has this id; leave id out"),
        ("INSERT INTO contacts (id) VALUES (0)", "contacts: no row has this id; leave id out"),
        ("INSERT INTO contacts (uuid) VALUES ('x')", "contacts.uuid is read-only in ClickFunnels"),
        ("INSERT INTO contacts (cf_rev) VALUES (1)", "contacts.cf_rev is written by cfsync alone"),
        (
            "INSERT INTO products (price_ids) VALUES ('[1]')",
            "products.price_ids can't be set before",
        ),
        (
            "INSERT INTO fulfillments (status) VALUES ('x')",
            "fulfillments.status can only be set to",
        ),
        (
            "INSERT INTO product_variants (name) VALUES ('x')",
            "product_variants.product_id must be given",
        ),
        ("INSERT INTO contacts (workspace_id) VALUES (99)", "the mirror has no such workspace"),
        (
            "INSERT INTO contacts (tag_ids) VALUES ('{}')",
            "contacts.tag_ids must be a JSON list of ids",
        ),
    )


def test_the_workspace_must_be_given_where_there_are_two(
    ada: int, daemon: Daemon, sql: Sql
) -> None:
    daemon("workspaces", {"id": 11, "workspace_id": 11, "name": "Other"})
    which = ".workspace_id must be given: one of "
    which += "SELECT id, name FROM workspaces" if sql.is_sqlite else "10 (Shop), 11 (Other)"

    refused(
        sql,
        ("INSERT INTO contacts (first_name) VALUES ('x')", f"contacts{which}"),
        ("INSERT INTO contact_tags (name) VALUES ('x')", f"contact_tags{which}"),
        ("INSERT INTO products (name) VALUES ('x')", f"products{which}"),
    )
    sql(
        "INSERT INTO contacts (id, email_address, workspace_id)"
        " VALUES (950000000000001, 'ada@example.com', 11)"
    )

    assert [row[2] for row in sql.outbox()] == [950000000000001]


def test_the_workspace_must_be_given_where_none_is_known_yet(sql: Sql) -> None:
    refused(
        sql,
        ("INSERT INTO contacts (first_name) VALUES ('x')", "contacts.workspace_id must be given"),
    )


@POSTGRESQL_ONLY
def test_of_many_workspaces_the_first_are_named(workspace: int, daemon: Daemon, sql: Sql) -> None:
    daemon("workspaces", *({"id": i, "workspace_id": i, "name": f"W{i}"} for i in range(11, 17)))

    words = "one of 10 (Shop), 11 (W11), 12 (W12), 13 (W13), 14 (W14), ... (SELECT id, name FROM"
    refused(sql, ("INSERT INTO contacts (first_name) VALUES ('x')", words))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE contacts SET tags = '[]'", "tags is read-only in ClickFunnels; write tag_ids or"),
        ("UPDATE contacts SET tags = '[]'", "tag_ids or contact_tag_links"),
        ("INSERT INTO contacts (tags) VALUES ('[1]')", "; write tag_ids or contact_tag_links"),
        ("UPDATE sales_pipelines SET stages = '[1]'", "; write stages_attributes"),
        ("UPDATE sales_opportunities SET primary_contact = '{}'", "; write primary_contact_id"),
    ],
)
def test_of_a_read_only_column_what_can_be_written_instead_is_named(
    ada: int, daemon: Daemon, sql: Sql, statement: str, words: str
) -> None:
    for table in ("sales_pipelines", "sales_opportunities"):
        daemon(table, {"id": 7, "workspace_id": 10})

    refused(sql, (statement, words))


def test_an_email_without_a_value_is_nobodys(ada: int, sql: Sql) -> None:
    sql(
        "INSERT INTO contacts (id, email_address)"
        " VALUES (950000000000001, NULL), (950000000000002, NULL)"
    )

    assert len(sql.outbox()) == 2


def test_a_provisional_id_is_never_used_twice(workspace: int, write: Any, sql: Sql) -> None:
    def earlier(tx: Any) -> None:
        tx.conn.exec_driver_sql("INSERT INTO cf_ids VALUES ('contacts', 950000000000001, 77)")
        tx.conn.exec_driver_sql(
            "INSERT INTO cf_outbox (resource, record_id, op, patch, state, captured_at)"
            " VALUES ('contacts', 950000000000002, 'insert', '{}', 'done',"
            " '2026-01-01T00:00:00.000Z')"
        )

    write(earlier)

    refused(
        sql,
        (
            "INSERT INTO contacts (id) VALUES (950000000000001)",
            f"and the row's id is {'in cf_ids' if sql.is_sqlite else 77}",
        ),
    )
    refused(
        sql,
        ("INSERT INTO contacts (id) VALUES (950000000000002)", "contacts: this id was used before"),
    )
    sql("INSERT INTO contact_tags (id, name) VALUES (950000000000001, 'x')")


def test_a_delete_that_is_being_sent_can_not_be_taken_back(ada: int, write: Any, sql: Sql) -> None:
    sql("DELETE FROM contacts WHERE id = 5")
    write(lambda tx: tx.conn.exec_driver_sql("UPDATE cf_outbox SET state = 'sending'").rowcount)

    refused(sql, ("INSERT INTO contacts (id) VALUES (5)", "contacts: no row has this id"))


def test_one_bad_row_refuses_the_whole_statement(ada: int, daemon: Daemon, sql: Sql) -> None:
    daemon(
        "orders", {"id": 1, "payment_processor": "external"}, {"id": 2, "payment_processor": "x"}
    )

    refused(sql, ("UPDATE orders SET billing_status = 'x'", "orders.billing_status is read-only"))

    assert sql("SELECT DISTINCT billing_status FROM orders") == [(None,)]


@SQLITE_ONLY
def test_sqlite_refuses_values_of_another_type(shop: None, daemon: Daemon, sql: Sql) -> None:
    daemon("orders", {"id": 5, "payment_processor": "external"})
    refused(
        sql,
        (
            "UPDATE submissions SET contact_id = 'x'",
            "submissions.contact_id must be a whole number",
        ),
        (
            "UPDATE submissions SET contact_id = 1.5",
            "submissions.contact_id must be a whole number",
        ),
        ("UPDATE contacts SET first_name = 'a' || char(0)", "contacts.first_name must be text"),
        ("UPDATE contacts SET first_name = x'00ff'", "contacts.first_name must be text"),
        (
            "UPDATE contacts SET first_name = CAST(x'4AF67267' AS TEXT)",
            "contacts.first_name must be text in UTF-8",
        ),
        ("UPDATE products SET visible_in_store = 'yes'", "visible_in_store must be true or false"),
        (
            "UPDATE products SET archived = 'yes'",
            "products.archived can only be set to true or false",
        ),
        ("UPDATE product_prices SET amount = '12,50'", "amount must be a decimal number"),
        ("UPDATE product_prices SET amount = ''", "amount must be a decimal number"),
        ("UPDATE product_prices SET amount = 1e30", "amount must be a decimal number"),
        ("UPDATE product_variants SET weight = 'heavy'", "weight must be a number"),
        ("UPDATE contacts SET tag_ids = '[1,'", "contacts.tag_ids must be a JSON list"),
        ("UPDATE orders SET next_charge_at = 'soon'", "next_charge_at must be a time such as"),
        (
            "UPDATE orders SET next_charge_at = '2025-02-30'",
            "next_charge_at must be a time such as",
        ),
        ("UPDATE orders SET next_charge_at = 2460000.5", "next_charge_at must be a time such as"),
        (
            "UPDATE orders SET next_charge_at = '0000-01-01'",
            "next_charge_at must be a time such as",
        ),
        ("INSERT INTO contacts (id) VALUES ('abc')", "datatype mismatch"),
    )


@POSTGRESQL_ONLY
def test_postgresql_refuses_values_that_the_api_does_not_have(
    shop: None, daemon: Daemon, sql: Sql
) -> None:
    daemon("orders", {"id": 5, "payment_processor": "external"})
    refused(
        sql,
        ("UPDATE product_prices SET amount = 'NaN'", "amount must be a decimal number"),
        ("UPDATE product_prices SET amount = 'Infinity'", "amount must be a decimal number"),
        ("UPDATE product_variants SET weight = 'NaN'", "weight must be a number"),
        ("UPDATE orders SET next_charge_at = 'infinity'", "next_charge_at must be a time such as"),
        ("UPDATE orders SET next_charge_at = '0044-03-15 BC'", "next_charge_at must be a time"),
        (
            "UPDATE orders SET next_charge_at = '12000-01-01'",
            "next_charge_at must be a time such as",
        ),
    )
