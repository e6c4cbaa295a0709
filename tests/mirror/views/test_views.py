"""The views show the same on both databases, whatever the records hold."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.tables import OUTBOX, TABLES, VIEW_NAMES
from cfsync.mirror.db.types import TYPES
from cfsync.mirror.views import VIEWS
from cfsync.mirror.views.feed import FEED
from tests.conftest import SQLITE_ONLY, Sql
from tests.mirror.conftest import Daemon

ITEM = {
    "id": 71,
    "public_id": "abc",
    "quantity": 2,
    "original_product": {"id": 7, "name": "Mug"},
    "products_variant": {"id": 8, "name": "Large", "sku": "M-L"},
    "products_price": {"id": 9, "name": "Full", "amount": "12.50", "currency": "USD"},
}


def test_the_items_of_orders_one_a_row(workspace: int, daemon: Daemon, app_sql: Sql) -> None:
    odd = {"id": "x", "quantity": None, "products_price": {"amount": "free"}}
    daemon(
        "orders",
        {"id": 1, "workspace_id": 10, "contact_id": 5, "line_items": [ITEM, odd, "junk"]},
        {"id": 2, "workspace_id": 10, "line_items": []},
        {"id": 3, "workspace_id": 10, "line_items": None},
    )

    found = app_sql(
        "SELECT order_id, contact_id, position, quantity, product_id, product_name, variant_id,"
        " variant_name, sku, price_id, price_name, currency"
        " FROM order_line_items WHERE id = 71"
    )
    assert found == [(1, 5, 1, 2, 7, "Mug", 8, "Large", "M-L", 9, "Full", "USD")]
    assert app_sql("SELECT position FROM order_line_items ORDER BY position") == [(1,), (2,)]
    assert app_sql("SELECT position FROM order_line_items WHERE amount > 9") == [(1,)]
    assert app_sql("SELECT sum(amount) FROM order_line_items") == [(Decimal("12.50"),)]


def test_which_contact_has_which_tag(ada: int, daemon: Daemon, app_sql: Sql) -> None:
    daemon("contacts", {"id": 6, "workspace_id": 10, "tag_ids": []}, {"id": 7, "workspace_id": 10})

    found = app_sql(
        "SELECT contact_id, tag_id, workspace_id FROM contact_tag_links ORDER BY tag_id"
    )

    assert found == [(5, 1, 10), (5, 2, 10)]


ODD = [
    *(None, True, 7, 1.5, "", "x", "2.5", "2026-02-31T00:00:00Z", [], {}, {"id": None}),
    [None, 1, "x", [], {"id": "x"}],
    {"first_visit": 1, "last_visit": {"started_at": "yesterday", "uuid": 5}},
]
"""What a JSON column may hold."""


def test_the_names_that_are_kept_free_are_those_of_the_views() -> None:
    assert tuple(VIEWS) == VIEW_NAMES


@pytest.mark.parametrize("name", VIEWS)
def test_other_programs_see_each_column_with_its_type(mirror: Mirror, name: str) -> None:
    def reflect(tx: Tx) -> list[tuple[str, str]]:
        table = sa.Table(name, sa.MetaData(), autoload_with=tx.conn)
        return [(c.name, _kind(c.type, tx)) for c in table.columns]

    def wanted(tx: Tx) -> list[tuple[str, str]]:
        return [(c.name, _kind(TYPES[c.type], tx)) for c in VIEWS[name].columns]

    assert asyncio.run(mirror.read(reflect)) == asyncio.run(mirror.read(wanted))


def test_no_view_has_a_column_without_a_type(mirror: Mirror) -> None:
    def untyped(tx: Tx) -> list[tuple[str, str]]:
        found = sa.inspect(tx.conn)
        return [
            (name, column["name"])
            for name in found.get_view_names()
            for column in found.get_columns(name)
            if isinstance(column["type"], sa.types.NullType)
        ]

    assert asyncio.run(mirror.read(untyped)) == []


def _kind(type_: Any, tx: Tx) -> str:
    text = type_.compile(tx.conn.dialect)
    return {"INTEGER": "BIGINT", "REAL": "DOUBLE", "DOUBLE PRECISION": "DOUBLE"}.get(text, text)


def test_odd_values_make_no_view_fail(
    workspace: int, daemon: Daemon, sql: Sql, app_sql: Sql
) -> None:
    for name, table in TABLES.items():
        nested = [c.name for c in table.c if c.type is TYPES["json"]]
        parent = {"workspace_id": workspace} if "workspace_id" in table.c else {}
        rows = [{"id": i} | parent | dict.fromkeys(nested, odd) for i, odd in enumerate(ODD, 1)]
        daemon(name, *rows)

    for name in VIEWS:
        (sql if name == FEED.name else app_sql)(f"SELECT * FROM {name}")


@SQLITE_ONLY
def test_text_that_is_no_json_makes_no_view_fail(workspace: int, daemon: Daemon, sql: Sql) -> None:
    daemon("contacts", {"id": 1, "workspace_id": workspace})
    daemon("orders", {"id": 1, "workspace_id": workspace})
    for (name,) in sql("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        sql(f"DROP TRIGGER {name}")
    sql("UPDATE contacts SET tag_ids = '[', tags = '{', visits = 'x', custom_attributes = '{'")
    sql("UPDATE orders SET line_items = '[', visits = '{', discount_ids = '['")

    for name in VIEWS:
        sql(f"SELECT * FROM {name}")


def test_a_tag_link_says_the_name_and_since_when(daemon: Daemon, ada: int, app_sql: Sql) -> None:
    daemon("contact_tags", {"id": 1, "workspace_id": 10, "name": "VIP"})
    shown = [{"id": 1, "applied_at": "2026-01-02T03:04:05.000Z"}, {"id": 2}, "odd"]
    daemon("contacts", {"id": 5, "workspace_id": 10, "tag_ids": [1, 2], "tags": shown})

    found = app_sql(
        "SELECT tag_id, tag_name, substr(CAST(applied_at AS TEXT), 1, 10)"
        " FROM contact_tag_links ORDER BY tag_id"
    )

    assert found == [(1, "VIP", "2026-01-02"), (2, None, None)]


def test_confirmed_rows_have_no_edits(
    mirror: Mirror, daemon: Daemon, ada: int, app_sql: Sql
) -> None:
    for id_, body in {
        5: {"id": 5, "first_name": "Ada", "tags": [{"id": 1}], "custom_attributes": {"a": "\0b"}},
        6: {"id": 6, "first_name": "Eve", "email_address": None, "tags": [], "deleted_at": 5},
    }.items():
        daemon("contacts", {"id": id_, "workspace_id": 10, "first_name": body["first_name"]})
        asyncio.run(mirror.write(_base, id_, json.dumps(body)))
    select = "SELECT id, first_name, tag_ids FROM confirmed_contacts ORDER BY id"
    before = [row[:2] for row in app_sql(select)]

    app_sql("INSERT INTO contacts (first_name) VALUES ('New')")
    app_sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = 5")
    app_sql("DELETE FROM contacts WHERE id = 6")

    assert [row[:2] for row in app_sql(select)] == before == [(5, "Ada"), (6, "Eve")]
    asyncio.run(mirror.write(_park))
    assert [row[:2] for row in app_sql(select)] == before
    assert str(app_sql(select)[0][2]) == "[1]"
    asyncio.run(mirror.write(lambda tx: tx.conn.execute(sa.delete(OUTBOX))))
    assert [row[:2] for row in app_sql(select)] == [(5, "Augusta")]


def _base(tx: Tx, id_: int, body: str) -> None:
    tx.conn.execute(
        sa.text(
            "INSERT INTO cf_base (resource, id, body, rev, lane)"
            " VALUES ('contacts', :id, :body, 1, 'pull')"
        ),
        {"id": id_, "body": body},
    )


def _park(tx: Tx) -> None:
    tx.conn.execute(sa.update(OUTBOX).values(state="parked"))


@SQLITE_ONLY
@pytest.mark.parametrize("name", ["contacts", "products", "enrollments"])
def test_a_view_works_after_a_program_has_rebuilt_its_table(sql: Sql, name: str) -> None:
    (text,) = sql("SELECT sql FROM sqlite_master WHERE name = ?", name)[0]
    sql("PRAGMA legacy_alter_table = ON")
    sql(text.replace(f"CREATE TABLE {name}", "CREATE TABLE rebuilt"))
    sql(f"DROP TABLE {name}")
    sql(f"ALTER TABLE rebuilt RENAME TO {name}")

    for view in VIEWS:
        sql(f"SELECT * FROM {view}")


@pytest.mark.parametrize("view", [name for name, view in VIEWS.items() if not view.links])
def test_a_view_of_no_links_can_not_be_written(workspace: int, app_sql: Sql, view: str) -> None:
    with pytest.raises(Exception, match=r"cannot|permission denied"):
        app_sql(f"DELETE FROM {view}")
