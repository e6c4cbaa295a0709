"""On PostgreSQL, tables, columns and views have comments."""

from __future__ import annotations

import pytest

from cfsync.mirror.capture import comments
from cfsync.mirror.migrate import migrate
from tests.conftest import POSTGRESQL_ONLY, Sql

pytestmark = POSTGRESQL_ONLY

TABLE = "SELECT obj_description(?::text::regclass)"
COLUMN = (
    "SELECT col_description(?::text::regclass, attnum) FROM pg_attribute"
    " WHERE attrelid = ?::text::regclass AND attname = ?"
)


def test_every_table_column_and_view_has_one(sql: Sql) -> None:
    for (table, column), text in comments.words().items():
        found = sql(COLUMN, table, table, column) if column else sql(TABLE, table)
        assert found == [(text,)]
    assert sql(COLUMN, "enrollments", "enrollments", "course_id") == [
        ("integer; id of courses; can be written by INSERT",)
    ]


def test_nothing_is_without_one_but_the_columns_of_our_own_tables(sql: Sql) -> None:
    here = "relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
    assert (
        sql(f"SELECT relname FROM pg_class c WHERE {here} AND obj_description(c.oid) IS NULL") == []
    )
    assert (
        sql(
            "SELECT relname, attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid"
            f" WHERE {here} AND attnum > 0 AND NOT attisdropped AND (relkind = 'v'"
            " OR NOT starts_with(relname, 'cf_')) AND col_description(c.oid, attnum) IS NULL"
        )
        == []
    )
    assert sql(COLUMN, "sales", "sales", "email_address") == [("text; contacts.email_address",)]


def test_a_users_own_stays_and_an_earlier_one_is_replaced(
    sql: Sql, mirror_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = mirror_url.replace("cfsync_daemon@", "cfsync_owner@")
    sql("COMMENT ON TABLE contacts IS 'mine'")
    newer = {**comments.words(), ("contacts", ""): "newer", ("orders", ""): "newer"}
    monkeypatch.setattr(comments, "words", lambda: newer)

    assert not migrate(owner).changed

    assert sql(TABLE, "contacts") == [("mine",)]
    assert sql(TABLE, "orders") == [("newer",)]


def test_a_migration_with_no_comment_to_change_needs_no_rights(mirror_url: str) -> None:
    assert not migrate(mirror_url).changed
