"""Rows that are too large, ids that nobody can have, emails that are taken, references to nothing:
refused at once or parked with a reason, and nobody waits for them. `tests/scenarios` has the rest.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest

from cfsync.api.retry import Retry
from cfsync.mirror.capture.rules import parents
from cfsync.resources import RESOURCES
from tests.conftest import Sql
from tests.push.checks import differences, sent, settled
from tests.push.conftest import Account

ERRORS: Any = (sqlite3.Error, psycopg.Error)
MOST_PASSES = 10
NO_IDS = {
    "zero": "0",
    "2**53 + 1": "9007199254740993",
    "2**63 - 1": "9223372036854775807",
    "2**63": "9223372036854775808",
    "a word": "'x'",
    "a fraction": "1.5",
    "NULL": "NULL",
}


def is_refused(sql: Sql, statement: str) -> bool:
    try:
        sql(statement)
    except ERRORS:
        return True
    return False


def what_waits(account: Account) -> list[tuple[Any, ...]]:
    return account.sql(
        "SELECT record_id, state, error FROM cf_outbox WHERE state <> 'done' ORDER BY seq"
    )


@pytest.mark.parametrize("number", NO_IDS.values(), ids=list(NO_IDS))
def test_an_id_that_nobody_can_have_is_refused_in_every_table(
    account: Account, sql: Sql, number: str
) -> None:
    for table, resource in RESOURCES.items():
        above = "".join(f', "{n}"' for n in parents(resource) if resource.insert)
        row = f"SELECT {number}{above} FROM {table} LIMIT 1"
        before = sql(f"SELECT * FROM {table} ORDER BY id")
        left_out = number == "NULL" and sql.is_sqlite  # there an id that is NULL is given
        if before:
            assert left_out or is_refused(sql, f"INSERT INTO {table} (id{above}) {row}"), table
            assert is_refused(sql, f"UPDATE {table} SET id = {number}"), table
            assert is_refused(sql, f"UPDATE {table} SET id = -id"), table
        assert sql(f"SELECT * FROM {table} ORDER BY id") == before

    assert account.states() == []


def test_a_chosen_id_may_be_any_provisional_one(account: Account, app_sql: Sql) -> None:
    for number in (900_000_000_000_500, 950_000_000_000_000, 989_999_999_999_999):
        app_sql("INSERT INTO contacts (id, last_name) VALUES (?, 'Own')", number)
        app_sql("UPDATE contacts SET first_name = 'Very' WHERE id = ?", number)

    account.push()

    made = account.column(
        "SELECT id FROM contacts WHERE first_name = 'Very' AND id < 900000000000000"
    )
    assert len(made) == 3
    settled(account, "contacts", made[0])


def test_an_email_that_is_taken_is_refused_here_or_there_and_makes_no_second_contact(
    account: Account, app_sql: Sql
) -> None:
    before = account.world.ids("contacts", account.workspace)
    first, second = account.ids_of("contacts")[1:3]
    taken = account.one("SELECT email_address FROM contacts WHERE id = ?", first)
    insert = "INSERT INTO contacts (id, email_address) VALUES"
    assert is_refused(app_sql, f"{insert} (950000000000001, '{taken.upper()}')")
    assert is_refused(
        app_sql,
        f"{insert} (950000000000001, 'new@example.com'), (950000000000002, 'NEW@example.com')",
    )
    app_sql("UPDATE contacts SET email_address = ? WHERE id = ?", taken, second)
    for email in (f"{taken} ", f" {taken}", f"{taken}@"):
        assert is_refused(app_sql, f"{insert} (950000000000003, '{email}')")
    app_sql(f"{insert} (950000000000003, 'nobody@nowhere')")

    account.push()

    assert what_waits(account) == [
        (second, "parked", "email_address has already been taken"),
        (950000000000003, "parked", "email_address is invalid"),
    ]
    assert account.world.ids("contacts", account.workspace) == before


def test_an_upper_case_that_the_database_does_not_know_makes_no_second_contact(
    account: Account, app_sql: Sql
) -> None:
    """SQLite knows that of ASCII alone: there ClickFunnels tells that the two are one."""
    before = len(account.world.ids("contacts", account.workspace))
    insert = "INSERT INTO contacts (email_address) VALUES"

    app_sql(f"{insert} ('\u00e4da@example.com')")
    refused = is_refused(app_sql, f"{insert} ('\u00c4DA@example.com')")
    account.push()

    assert refused == (account.mirror.dialect.name == "postgresql")
    assert set(account.states()) == {"done"}
    assert len(account.world.ids("contacts", account.workspace)) == before + 1
    assert len(account.ids_of("contacts")) == len(account.world.ids("contacts", account.workspace))


def test_ten_megabytes_are_sent_and_shown_the_same_or_parked(
    account: Account, app_sql: Sql
) -> None:
    large = "x" * 10 * 2**20
    text, attribute, good = account.ids_of("contacts")[:3]
    app_sql("UPDATE contacts SET first_name = ? WHERE id = ?", large, text)
    attributes = f'{{"a": "{large}"}}'
    app_sql("UPDATE contacts SET custom_attributes = ? WHERE id = ?", attributes, attribute)
    app_sql("UPDATE contacts SET first_name = 'Good' WHERE id = ?", good)

    account.push()

    ((record, state, why),) = what_waits(account)
    assert (record, state) == (text, "parked")
    assert "too long" in why
    assert account.world.get("contacts", attribute)["custom_attributes"]["a"] == large
    assert differences(account, "contacts", attribute) == []
    assert account.world.get("contacts", good)["first_name"] == "Good"


@pytest.mark.parametrize("look", ["the body", "the address"])
def test_what_is_too_large_for_whoever_stands_before_clickfunnels_is_parked_at_once(
    account: Account, app_sql: Sql, look: str
) -> None:
    contact, good = account.ids_of("contacts")[:2]
    if look == "the body":
        account.world.fault("html_413", method="PUT", path=f"contacts/{contact}", times=None)
        app_sql("UPDATE contacts SET first_name = 'Large' WHERE id = ?", contact)
    else:
        account.world.fault("html_413", method="GET", path="large@example", times=None)
        app_sql("INSERT INTO contacts (email_address) VALUES ('large@example.com')")
    app_sql("UPDATE contacts SET first_name = 'Good' WHERE id = ?", good)

    account.push()

    ((_, state, why),) = what_waits(account)
    assert (state, why) == ("parked", "too large for ClickFunnels (413)")
    assert sent(account) == [("update", {"first_name": "Good"})]


@pytest.mark.parametrize("size", [8_000, 100_000])
def test_an_email_that_no_url_can_hold_is_parked_at_once_and_ends_no_push(
    account: Account, app_sql: Sql, size: int
) -> None:
    good = account.ids_of("contacts")[0]
    app_sql("INSERT INTO contacts (email_address) VALUES (?)", "x" * size + "@example.com")
    app_sql("UPDATE contacts SET first_name = 'Good' WHERE id = ?", good)

    account.push()

    ((_, state, why),) = what_waits(account)
    assert (state, why) == ("parked", "too long for a URL")
    assert sent(account) == [("update", {"first_name": "Good"})]


def test_an_email_that_the_cdn_never_lets_through_waits_ten_passes_and_no_longer(
    account: Account, app_sql: Sql
) -> None:
    account.world.fault("html_403", method="GET", path="evil", times=None)
    account.retry = Retry(attempts=1)
    good = account.ids_of("contacts")[0]
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000007, 'evil@example.com')")

    for turn in range(MOST_PASSES):
        assert account.states()[0] == "pending"
        app_sql("UPDATE contacts SET last_name = ? WHERE id = ?", str(turn), good)
        account.push("contacts")
        assert set(account.states()[1:]) == {"done"}

    ((record, state, why),) = what_waits(account)
    assert (record, state) == (950000000000007, "parked")
    assert why.startswith("given up after 10 attempts: ClickFunnels' CDN answered")


def test_a_reference_to_what_nobody_has_inserted_waits_ten_passes_and_no_longer(
    account: Account, app_sql: Sql
) -> None:
    submission = account.ids_of("submissions")[0]
    app_sql("UPDATE submissions SET contact_id = 950000000000077 WHERE id = ?", submission)

    for _ in range(MOST_PASSES - 1):
        account.push()
        assert what_waits(account) == [
            (submission, "pending", "waits for contacts 950000000000077")
        ]
    account.push()

    words = "refers to contacts 950000000000077, which nobody has inserted"
    assert what_waits(account) == [(submission, "parked", words)]
    assert sent(account) == []


def test_a_reference_to_what_is_inserted_later_is_sent_with_it(
    account: Account, app_sql: Sql
) -> None:
    submission = account.ids_of("submissions")[0]
    app_sql("UPDATE submissions SET contact_id = 950000000000077 WHERE id = ?", submission)
    account.push()

    app_sql("INSERT INTO contacts (id, last_name) VALUES (950000000000077, 'Late')")
    account.push()

    made = account.one("SELECT id FROM contacts WHERE last_name = 'Late'")
    assert account.world.get("submissions", submission)["contact_id"] == made > 0
    assert set(account.states()) == {"done"}
