"""Passes that run beside each other, and people who edit while they run."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cfsync.mirror.coordination import push_lock
from cfsync.mirror.db.dialect.postgresql import server
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.outgoing import claims, send_journal
from cfsync.resources import RESOURCES
from tests.conftest import POSTGRESQL_ONLY
from tests.push.checks import conflicts, during_the_call, sent, settled
from tests.push.conftest import Account
from tests.push.test_killed import cfsync_push, killed


def verbs(account: Account) -> list[str]:
    return [verb for verb, _ in sent(account)]


def test_two_pushes_at_once_make_one_record_of_each_row(
    account: Account, other: Account, app_sql: Any
) -> None:
    for number in range(6):
        app_sql("INSERT INTO contacts (first_name, last_name) VALUES (?, 'New')", f"n{number}")
    account.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    account.world.fault("slow", method="POST", times=None, seconds=0.1)

    with ThreadPoolExecutor(2) as pool:
        reports = [pool.submit(it.push) for it in (account, other)]
        assert sorted(r.result().exit_code for r in reports) == [0, 4]

    (problem,) = [text for r in reports for text in r.result().problems]
    assert problem == "another process is pushing: contacts"
    assert verbs(account) == ["create"] * 6
    assert set(account.states()) == {"done"}
    assert other.push().quiet


def test_one_who_was_killed_does_not_hold_up_the_next(account: Account, app_sql: Any) -> None:
    app_sql("INSERT INTO contacts (first_name, last_name) VALUES ('Ann', 'New')")
    killed(cfsync_push(account, CFSYNC_CRASH_AT="after_commit/journal"))

    assert account.push().exit_code == 0

    assert verbs(account) == ["create"]


@POSTGRESQL_ONLY
def test_one_who_is_paused_loses_the_turn_and_is_told_when_it_goes_on(
    account: Account, other: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PAUSED_S", 1)
    monkeypatch.setattr(server, "SIGN_S", 2.0)
    lost = asyncio.Event()

    async def both(paused: Mirror, next_one: Mirror) -> list[str]:
        async with push_lock.hold(paused, ["contacts"], lost.set) as mine:
            assert list(mine) == ["contacts"]
            async with push_lock.hold(next_one, ["contacts"], print) as theirs:
                assert list(theirs) == []
            await asyncio.wait_for(lost.wait(), 30)
            async with push_lock.hold(next_one, ["contacts"], print) as theirs:
                return list(theirs)

    assert asyncio.run(both(account.mirror, other.mirror)) == ["contacts"]


def test_what_another_pass_has_journalled_is_not_journalled_again(
    account: Account, other: Account, app_sql: Any
) -> None:
    """Should a turn be lost, as when the database restarts."""
    app_sql("INSERT INTO contacts (id, first_name) VALUES (950000000000001, 'Ann')")
    contacts = RESOURCES["contacts"]
    (mine,) = account.desk(lambda mirror: mirror.write(claims.claim, contacts, [950000000000001]))
    (theirs,) = other.desk(lambda mirror: mirror.write(claims.claim, contacts, [950000000000001]))

    assert account.desk(lambda mirror: mirror.write(send_journal.journal, mine, {}, 1)) is not None
    assert other.desk(lambda mirror: mirror.write(send_journal.journal, theirs, {}, 2)) is None


@pytest.mark.parametrize("batch", ["5", "100"])
def test_deletes_that_are_made_while_a_push_runs_do_not_slip_past_the_guard(
    account: Account, app_sql: Any, batch: str
) -> None:
    new = [account.world.create("contacts", account.workspace, first_name="n") for _ in range(12)]
    account.pull("contacts")
    account.settings |= {"CFSYNC_API__MAX_CONCURRENCY": "1", "CFSYNC_PUSH__BATCH": batch}
    app_sql("UPDATE contacts SET last_name = 'X' WHERE id >= ?", min(new))

    during_the_call(account, lambda: app_sql("DELETE FROM contacts WHERE id >= ?", min(new)))

    assert "delete" not in verbs(account)
    assert account.push().exit_code == 5
    assert "delete" not in verbs(account)
    assert len(account.world.ids("contacts", account.workspace)) >= 12


def test_what_changes_in_clickfunnels_while_others_are_sent_is_seen(
    account: Account, app_sql: Any
) -> None:
    new = [account.world.create("contacts", account.workspace, first_name="n") for _ in range(24)]
    account.pull("contacts")
    account.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    for one in new:
        app_sql("UPDATE contacts SET last_name = 'Ours' WHERE id = ?", one)

    during_the_call(
        account,
        lambda: account.world.edit("contacts", new[-1], last_name="Theirs"),
        seconds=0.2,
    )

    assert conflicts(account) == [("last_name", None, "Ours", "Theirs", "clickfunnels")]
    assert account.one("SELECT last_name FROM contacts WHERE id = ?", new[-1]) == "Theirs"


@POSTGRESQL_ONLY
def test_two_programs_that_insert_one_email_at_once_make_one_contact(
    account: Account, app_sql: Any
) -> None:
    """Neither saw the other's row; where they differ, both values are kept."""
    other = app_sql.again()
    insert = "INSERT INTO contacts (first_name, email_address) VALUES (?, ?)"
    with app_sql.transaction():
        app_sql(insert, "One", "same@example.com")
        other(insert, "Two", "same@example.com")
    other.conn.close()

    account.push()

    assert verbs(account) == ["upsert", "upsert"]
    (row,) = account.sql("SELECT id, first_name FROM contacts WHERE email_address LIKE 'same@%'")
    settled(account, "contacts", row[0])
    ((field, _, *names, winner),) = conflicts(account)
    assert (field, {*names}, winner) == ("first_name", {"One", "Two"}, "local")
