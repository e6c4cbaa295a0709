"""Triggers of the user's own, beside those that capture his edits."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest

from cfsync.mirror.migrate import migrate
from tests.conftest import Sql
from tests.mirror.conftest import Daemon

REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError)
FIRST_ID = 900_000_000_000_001
CHOSEN = 950_000_000_000_001


def trigger(sql: Sql, name: str, event: str, body: str, when: str = "1 = 1") -> None:
    """A trigger on contacts for each row; by name it runs before or after ours on PostgreSQL."""
    if sql.is_sqlite:
        sql(f"CREATE TRIGGER {name} {event} ON contacts WHEN {when} BEGIN {body}; END")
        return
    sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN {body}; RETURN NULL; END $$"
    )
    sql(
        f"CREATE TRIGGER {name} {event} ON contacts FOR EACH ROW WHEN ({when})"
        f" EXECUTE FUNCTION {name}()"
    )


def upgrade(sql: Sql) -> None:
    """Ours are dropped and created anew, as an upgrade does: on SQLite that changes the order."""
    sql("DELETE FROM cf_meta WHERE key = 'capture'")
    owner = sql.url.replace("cfsync_daemon@", "postgres@")
    assert migrate(owner).changed


@pytest.mark.parametrize("is_older", [False, True])
@pytest.mark.parametrize("name", ["a_tidy", "z_tidy"])
def test_a_trigger_may_update_the_row_that_was_just_inserted(
    workspace: int, sql: Sql, app_sql: Sql, name: str, is_older: bool
) -> None:
    tidy = "UPDATE contacts SET first_name = upper(first_name) WHERE id = NEW.id"
    trigger(sql, name, "AFTER INSERT", tidy)
    if is_older:
        upgrade(sql)

    app_sql("INSERT INTO contacts (first_name, last_name) VALUES ('ada', 'L'), ('bob', 'M')")

    edits = sql.outbox()
    for row_id, first, last in ((FIRST_ID, "ada", "L"), (FIRST_ID + 1, "bob", "M")):
        assert [e[0] for e in edits if e[2] == row_id] == ["insert", "update"]
        insert, update = (e[3] for e in edits if e[2] == row_id)
        given = {"workspace_id": 10, "first_name": first, "last_name": last}
        assert insert == {name: [None, value] for name, value in given.items()}
        assert update == {"first_name": [first, first.upper()]}
    assert sql("SELECT DISTINCT workspace_id FROM cf_outbox") == [(workspace,)]
    assert sql("SELECT first_name FROM contacts ORDER BY id") == [("ADA",), ("BOB",)]


def test_an_id_that_was_used_before_is_still_refused(workspace: int, sql: Sql) -> None:
    sql("INSERT INTO contacts (id, first_name) VALUES (?, 'A')", CHOSEN)
    sql("UPDATE contacts SET first_name = 'B'")
    sql("DELETE FROM contacts")
    sql("UPDATE cf_outbox SET state = 'discarded'")

    with pytest.raises(REFUSED, match="contacts: this id was used before; leave id out"):
        sql("INSERT INTO contacts (id) VALUES (?)", CHOSEN)


def test_a_provisional_id_that_has_become_a_real_one_is_refused_with_the_way_to_it(
    ada: int, sql: Sql, app_sql: Sql
) -> None:
    sql("INSERT INTO cf_ids (resource, local_id, id) VALUES ('contacts', ?, ?)", CHOSEN, ada)
    words = (
        f"exists in ClickFunnels now, and the row's id is {'in cf_ids' if sql.is_sqlite else ada}"
    )

    with pytest.raises(REFUSED, match=words):
        app_sql("INSERT INTO contacts (id, first_name) VALUES (?, 'X')", CHOSEN)


def test_a_trigger_sees_that_cfsync_is_writing(
    workspace: int, daemon: Daemon, sql: Sql, app_sql: Sql
) -> None:
    is_writing = "cf_is_writing()"
    if sql.is_sqlite:
        is_writing = "(SELECT is_writing FROM cf_is_writing)"
    tidy = "UPDATE contacts SET first_name = upper(first_name) WHERE id = NEW.id"
    trigger(sql, "a_tidy", "AFTER INSERT", tidy, f"NOT {is_writing}")
    upgrade(sql)

    daemon("contacts", {"id": 5, "workspace_id": 10, "first_name": "theirs"})
    app_sql("INSERT INTO contacts (first_name) VALUES ('mine')")

    assert sql("SELECT first_name FROM contacts ORDER BY id") == [("theirs",), ("MINE",)]
    assert [edit[2] for edit in sql.outbox()] == [FIRST_ID, FIRST_ID]
