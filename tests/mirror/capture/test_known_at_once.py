"""What the mirror knows is refused at once, as the kind of error that drivers and ORMs expect."""

from __future__ import annotations

import json
import sqlite3

import psycopg
import pytest

from cfsync.mirror.capture.rules import SqlState
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Sql
from tests.mirror.conftest import Daemon

READ_ONLY, TAKEN, UNKNOWN, WRONG = (
    SqlState.READ_ONLY,
    SqlState.TAKEN,
    SqlState.UNKNOWN,
    SqlState.WRONG_VALUE,
)
SAME_NAME = "contact_tags: another row has this name; use that row, or change or delete it first"
NO_EMAIL = "must be an email address such as ada@example.com"

REFUSED = [
    ("UPDATE contacts SET email_address = 'ada' WHERE id = 5", WRONG, NO_EMAIL),
    ("UPDATE contacts SET email_address = 'ada b@x.y' WHERE id = 5", WRONG, NO_EMAIL),
    ("INSERT INTO contacts (email_address) VALUES ('a@b@c.d')", WRONG, NO_EMAIL),
    ("UPDATE fulfillment_locations SET email_address = 'home'", WRONG, NO_EMAIL),
    ("UPDATE fulfillment_locations SET email_address = ''", WRONG, NO_EMAIL),
    (
        "UPDATE contacts SET email_address = ''",
        WRONG,
        f"contacts.email_address {NO_EMAIL}, without spaces; NULL means none",
    ),
    ("INSERT INTO contacts (email_address) VALUES ('')", WRONG, NO_EMAIL),
    ("INSERT INTO contacts (email_address) VALUES (' ada@example.com')", WRONG, NO_EMAIL),
    ("UPDATE contacts SET email_address = 'bob@example.com ' WHERE id = 5", WRONG, NO_EMAIL),
    (
        "UPDATE contacts SET tag_ids = '[1, 2, 99]' WHERE id = 5",
        UNKNOWN,
        "contacts.tag_ids: the mirror has no such row in contact_tags of this workspace; if"
        " ClickFunnels has it, run cfsync pull contact_tags",
    ),
    ("INSERT INTO contacts (tag_ids) VALUES ('[99]')", UNKNOWN, "no such row in contact_tags"),
    ("UPDATE contact_tags SET name = 'vip' WHERE id = 2", TAKEN, SAME_NAME),
    (
        "INSERT INTO enrollments (contact_id, course_id) VALUES (5, 99)",
        UNKNOWN,
        "enrollments.course_id: the mirror has no such row in courses of this workspace; if"
        " ClickFunnels has it, run cfsync pull courses",
    ),
    (
        "INSERT INTO enrollments (contact_id, course_id) VALUES (4711, 5)",
        UNKNOWN,
        "enrollments.contact_id: the mirror has no such row in contacts of this workspace",
    ),
    ("UPDATE contacts SET tag_ids = '[1, 3]' WHERE id = 5", UNKNOWN, "contact_tags of this works"),
    ("INSERT INTO contacts (tag_ids) VALUES ('[3]')", UNKNOWN, "contact_tags of this workspace"),
    ("INSERT INTO products (name, image_ids) VALUES ('x', '[99]')", UNKNOWN, "row in images of"),
    ("UPDATE products SET image_ids = '[5, 99]'", UNKNOWN, "products.image_ids: the mirror has no"),
    ("INSERT INTO contacts (workspace_id) VALUES (99)", UNKNOWN, "has no such workspace"),
    ("UPDATE contacts SET uuid = 'x'", READ_ONLY, "contacts.uuid is read-only in ClickFunnels"),
    ("UPDATE contacts SET id = 7 WHERE id = 5", READ_ONLY, "contacts.id is given once and stays"),
    ("INSERT INTO contacts (id) VALUES (77)", READ_ONLY, "contacts: no row has this id"),
    ("UPDATE contacts SET cf_rev = 0", SqlState.STALE, "changed in ClickFunnels since you read it"),
    ("INSERT INTO product_variants (name) VALUES ('x')", SqlState.MISSING, "must be given"),
    ("UPDATE contacts SET tag_ids = '{}'", WRONG, "contacts.tag_ids must be a JSON list of ids"),
    ("DELETE FROM courses", SqlState.IMPOSSIBLE, "courses: DELETE is refused"),
    (
        "INSERT INTO form_submissions (id) VALUES (-1)",
        SqlState.IMPOSSIBLE,
        "form_submissions: INSERT",
    ),
]


