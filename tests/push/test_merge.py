"""Both sides change a record: nothing is overwritten unseen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.push.checks import (
    conflicts,
    differences,
    in_clickfunnels,
    in_mirror,
    sent,
    settled,
)
from tests.push.conftest import Account


def test_changes_of_different_fields_on_both_sides_are_both_kept(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.edit("contacts", contact, last_name="Theirs")
    app_sql("UPDATE contacts SET first_name = 'Ours' WHERE id = ?", contact)

    account.push()

    assert sent(account) == [("update", {"first_name": "Ours"})]
    assert in_mirror(account, contact, "last_name") == "Theirs"
    assert conflicts(account) == []
    settled(account, "contacts", contact)


def test_the_same_change_on_both_sides_needs_no_call(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.edit("contacts", contact, first_name="Same")
    app_sql("UPDATE contacts SET first_name = 'Same' WHERE id = ?", contact)

    assert account.push().exit_code == 0
    assert sent(account) == []
    settled(account, "contacts", contact)


FUTURE, PAST = "2099-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("policy", "changed_at", "winner"),
    [
        ("clickfunnels", FUTURE, "clickfunnels"),
        ("local", FUTURE, "local"),
        ("newest", FUTURE, "clickfunnels"),
        ("newest", PAST, "local"),
    ],
)
def test_the_policy_decides_who_wins_a_field_that_both_sides_changed(
    account: Account,
    app_sql: Any,
    contact: int,
    names: tuple[str, str],
    policy: str,
    changed_at: str,
    winner: str,
) -> None:
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = policy
    account.world.edit("contacts", contact, first_name="Theirs", updated_at=changed_at)
    app_sql("UPDATE contacts SET first_name = 'Ours' WHERE id = ?", contact)

    report = account.push()

    won = {"clickfunnels": "Theirs", "local": "Ours"}[winner]
    assert in_clickfunnels(account, contact) == won
    assert in_mirror(account, contact) == won
    assert sent(account) == ([("update", {"first_name": "Ours"})] if winner == "local" else [])
    assert conflicts(account) == [("first_name", names[0], "Ours", "Theirs", winner)]
    assert report.exit_code == 5
    assert account.states() == ["done"]


def test_hold_sends_everything_but_the_field_in_conflict_until_a_human_decides(
    account: Account, app_sql: Any, contact: int, names: tuple[str, str]
) -> None:
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = "hold"
    account.world.edit("contacts", contact, first_name="Theirs")
    app_sql("UPDATE contacts SET first_name = 'Ours', phone_number = '1' WHERE id = ?", contact)

    assert account.push().exit_code == 5
    assert sent(account) == [("update", {"phone_number": "1"})]
    assert conflicts(account) == [("first_name", names[0], "Ours", "Theirs", "hold")]

    app_sql("UPDATE contacts SET last_name = 'More' WHERE id = ?", contact)
    account.pull()
    account.push()
    account.push()
    account.sweep("contacts")

    assert sent(account)[1:] == [("update", {"last_name": "More"})]
    assert in_clickfunnels(account, contact) == "Theirs"
    assert in_mirror(account, contact) == "Ours"
    assert "pending" in account.states()

    account.sql("UPDATE cf_conflicts SET state = 'resolved'")
    account.push()
    assert sent(account)[2:] == [("update", {"first_name": "Ours"})]
    settled(account, "contacts", contact)


def test_a_pull_decides_a_conflict_as_the_push_would(
    account: Account, app_sql: Any, contact: int, names: tuple[str, str]
) -> None:
    account.world.edit("contacts", contact, first_name="Theirs")
    app_sql("UPDATE contacts SET first_name = 'Ours', phone_number = '1' WHERE id = ?", contact)

    account.pull()
    account.push()

    assert sent(account) == [("update", {"phone_number": "1"})]
    assert conflicts(account) == [("first_name", names[0], "Ours", "Theirs", "clickfunnels")]
    assert in_mirror(account, contact) == "Theirs"


def test_tags_that_each_side_added_are_kept(account: Account, app_sql: Any, contact: int) -> None:
    one, two, three = account.ids_of("contact_tags")
    app_sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", f"[{one}]", contact)
    account.push()
    account.world.create("contact_applied_tags", contact, tag_id=two)
    app_sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", f"[{three}]", contact)

    account.push()

    assert account.tags(contact) == [two, three]
    assert conflicts(account) == []
    settled(account, "contacts", contact)


def test_attributes_are_merged_key_by_key(account: Account, app_sql: Any, contact: int) -> None:
    account.world.edit("contacts", contact, custom_attributes={"a": "1", "b": "1", "c": "1"})
    account.pull()
    account.world.edit(
        "contacts", contact, custom_attributes={"a": "2", "b": "1", "c": "theirs", "d": "1"}
    )
    app_sql(
        "UPDATE contacts SET custom_attributes = ? WHERE id = ?",
        '{"a": "1", "b": "3", "c": "ours"}',
        contact,
    )

    account.push()

    assert sent(account) == [
        ("update", {"custom_attributes": {"a": "2", "b": "3", "c": "theirs", "d": "1"}})
    ]
    assert conflicts(account) == [("custom_attributes.c", "1", "ours", "theirs", "clickfunnels")]
    assert differences(account, "contacts", contact) == []


@pytest.mark.parametrize(
    ("theirs", "sends", "conflict"),
    [
        ("1", [("update", {"custom_attributes": {"coat_size": "ours"}})], []),
        ("2", [], [("custom_attributes.coat_size", "1", "ours", "2", "clickfunnels")]),
    ],
)
def test_another_spelling_of_an_attribute_is_a_change_of_it(
    account: Account, app_sql: Any, contact: int, theirs: str, sends: Any, conflict: Any
) -> None:
    """Wherever the database puts it: PostgreSQL has it first."""
    account.world.edit("contacts", contact, custom_attributes={"coat_size": "1"})
    account.pull()
    account.world.edit("contacts", contact, custom_attributes={"coat_size": theirs})
    app_sql(
        "UPDATE contacts SET custom_attributes = ? WHERE id = ?",
        '{"Coat Size": "ours", "coat_size": "1"}',
        contact,
    )

    account.push()

    assert sent(account) == sends
    assert conflicts(account) == conflict
    settled(account, "contacts", contact)


def test_an_insert_of_an_email_that_clickfunnels_has_sends_its_values_and_keeps_the_others(
    account: Account, app_sql: Any
) -> None:
    there = account.world.create(
        "contacts",
        account.workspace,
        email_address="there@example.com",
        first_name="Theirs",
        last_name="Kept",
        custom_attributes={"a": "1"},
    )
    app_sql(
        "INSERT INTO contacts (email_address, first_name, phone_number, custom_attributes)"
        " VALUES ('There@example.com', 'Ours', '1', ?)",
        '{"b": "2"}',
    )

    report = account.push()

    assert [verb for verb, _ in sent(account)] == ["upsert"]
    shown = account.world.get("contacts", there) or {}
    assert (shown["first_name"], shown["last_name"]) == ("Ours", "Kept")
    assert shown["custom_attributes"] == {"a": "1", "b": "2"}
    assert shown["email_address"] == "there@example.com"  # nobody has edited it
    assert conflicts(account) == [("first_name", None, "Ours", "Theirs", "local")]
    assert report.exit_code == 5
    assert account.column("SELECT id FROM contacts WHERE id >= 900000000000000") == []
    assert differences(account, "contacts", there) == []


def test_a_delete_of_a_record_that_changed_there_is_a_conflict(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.edit("contacts", contact, first_name="Theirs")
    app_sql("DELETE FROM contacts WHERE id = ?", contact)

    report = account.push()

    assert sent(account) == []
    assert account.states() == ["held"]
    assert [(f, winner) for f, *_, winner in conflicts(account)] == [("", "hold")]
    assert report.exit_code == 5


def test_a_pull_does_not_bring_back_a_row_whose_delete_is_pending(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("DELETE FROM contacts WHERE id = ?", contact)

    account.sweep("contacts")

    assert contact not in account.ids_of("contacts")
    account.push()
    assert sent(account) == [("delete", {})]


def test_a_changed_copy_of_another_record_is_no_conflict(account: Account, app_sql: Any) -> None:
    (order,) = account.column("SELECT min(id) FROM orders")
    contact = account.one("SELECT contact_id FROM orders WHERE id = ?", order)
    account.world.edit("contacts", contact, first_name="Renamed")
    app_sql("UPDATE orders SET notes = 'n' WHERE id = ?", order)

    account.push()

    assert sent(account) == [("update", {"notes": "n"})]
    assert conflicts(account) == []


def test_an_edit_of_a_field_whose_value_no_column_can_hold_waits_for_a_human(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.edit("contacts", contact, first_name="a\0b")
    account.pull()
    assert in_mirror(account, contact) is None
    app_sql("UPDATE contacts SET first_name = 'Ours', last_name = 'Sent' WHERE id = ?", contact)

    report = account.push()

    assert sent(account) == [("update", {"last_name": "Sent"})]
    assert account.states() == ["parked", "done"]
    assert report.exit_code == 5
