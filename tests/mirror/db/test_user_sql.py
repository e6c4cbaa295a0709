"""A person's statement: it reads and can't write, or it writes and its edits are captured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cfsync.errors import CfsyncError, UsageError
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.dialect import user_sql
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Sql


@pytest.fixture
def url(mirror_url: str) -> str:
    """As a role that may do anything at all."""
    return mirror_url.replace("cfsync_daemon@", "postgres@")


def _nothing(_: user_sql.Answer) -> None:
    """What is called before the commit."""


def rows(url: str, statement: str, *, write: bool = False) -> list[tuple[Any, ...]]:
    with user_sql.run(place_of(url), statement, _nothing if write else None) as answer:
        return [tuple(row) for row in answer.rows]


COMMON = [
    "UPDATE contacts SET first_name = 'X'",
    "DELETE FROM contacts",
    "SELECT 1; DELETE FROM contacts",
    "SELECT 1; COMMIT; DELETE FROM contacts",
    "COMMIT; DELETE FROM contacts",
    "/* */ COMMIT; DELETE FROM contacts",
    "-- SELECT\nDELETE FROM contacts",
    "WITH x AS (SELECT 1) DELETE FROM contacts",
    "EXPLAIN SELECT 1; DELETE FROM contacts",
    "CREATE TABLE mine (a INT)",
    "CREATE TEMP TABLE mine (a INT)",
    "DROP TABLE contacts",
    "BEGIN",
]
SQLITE = [
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "ATTACH '{folder}/made.db' AS made",
    "ATTACH 'file:{folder}/made.db?mode=rwc' AS made",
    "VACUUM INTO '{folder}/made.db'",
    "SELECT load_extension('{folder}/made')",
    "SAVEPOINT s",
    "REINDEX",
]
POSTGRESQL = [
    "WITH x AS (DELETE FROM contacts RETURNING id) SELECT * FROM x",
    "EXPLAIN ANALYZE DELETE FROM contacts",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT set_config('transaction_read_only', 'off', true) FROM contacts",
    "SET TRANSACTION READ WRITE",
    "DO $$ BEGIN DELETE FROM contacts; END $$",
    "DO $$ BEGIN COMMIT; DELETE FROM contacts; END $$",
    "/**/ DO $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM contacts; END $$",
    "COPY contacts TO '{folder}/made.db'",
    "/* /* */ SELECT */ COPY contacts TO '{folder}/made.db'",
    "--\rCOPY contacts TO '{folder}/made.db' /*\nSELECT */",
    "SHOW ALL; COPY contacts TO '{folder}/made.db'",
    "SELECT nextval('contacts_id_seq')",
    "SELECT * FROM contacts FOR UPDATE",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT id INTO mine FROM contacts",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM contacts'",
    "CLOSE cfsync_rows; DELETE FROM contacts",
]


def refused(url: str, statement: str, sql: Sql, folder: Path) -> None:
    folder.chmod(0o777)
    before = sql("SELECT id, first_name FROM contacts")
    with pytest.raises(UsageError):
        rows(url, statement.format(folder=folder))

    assert sql("SELECT id, first_name FROM contacts") == before
    assert sql("SELECT count(*) FROM cf_outbox") == [(0,)]
    assert "made.db" not in {path.name for path in folder.iterdir()}
    with pytest.raises(Exception, match="mine"):
        sql("SELECT 1 FROM mine")


@pytest.mark.parametrize("statement", COMMON)
def test_what_would_write_is_refused(
    statement: str, ada: int, url: str, sql: Sql, tmp_path: Path
) -> None:
    refused(url, statement, sql, tmp_path)


@SQLITE_ONLY
@pytest.mark.parametrize("statement", SQLITE)
def test_what_would_write_is_refused_by_sqlite(
    statement: str, ada: int, url: str, sql: Sql, tmp_path: Path
) -> None:
    refused(url, statement, sql, tmp_path)


@POSTGRESQL_ONLY
@pytest.mark.parametrize("statement", POSTGRESQL)
def test_what_would_write_is_refused_by_postgresql(
    statement: str, ada: int, url: str, sql: Sql, tmp_path: Path
) -> None:
    refused(url, statement, sql, tmp_path)


@POSTGRESQL_ONLY
def test_a_table_that_explain_makes_is_not_left(url: str, sql: Sql) -> None:
    rows(url, "EXPLAIN (ANALYZE) CREATE TABLE mine AS SELECT 1")

    assert sql("SELECT to_regclass('mine')") == [(None,)]


def test_a_query_gives_its_columns_and_rows(ada: int, url: str) -> None:
    place = place_of(url)
    query = "SELECT id, first_name AS name, NULL AS empty FROM contacts;"
    with user_sql.run(place, query) as answer:
        assert list(answer.columns) == ["id", "name", "empty"]
        assert [tuple(row) for row in answer.rows] == [(ada, "Ada", None)]
    assert rows(url, "EXPLAIN SELECT 1")
    assert rows(url, "WITH x AS (SELECT 1) SELECT * FROM x") == [(1,)]


@SQLITE_ONLY
def test_a_pragma_that_describes_is_let_through(url: str) -> None:
    assert rows(url, "PRAGMA table_info(contacts)")[0][1] == "id"


@pytest.mark.parametrize(
    "statement", ["SELECT nope FROM contacts", "SELCT 1", "", "SELECT '\0'", "SELECT '\ud800'"]
)
def test_an_error_is_one_line(statement: str, url: str) -> None:
    with pytest.raises(UsageError) as refusal:
        rows(url, statement)

    assert len(str(refusal.value).splitlines()) == 1


def test_many_rows_come_one_after_the_other(url: str) -> None:
    query = (
        "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 2500)"
        " SELECT n FROM s"
    )
    with user_sql.run(place_of(url), query) as answer:
        taken = [next(answer.rows)[0] for _ in range(2)]
        assert taken + [n for (n,) in answer.rows] == list(range(1, 2501))


def edited(url: str, statement: str) -> tuple[int, Sequence[user_sql.Edits]]:
    with user_sql.run(place_of(url), statement, _nothing) as answer:
        pass
    return answer.changed, answer.edits


def test_what_is_written_is_captured_and_counted(ada: int, mirror_url: str, sql: Sql) -> None:
    changed, edits = edited(mirror_url, "UPDATE contacts SET first_name = 'Sql'")

    assert changed == 1
    assert [(e.resource, e.count) for e in edits] == [("contacts", 1)]
    assert sql.outbox() == [("update", "contacts", ada, {"first_name": ["Ada", "Sql"]})]
    assert edited(mirror_url, "UPDATE contacts SET first_name = 'Sql'") == (1, [])


def test_a_write_to_a_view_is_not_said_to_change_no_row(ada: int, mirror_url: str) -> None:
    """SQLite doesn't count what a view's triggers write."""
    insert = f"INSERT INTO contact_tag_links (contact_id, tag_id) VALUES ({ada}, 7)"
    delete = "DELETE FROM contact_tag_links WHERE tag_id = 7"
    for statement in (insert, delete):
        changed, edits = edited(mirror_url, statement)
        assert (changed != 0, [(e.resource, e.count) for e in edits]) == (True, [("contacts", 1)])
    assert edited(mirror_url, delete) == (0, [])


def test_a_write_that_meets_only_known_rows_has_changed_none(ada: int, mirror_url: str) -> None:
    again = "INSERT INTO contacts (id) SELECT id FROM contacts WHERE true ON CONFLICT DO NOTHING"

    assert edited(mirror_url, again) == (0, [])


def test_rows_that_a_write_returns_are_read_before_the_commit(
    ada: int, mirror_url: str, sql: Sql
) -> None:
    assert rows(mirror_url, "DELETE FROM contacts RETURNING id", write=True) == [(ada,)]
    assert sql("SELECT count(*) FROM contacts") == [(0,)]


def test_a_write_that_is_refused_leaves_nothing(ada: int, mirror_url: str, sql: Sql) -> None:
    for statement in (
        "UPDATE contacts SET uuid = 'x', first_name = 'X'",
        "UPDATE contacts SET first_name = 'X'; UPDATE contacts SET last_name = 'X'",
    ):
        with pytest.raises(UsageError):
            edited(mirror_url, statement)
    with (
        pytest.raises(ZeroDivisionError),
        user_sql.run(place_of(mirror_url), "UPDATE contacts SET first_name = 'X'", _nothing),
    ):
        raise ZeroDivisionError

    assert sql("SELECT first_name FROM contacts") == [("Ada",)]
    assert sql.outbox() == []


def test_a_write_waits_for_nobody_for_ever(ada: int, mirror_url: str, sql: Sql) -> None:
    sql.conn.execute("BEGIN")
    sql("UPDATE contacts SET first_name = 'Held' WHERE id = ?", ada)

    with pytest.raises(CfsyncError) as busy:
        edited(mirror_url, "UPDATE contacts SET first_name = 'X'")

    assert busy.value.exit_code == 4
    sql.conn.execute("ROLLBACK")