@pytest.fixture
def shop(ada: int, daemon: Daemon) -> None:
    daemon("contacts", {"id": 6, "workspace_id": 10, "email_address": "bob@example.com"})
    daemon("contact_tags", *({"id": i, "workspace_id": 10, "name": n} for i, n in TAGS.items()))
    daemon("courses", {"id": 5, "workspace_id": 10})
    daemon("fulfillment_locations", {"id": 5, "workspace_id": 10})
    daemon("contact_tags", {"id": 3, "workspace_id": 11, "name": "elsewhere"})
    daemon("images", {"id": 5, "workspace_id": 10})
    daemon("products", {"id": 5, "workspace_id": 10})


TAGS = {1: "vip", 2: "new"}


@pytest.mark.parametrize(("statement", "state", "words"), REFUSED)
def test_a_refusal_is_an_error_of_the_right_kind_in_one_line(
    shop: None, app_sql: Sql, sql: Sql, statement: str, state: SqlState, words: str
) -> None:
    with pytest.raises((sqlite3.IntegrityError, psycopg.Error)) as caught:
        app_sql(statement)

    message = str(caught.value)
    assert words in message
    if isinstance(caught.value, psycopg.Error):
        assert caught.value.sqlstate == state
        assert caught.value.diag.table_name in statement
        assert len(message.splitlines()) <= 2  # the function that raised it
    assert sql.outbox() == []


KNOWN = [
    ("contacts", "email_address", "ADA@example.com", "free@example.com"),
    ("contact_tags", "name", "vip", "VIP"),
]


@pytest.mark.parametrize(("table", "column", "known", "new"), KNOWN)
def test_a_known_value_is_a_unique_violation(
    shop: None, app_sql: Sql, sql: Sql, table: str, column: str, known: str, new: str
) -> None:
    insert = f"INSERT INTO {table} ({column}) VALUES (?)"

    for values in ([known], [new, new]):
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
            app_sql(insert + ", (?)" * (len(values) - 1), *values)
    assert sql.outbox() == []
    app_sql(insert, new)
    assert [row[3][column] for row in sql.outbox()] == [[None, new]]


@pytest.mark.parametrize(("table", "column", "known", "new"), KNOWN)
def test_a_known_value_is_skipped_where_the_statement_says_so(
    shop: None, app_sql: Sql, sql: Sql, table: str, column: str, known: str, new: str
) -> None:
    insert = f"INTO {table} ({column}) VALUES (?), (?), (?)"
    either = ("INSERT OR IGNORE ", "") if sql.is_sqlite else ("INSERT ", " ON CONFLICT DO NOTHING")

    app_sql(insert.join(either), known, new, new)

    assert [(row[0], row[3][column]) for row in sql.outbox()] == [("insert", [None, new])]
    assert sql(f"SELECT count(*) FROM {table} WHERE {column} = ?", new) == [(1,)]


@POSTGRESQL_ONLY
def test_on_conflict_of_the_id_updates_the_row_with_the_email(
    shop: None, app_sql: Sql, sql: Sql
) -> None:
    app_sql(
        "INSERT INTO contacts (email_address, first_name) VALUES ('ada@example.com', 'Upserted')"
        " ON CONFLICT (id) DO UPDATE SET first_name = excluded.first_name"
    )

    assert sql.outbox() == [("update", "contacts", 5, {"first_name": ["Ada", "Upserted"]})]


@SQLITE_ONLY
def test_an_ignored_insert_leaves_no_trace(shop: None, sql: Sql) -> None:
    before = sql("SELECT * FROM cf_meta ORDER BY key")

    sql("INSERT OR IGNORE INTO contacts (email_address) VALUES ('ada@example.com')")

    assert sql("SELECT * FROM cf_meta ORDER BY key") == before
    assert sql("SELECT count(*) FROM cf_replaced") == [(0,)]


