"""A transaction of a user stays open: passes end without it, and its edit arrives afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from cfsync.sync.report import Report
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Sql
from tests.push.checks import differences, settled
from tests.push.conftest import Account

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def busy(app_sql: Sql) -> Iterator[Sql]:
    """Another connection, whose transaction stays open."""
    user = app_sql.again()
    yield user
    user.conn.close()


def passes(account: Account) -> list[Report]:
    """A pass that waited for a lock would find it held at every try, and be stopped."""
    return [account.push(), account.pull("contacts"), account.sweep("contacts")]


@POSTGRESQL_ONLY
def test_passes_go_round_a_row_that_somebody_holds(
    account: Account, app_sql: Sql, busy: Sql, contact: int
) -> None:
    other = account.ids_of("contacts")[2]
    with busy.transaction():
        busy("UPDATE contacts SET first_name = 'Held' WHERE id = ?", contact)
        for number in range(3):
            app_sql("UPDATE contacts SET first_name = ? WHERE id = ?", f"Free {number}", other)
            account.world.edit("contacts", contact, last_name=f"Theirs {number}")
            pushed, pulled, swept = passes(account)

            assert (account.world.get("contacts", other) or {})["first_name"] == f"Free {number}"
            assert [r.state for r in (pushed, pulled, swept)] == ["done"] * 3
            assert pulled.counts["contacts"]["busy"]
            assert account.states() == ["done"] * (number + 1)

    assert account.pull("contacts").exit_code == 0
    assert account.push().exit_code == 0
    settled(account, "contacts", contact)
    shown = account.world.get("contacts", contact) or {}
    assert (shown["first_name"], shown["last_name"]) == ("Held", "Theirs 2")


@POSTGRESQL_ONLY
def test_an_older_edit_of_a_row_that_somebody_holds_waits_for_him(
    account: Account, app_sql: Sql, busy: Sql, contact: int
) -> None:
    app_sql("UPDATE contacts SET phone_number = '7' WHERE id = ?", contact)
    with busy.transaction():
        busy("UPDATE contacts SET first_name = 'Held' WHERE id = ?", contact)
        for _ in range(3):
            passes(account)
            assert account.states() == ["pending"]
            assert account.world.ledger.writes() == []

    account.push()
    assert [e.fields for e in account.world.ledger.writes()] == [
        {"first_name": "Held", "phone_number": "7"}
    ]
    settled(account, "contacts", contact)


@POSTGRESQL_ONLY
def test_a_delete_and_an_insert_that_commit_late_arrive_late(
    account: Account, busy: Sql, contact: int
) -> None:
    with busy.transaction():
        busy("DELETE FROM contacts WHERE id = ?", contact)
        busy("INSERT INTO contacts (first_name, email_address) VALUES ('Late', 'l@example.com')")
        for number in range(2):
            account.world.create("contacts", account.workspace, first_name=f"n{number}")
            assert [r.state for r in passes(account)] == ["done"] * 3
        assert account.world.get("contacts", contact) is not None

    account.push()
    names = [r["first_name"] for r in account.world.records("contacts", account.workspace)]
    assert account.world.get("contacts", contact) is None
    assert names.count("Late") == 1
    assert account.ids_of("contacts") == account.world.ids("contacts", account.workspace)


def test_somebody_who_only_reads_holds_up_nobody(
    account: Account, app_sql: Sql, busy: Sql, contact: int
) -> None:
    busy("BEGIN")
    before = busy("SELECT first_name, last_name FROM contacts WHERE id = ?", contact)
    app_sql("UPDATE contacts SET first_name = 'New' WHERE id = ?", contact)
    account.world.edit("contacts", contact, last_name="Theirs")

    assert [r.state for r in passes(account)] == ["done"] * 3

    settled(account, "contacts", contact)
    if account.mirror.dialect.name == "sqlite":
        assert busy("SELECT first_name, last_name FROM contacts WHERE id = ?", contact) == before
    busy("COMMIT")


@SQLITE_ONLY
def test_a_write_lock_of_the_file_is_waited_for_and_its_edit_arrives(
    account: Account, busy: Sql, contact: int
) -> None:
    """There is one write lock for the whole file: nobody can go round it, and nothing is lost."""
    busy("BEGIN IMMEDIATE")
    busy("UPDATE contacts SET first_name = 'Held' WHERE id = ?", contact)
    account.world.edit("contacts", contact, last_name="Theirs")
    threading.Timer(1.0, lambda: busy("COMMIT")).start()

    assert account.pull("contacts").state == "done"
    assert account.push().state == "done"

    settled(account, "contacts", contact)
    assert differences(account, "contacts", contact) == []
    shown = account.world.get("contacts", contact) or {}
    assert (shown["first_name"], shown["last_name"]) == ("Held", "Theirs")
