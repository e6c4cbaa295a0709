"""Several edits of one row become one call, or none."""

from __future__ import annotations

from typing import Any

from tests.push.checks import (
    sent,
    settled,
)
from tests.push.conftest import Account


def test_an_edit_that_is_taken_back_before_the_push_needs_no_call(
    account: Account, app_sql: Any, contact: int, names: tuple[str, str]
) -> None:
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    app_sql("UPDATE contacts SET first_name = ? WHERE id = ?", names[0], contact)

    account.push()

    assert sent(account) == []
    settled(account, "contacts", contact)


def test_several_edits_of_a_row_are_one_call(account: Account, app_sql: Any, contact: int) -> None:
    app_sql("UPDATE contacts SET first_name = 'A' WHERE id = ?", contact)
    app_sql("UPDATE contacts SET first_name = 'B', last_name = 'C' WHERE id = ?", contact)
    app_sql("UPDATE contacts SET phone_number = '1' WHERE id = ?", contact)

    account.push()

    assert sent(account) == [("update", {"first_name": "B", "last_name": "C", "phone_number": "1"})]
    settled(account, "contacts", contact)


def test_an_insert_and_its_delete_need_no_call(account: Account, app_sql: Any) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000005, 'new@example.com')")
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = 950000000000005")
    app_sql("DELETE FROM contacts WHERE id = 950000000000005")

    account.push()

    assert sent(account) == []
    assert set(account.states()) == {"done"}


def test_an_insert_and_its_updates_are_one_create(account: Account, app_sql: Any) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000005, 'new@example.com')")
    app_sql(
        "UPDATE contacts SET first_name = 'X', email_address = 'n@example.com'"
        " WHERE id = 950000000000005"
    )
    app_sql("UPDATE contacts SET last_name = 'Y' WHERE id = 950000000000005")

    account.push()

    assert sent(account) == [
        ("upsert", {"email_address": "n@example.com", "first_name": "X", "last_name": "Y"})
    ]
    assert set(account.states()) == {"done"}


def test_an_update_and_a_delete_are_one_delete(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    app_sql("DELETE FROM contacts WHERE id = ?", contact)

    account.push()

    assert sent(account) == [("delete", {})]
    assert account.states() == ["done", "done"]