def test_what_only_clickfunnels_can_know_is_not_refused(
    shop: None, daemon: Daemon, app_sql: Sql, sql: Sql
) -> None:
    daemon("workspaces", {"id": 11, "workspace_id": 11})
    daemon("contacts", {"id": 8, "workspace_id": 10, "tag_ids": [77]})
    statements = [
        "UPDATE contacts SET email_address = 'Ada@example.com' WHERE id = 5",
        "UPDATE contacts SET email_address = 'bob@example.com' WHERE id = 5",  # to merge the two
        "UPDATE contacts SET email_address = NULL WHERE id IN (5, 6)",
        "UPDATE contacts SET tag_ids = '[77, 1]' WHERE id = 8",  # it has the unknown one already
        "INSERT INTO contacts (workspace_id, email_address) VALUES (11, 'bob@example.com')",
        "INSERT INTO contact_tags (workspace_id, name) VALUES (11, 'vip')",
        "INSERT INTO enrollments (contact_id, course_id) VALUES (950000000000000, 5)",
        "UPDATE products SET image_ids = '[5, 950000000000000]'",
        "INSERT INTO submissions (form_id, workspace_id) VALUES (4711, 10)",  # no form is known yet
    ]

    for statement in statements:
        app_sql(statement)

    assert len(sql.outbox()) == 10


ELSEWHERE = [
    ("contacts", "first_name", "INSERT INTO enrollments (contact_id, course_id) VALUES ({}, 5)"),
    ("contact_tags", "name", "UPDATE contacts SET tag_ids = '[1, 2, {}]' WHERE id = 5"),
    (
        "courses",
        "title",
        "INSERT INTO enrollments (workspace_id, contact_id, course_id) VALUES (10, 5, {})",
    ),
]


@pytest.mark.parametrize(("table", "column", "statement"), ELSEWHERE)
def test_a_new_row_of_another_workspace_is_refused_like_one_of_clickfunnels(
    shop: None, daemon: Daemon, app_sql: Sql, sql: Sql, table: str, column: str, statement: str
) -> None:
    daemon("workspaces", {"id": 11, "workspace_id": 11})
    app_sql(f"INSERT INTO {table} (workspace_id, {column}) VALUES (11, 'X'), (10, 'Y')")
    ids = sql(f"SELECT id FROM {table} WHERE {column} IN ('X', 'Y') ORDER BY workspace_id")
    (here,), (elsewhere,) = ids

    with pytest.raises(Exception, match=f"no such row in {table} of this workspace"):
        app_sql(statement.format(elsewhere))
    app_sql(statement.format(here))

    assert len(sql.outbox()) == 3


def test_pulled_contacts_may_have_the_same_email_for_a_moment(
    shop: None, daemon: Daemon, app_sql: Sql, sql: Sql
) -> None:
    daemon("contacts", {"id": 6, "workspace_id": 10, "email_address": "ada@example.com"})
    daemon("contacts", {"id": 7, "workspace_id": 10, "email_address": "ada@example.com"})

    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = 6")

    assert sql.outbox() == [("update", "contacts", 6, {"first_name": [None, "X"]})]
    assert json.dumps(sql("SELECT id FROM contacts ORDER BY id")) == "[[5], [6], [7]]"


@POSTGRESQL_ONLY
@pytest.mark.parametrize(("table", "column", "known", "new"), KNOWN)
def test_a_known_value_under_an_id_that_no_row_has_names_the_column_and_its_row(
    shop: None, app_sql: Sql, sql: Sql, table: str, column: str, known: str, new: str
) -> None:
    holder = sql(f"SELECT id FROM {table} WHERE lower({column}) = lower(?)", known)[0][0]

    with pytest.raises(psycopg.errors.UniqueViolation) as caught:
        app_sql(f"INSERT INTO {table} (id, {column}) VALUES (77, ?)", known)

    assert f"another row has this {column}; " in str(caught.value)
    assert f"its id is {holder}" in str(caught.value)


@pytest.mark.parametrize(("table", "column", "known", "new"), KNOWN)
def test_a_known_value_under_an_id_that_has_changed_names_the_way_to_the_new_id(
    shop: None, app_sql: Sql, sql: Sql, table: str, column: str, known: str, new: str
) -> None:
    sql("INSERT INTO cf_ids (resource, local_id, id) VALUES (?, 950000000000001, 5)", table)

    with pytest.raises(Exception, match="exists in ClickFunnels now, and the row's id is"):
        app_sql(f"INSERT INTO {table} (id, {column}) VALUES (950000000000001, ?)", known)


def test_a_chosen_id_leaves_room_for_those_that_the_database_gives(
    shop: None, app_sql: Sql, sql: Sql
) -> None:
    with pytest.raises(Exception, match="an id that you choose is 989999999999999 at the most"):
        app_sql("INSERT INTO contacts (id, first_name) VALUES (999999999999999, 'X')")
    app_sql("INSERT INTO contacts (id, first_name) VALUES (989999999999999, 'X')")
    app_sql("INSERT INTO contacts (first_name) VALUES ('Y')")

    assert max(row[2] for row in sql.outbox()) < 10**15
