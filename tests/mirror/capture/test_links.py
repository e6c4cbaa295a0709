"""Tags by SQL as people write them: the views of links take INSERT and DELETE."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest

from tests.conftest import Sql
from tests.mirror.conftest import Daemon

REFUSED = (sqlite3.IntegrityError, psycopg.Error)


@pytest.fixture
def tagged(ada: int, daemon: Daemon) -> int:
    """A contact with the tags 1 and 2 of four, beside another workspace."""
    daemon("workspaces", {"id": 20, "workspace_id": 20, "team_id": 1, "name": "Other"})
    daemon("contact_tags", *({"id": i, "workspace_id": 10, "name": f"T{i}"} for i in (1, 2, 3, 4)))
    daemon("contact_tags", {"id": 9, "workspace_id": 20, "name": "T3"})
    daemon("contacts", {"id": 6, "workspace_id": 20, "tag_ids": None})
    return ada


def test_links_are_inserted_and_deleted_as_edits_of_the_set(
    tagged: int, app_sql: Sql, sql: Sql
) -> None:
    app_sql(
        "INSERT INTO contact_tag_links (contact_id, tag_id)"
        " SELECT c.id, t.id FROM contacts c JOIN contact_tags t ON t.workspace_id = c.workspace_id"
        " WHERE t.name IN ('T3', 'T1')"
    )
    app_sql("DELETE FROM contact_tag_links WHERE tag_name IN ('T1', 'T2')")

    assert sql("SELECT contact_id, tag_id, tag_name FROM contact_tag_links ORDER BY 1") == [
        (5, 3, "T3"),
        (6, 9, "T3"),
    ]
    first, last = ([1, 2], [3])
    of_ada = [patch["tag_ids"] for *_, record, patch in sql.outbox() if record == 5]
    assert (of_ada[0][0], of_ada[-1][1]) == (first, last)
    assert {op for op, *_ in sql.outbox()} == {"update"}


def test_a_tag_is_found_by_its_name_in_the_contacts_workspace(
    tagged: int, app_sql: Sql, sql: Sql
) -> None:
    app_sql("INSERT INTO contact_tag_links (contact_id, tag_name) VALUES (5, 'T3'), (6, 'T3')")

    assert sql("SELECT contact_id, tag_id FROM contact_tag_links WHERE tag_name = 'T3'") == [
        (5, 3),
        (6, 9),
    ]


@pytest.mark.parametrize(
    "values",
    ["(5, 3), (5, 3), (5, 1)", "(5, 1), (5, 2), (5, 3)"],
)
def test_what_is_there_already_and_what_is_doubled_is_no_edit(
    tagged: int, app_sql: Sql, sql: Sql, values: str
) -> None:
    app_sql(f"INSERT INTO contact_tag_links (contact_id, tag_id) VALUES {values}")
    app_sql(f"INSERT INTO contact_tag_links (contact_id, tag_id) VALUES {values}")

    assert sql.outbox() == [("update", "contacts", 5, {"tag_ids": [[1, 2], [1, 2, 3]]})]


@pytest.mark.parametrize(
    ("columns", "values", "words", "state"),
    [
        ("contact_id, tag_id", "77, 3", "the mirror has no such row in contacts; if", "23503"),
        ("contact_id, tag_id", "5, 77", "no such row in contact_tags of this workspace", "23503"),
        ("contact_id, tag_id", "5, 9", "no such row in contact_tags of this workspace", "23503"),
        ("contact_id, tag_name", "5, 'T7'", "tag_name: the mirror has no such row in", "23503"),
        ("contact_id, tag_id, tag_name", "5, 3, 'T4'", "tag_name: the mirror has no", "23503"),
        ("contact_id, tag_id, workspace_id", "5, 3, 20", "is in another workspace", "23503"),
        ("contact_id", "5", "give contact_id, and tag_id or tag_name", "23502"),
        ("tag_id", "3", "give contact_id, and tag_id or tag_name", "23502"),
        (
            "contact_id, tag_id, applied_at",
            "5, 3, '2026-01-01'",
            "applied_at is read-only",
            "428C9",
        ),
    ],
)
def test_what_can_be_no_link_is_refused_with_the_whole_statement(
    tagged: int, app_sql: Sql, sql: Sql, columns: str, values: str, words: str, state: str
) -> None:
    with pytest.raises(REFUSED, match=words) as refused:
        app_sql(f"INSERT INTO contact_tag_links ({columns}) VALUES ({values})")

    assert sql.is_sqlite or refused.value.sqlstate == state  # type: ignore[attr-defined]
    assert sql.outbox() == []


def test_a_name_that_two_tags_have_is_refused(
    tagged: int, daemon: Daemon, app_sql: Sql, sql: Sql
) -> None:
    daemon("contact_tags", {"id": 5, "workspace_id": 10, "name": "T3"})

    with pytest.raises(REFUSED, match="several rows in contact_tags have this name; give tag_id"):
        app_sql("INSERT INTO contact_tag_links (contact_id, tag_name) VALUES (5, 'T3')")
    app_sql("INSERT INTO contact_tag_links (contact_id, tag_name, tag_id) VALUES (5, 'T3', 5)")

    assert sql.outbox() == [("update", "contacts", 5, {"tag_ids": [[1, 2], [1, 2, 5]]})]


def test_a_link_is_not_updated_but_may_be_saved_as_it_is(
    tagged: int, app_sql: Sql, sql: Sql
) -> None:
    app_sql("UPDATE contact_tag_links SET workspace_id = 10, tag_id = 1 WHERE tag_id = 1")
    with pytest.raises(REFUSED, match="UPDATE is refused: DELETE the link and INSERT the other"):
        app_sql("UPDATE contact_tag_links SET tag_id = 3 WHERE tag_id = 1")

    assert sql.outbox() == []


def test_a_new_contact_gets_new_tags_in_its_own_transaction(
    tagged: int, app_sql: Sql, sql: Sql
) -> None:
    with app_sql.transaction():
        app_sql("INSERT INTO contact_tags (workspace_id, name) VALUES (10, 'New')")
        app_sql("INSERT INTO contacts (workspace_id, email_address) VALUES (10, 'n@example.com')")
        app_sql(
            "INSERT INTO contact_tag_links (contact_id, tag_name)"
            " SELECT id, 'New' FROM contacts WHERE email_address = 'n@example.com'"
        )

    [(contact,)] = sql("SELECT id FROM contacts WHERE email_address = 'n@example.com'")
    [(tag,)] = sql("SELECT id FROM contact_tags WHERE name = 'New'")
    assert sql("SELECT contact_id FROM contact_tag_links WHERE tag_id = ?", tag) == [(contact,)]
    assert sql.outbox()[-1][2:] == (contact, {"tag_ids": [None, [tag]]})


def test_a_provisional_id_of_a_contact_that_exists_now_is_told(
    tagged: int, app_sql: Sql, sql: Sql
) -> None:
    sql("INSERT INTO cf_ids (resource, local_id, id) VALUES ('contacts', 900000000000001, 5)")

    real = "in cf_ids" if sql.is_sqlite else "5"
    with pytest.raises(REFUSED, match=f"exists in ClickFunnels now, and the row's id is {real}"):
        app_sql("INSERT INTO contact_tag_links (contact_id, tag_id) VALUES (900000000000001, 3)")


@pytest.mark.parametrize(
    ("view", "record", "table"),
    [("order_tag_links", "order_id", "orders"), ("product_tag_links", "product_id", "products")],
)
def test_orders_and_products_have_links_too(
    workspace: int, daemon: Daemon, app_sql: Sql, sql: Sql, view: str, record: str, table: str
) -> None:
    daemon(table.replace("s", "") + "_tags", {"id": 3, "workspace_id": 10, "name": "T3"})
    daemon(table, {"id": 7, "workspace_id": 10, "tag_ids": []})

    app_sql(f"INSERT INTO {view} ({record}, tag_name) VALUES (7, 'T3')")
    assert sql(f"SELECT {record}, tag_id, tag_name FROM {view}") == [(7, 3, "T3")]
    app_sql(f"DELETE FROM {view} WHERE tag_id = 3")

    assert [patch for *_, patch in sql.outbox()] == [
        {"tag_ids": [[], [3]]},
        {"tag_ids": [[3], []]},
    ]


def _fill(tx: Any) -> None:
    for table, column in (("contacts", "first_name"), ("contact_tags", "name")):
        series = {
            "sqlite": "WITH RECURSIVE s (id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM s"
            f" LIMIT 10000) INSERT INTO {table} (id, workspace_id, {column}, cf_rev)"
            " SELECT id, 10, 'x' || id, 1 FROM s",
            "postgresql": f"INSERT INTO {table} (id, workspace_id, {column}, cf_rev)"
            " SELECT id, 10, 'x' || id, 1 FROM generate_series(100, 10099) AS s (id)",
        }
        tx.conn.exec_driver_sql(series[tx.dialect.name])


def test_ten_thousand_links_in_one_statement(
    tagged: int, write: Any, app_sql: Sql, sql: Sql
) -> None:
    write(_fill)
    app_sql(
        "INSERT INTO contact_tag_links (contact_id, tag_id) SELECT id, 3 FROM contacts"
        " WHERE workspace_id = 10"
    )
    app_sql("DELETE FROM contact_tag_links WHERE tag_id = 3 AND contact_id > 5")

    assert sql("SELECT op, count(*), count(DISTINCT record_id) FROM cf_outbox GROUP BY op") == [
        ("update", 20_001, 10_001)
    ]


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("contact_tags WHERE name = 'x' AND workspace_id = 10", "cf_contact_tags_name"),
        ("order_tags WHERE name = 'x' AND workspace_id = 10", "cf_order_tags_name"),
        ("product_tags WHERE name = 'x' AND workspace_id = 10", "cf_product_tags_name"),
        ("discounts WHERE code = 'x' AND workspace_id = 10", "cf_discounts_code"),
        ("cf_outbox WHERE batch = 3", "cf_outbox_batch"),
        ("cf_changes WHERE batch = 3", "cf_changes_batch"),
    ],
)
def test_what_is_looked_for_by_name_or_batch_has_an_index(
    sql: Sql, condition: str, index: str
) -> None:
    """Each new link by name looks for one, each `revert` and each push for the other."""
    if not sql.is_sqlite:
        sql("SET enable_seqscan = off")
    how = "EXPLAIN QUERY PLAN" if sql.is_sqlite else "EXPLAIN"

    assert index in str(sql(f"{how} SELECT 1 FROM {condition}"))


def test_many_tags_of_one_contact_are_one_set(
    tagged: int, write: Any, app_sql: Sql, sql: Sql
) -> None:
    write(_fill)
    app_sql(
        "INSERT INTO contact_tag_links (contact_id, tag_name)"
        " SELECT 5, name FROM contact_tags WHERE workspace_id = 10 AND id < 300 ORDER BY id DESC"
    )

    [(count, least, most)] = sql(
        "SELECT count(*), min(tag_id), max(tag_id) FROM contact_tag_links WHERE contact_id = 5"
    )
    assert (count, least, most) == (204, 1, 299)
    assert sql.outbox()[-1][-1]["tag_ids"][1] == [1, 2, 3, 4, *range(100, 300)]
