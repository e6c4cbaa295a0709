"""Both sides change a record: nothing is overwritten unseen, nothing sent that need not be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.push.checks import conflicts, differences, during_the_call, json_of, sent, settled
from tests.push.conftest import Account


@pytest.fixture
def names(account: Account, contact: int) -> tuple[str, str]:
    first, last = account.sql("SELECT first_name, last_name FROM contacts WHERE id = ?", contact)[0]
    return first, last


def in_clickfunnels(account: Account, contact: int, field: str = "first_name") -> Any:
    return (account.world.get("contacts", contact) or {})[field]


def in_mirror(account: Account, contact: int, field: str = "first_name") -> Any:
    return account.one(f"SELECT {field} FROM contacts WHERE id = ?", contact)


def test_both_sides_change_other_fields_and_both_stay(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.edit("contacts", contact, last_name="Theirs")
    app_sql("UPDATE contacts SET first_name = 'Ours' WHERE id = ?", contact)

    account.push()

    assert sent(account) == [("update", {"first_name": "Ours"})]
    assert in_mirror(account, contact, "last_name") == "Theirs"
    assert conflicts(account) == []
    settled(account, "contacts", contact)


def test_both_sides_make_the_same_change_and_no_call_is_made(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.edit("contacts", contact, first_name="Same")
    app_sql("UPDATE contacts SET first_name = 'Same' WHERE id = ?", contact)

    assert account.push().exit_code == 0
    assert sent(account) == []
    settled(account, "contacts", contact)


def test_an_edit_that_is_taken_back_before_the_push_is_no_call(
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
def test_both_sides_change_a_field_and_the_policy_names_the_winner(
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


def test_a_pull_in_between_decides_as_the_push_would(
    account: Account, app_sql: Any, contact: int, names: tuple[str, str]
) -> None:
    account.world.edit("contacts", contact, first_name="Theirs")
    app_sql("UPDATE contacts SET first_name = 'Ours', phone_number = '1' WHERE id = ?", contact)

    account.pull()
    account.push()

    assert sent(account) == [("update", {"phone_number": "1"})]
    assert conflicts(account) == [("first_name", names[0], "Ours", "Theirs", "clickfunnels")]
    assert in_mirror(account, contact) == "Theirs"


def test_tags_of_both_sides_stay(account: Account, app_sql: Any, contact: int) -> None:
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


def test_a_normalised_answer_is_not_sent_again(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql(
        "UPDATE contacts SET custom_attributes = ? WHERE id = ?",
        '{"Favourite Hat": "bowler", "shoe": null}',
        contact,
    )

    assert account.push().exit_code == 0
    assert len(sent(account)) == 1
    stored = account.one("SELECT custom_attributes FROM contacts WHERE id = ?", contact)
    assert json_of(account, stored)["favourite_hat"] == "bowler"
    assert "Favourite Hat" not in json_of(account, stored)
    settled(account, "contacts", contact)


def test_another_form_of_what_was_sent_is_taken_and_not_sent_again(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.fault("body", method="PUT", fields={"phone_number": "+1 555"})
    app_sql("UPDATE contacts SET phone_number = '1-555' WHERE id = ?", contact)

    report = account.push()

    assert report.counts["contacts"]["normalised"] == 1
    assert report.exit_code == 0
    assert in_mirror(account, contact, "phone_number") == "+1 555"
    account.world.edit("contacts", contact, phone_number="+1 555")
    account.push()
    assert len(sent(account)) == 1
    app_sql("UPDATE contacts SET phone_number = '2' WHERE id = ?", contact)
    account.push()
    assert sent(account)[1:] == [("update", {"phone_number": "2"})]


def test_a_200_that_changed_nothing_shows_the_servers_value_and_keeps_ours(
    account: Account, app_sql: Any, contact: int, names: tuple[str, str]
) -> None:
    account.world.fault("body", method="PUT", fields={"first_name": names[0]})
    app_sql("UPDATE contacts SET first_name = 'Ours', last_name = 'Taken' WHERE id = ?", contact)

    report = account.push()

    assert report.exit_code == 5
    assert report.counts["contacts"]["ignored"] == 1
    assert in_mirror(account, contact) == names[0]
    assert in_mirror(account, contact, "last_name") == "Taken"
    assert conflicts(account) == [("first_name", names[0], "Ours", names[0], "clickfunnels")]
    assert account.states() == ["done"]
    account.push()
    assert len(sent(account)) == 1


def test_an_edit_of_the_field_while_the_call_is_out_is_kept_and_sent_next(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'One' WHERE id = ?", contact)

    during_the_call(
        account, lambda: app_sql("UPDATE contacts SET first_name = 'Two' WHERE id = ?", contact)
    )

    assert in_mirror(account, contact) == "Two"
    assert in_clickfunnels(account, contact) == "One"
    account.push()
    assert sent(account) == [("update", {"first_name": "One"}), ("update", {"first_name": "Two"})]
    assert conflicts(account) == []
    settled(account, "contacts", contact)


def test_an_edit_of_another_field_while_the_call_is_out_is_kept_and_sent_next(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'One' WHERE id = ?", contact)

    during_the_call(
        account, lambda: app_sql("UPDATE contacts SET last_name = 'Two' WHERE id = ?", contact)
    )
    account.push()

    assert sent(account) == [("update", {"first_name": "One"}), ("update", {"last_name": "Two"})]
    settled(account, "contacts", contact)


def test_a_change_in_clickfunnels_that_the_answer_shows_is_taken(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'Ours' WHERE id = ?", contact)
    account.world.fault("body", method="PUT", fields={"last_name": "Theirs"})
    account.world.edit("contacts", contact, last_name="Theirs")

    account.push()

    assert in_mirror(account, contact, "last_name") == "Theirs"
    settled(account, "contacts", contact)


def test_a_row_that_is_edited_while_its_create_is_out_keeps_the_edit(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (-5, 'new@example.com')")

    during_the_call(
        account,
        lambda: app_sql("UPDATE contacts SET first_name = 'Late' WHERE id = -5"),
        method="POST",
    )
    account.push()

    (record,) = account.column("SELECT id FROM cf_ids")
    assert sent(account) == [
        ("upsert", {"email_address": "new@example.com"}),
        ("update", {"first_name": "Late"}),
    ]
    settled(account, "contacts", record)


def test_a_row_that_is_deleted_while_its_create_is_out_is_deleted_by_its_real_id(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contact_tags (id, name) VALUES (-5, 'VIP')")

    during_the_call(
        account, lambda: app_sql("DELETE FROM contact_tags WHERE id = -5"), method="POST"
    )
    account.push()

    assert [verb for verb, _ in sent(account)] == ["create", "delete"]
    (record,) = account.column("SELECT id FROM cf_ids")
    assert account.world.get("contact_tags", record) is None
    assert record not in account.ids_of("contact_tags")
    assert set(account.states()) == {"done"}


def test_an_insert_and_its_delete_are_nothing(account: Account, app_sql: Any) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (-5, 'new@example.com')")
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = -5")
    app_sql("DELETE FROM contacts WHERE id = -5")

    account.push()

    assert sent(account) == []
    assert set(account.states()) == {"done"}


def test_an_insert_and_its_updates_are_one_create(account: Account, app_sql: Any) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (-5, 'new@example.com')")
    app_sql("UPDATE contacts SET first_name = 'X', email_address = 'n@example.com' WHERE id = -5")
    app_sql("UPDATE contacts SET last_name = 'Y' WHERE id = -5")

    account.push()

    assert sent(account) == [
        ("upsert", {"email_address": "n@example.com", "first_name": "X", "last_name": "Y"})
    ]
    assert set(account.states()) == {"done"}


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
    assert ("first_name", None, "Ours", "Theirs", "local") in conflicts(account)
    assert report.exit_code == 5
    assert account.column("SELECT id FROM contacts WHERE id < 0") == []
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


def test_a_pending_delete_stands_for_its_row_when_a_pull_reads_the_record(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("DELETE FROM contacts WHERE id = ?", contact)

    account.sweep("contacts")

    assert contact not in account.ids_of("contacts")
    account.push()
    assert sent(account) == [("delete", {})]


def test_an_update_and_a_delete_are_one_delete(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    app_sql("DELETE FROM contacts WHERE id = ?", contact)

    account.push()

    assert sent(account) == [("delete", {})]
    assert account.states() == ["done", "done"]


def test_copies_of_other_records_never_count(account: Account, app_sql: Any) -> None:
    (order,) = account.column("SELECT min(id) FROM orders")
    contact = account.one("SELECT contact_id FROM orders WHERE id = ?", order)
    account.world.edit("contacts", contact, first_name="Renamed")
    app_sql("UPDATE orders SET notes = 'n' WHERE id = ?", order)

    account.push()

    assert sent(account) == [("update", {"notes": "n"})]
    assert conflicts(account) == []


def test_an_edit_of_a_value_that_no_column_holds_waits_for_a_human(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.edit("contacts", contact, first_name="a\0b")
    account.pull()
    assert in_mirror(account, contact) is None
    app_sql("UPDATE contacts SET first_name = 'Ours', last_name = 'Sent' WHERE id = ?", contact)

    report = account.push()

    assert sent(account) == [("update", {"last_name": "Sent"})]
    assert account.states() == ["parked"]
    assert report.exit_code == 5
