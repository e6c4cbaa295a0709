"""What the convergence machine has found, each case by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.push.checks import conflicts
from tests.push.conftest import Account
from tests.scenarios.conftest import Play
from tests.scenarios.stage import Setup


@pytest.fixture
def account(machine_on: Play) -> Iterator[Account]:
    with machine_on("sqlite", Setup()) as machine:
        yield machine.account


def test_tags_of_an_insert_whose_answer_was_lost_and_tags_given_since_are_added_to_those_there(
    account: Account,
) -> None:
    theirs, first, later = account.ids_of("contact_tags")
    contact = account.world.create(
        "contacts", account.workspace, email_address="twin@example.com", tag_ids=[theirs]
    )
    account.sql(
        "INSERT INTO contacts (email_address, first_name, tag_ids)"
        f" VALUES ('twin@example.com', 'Ada', '[{first}]')"
    )
    account.world.fault("reset_after", method="POST", path="upsert")
    account.push()
    account.sql(
        'UPDATE contacts SET tag_ids = ?, custom_attributes = \'{"hat": "7"}\''
        " WHERE id >= 900000000000000",
        json.dumps([first, later]),
    )

    account.push()
    account.push()

    assert account.tags(contact) == [theirs, first, later]


def test_a_tag_taken_away_after_an_answer_was_lost_that_had_brought_it_is_taken_away(
    account: Account,
) -> None:
    tag = account.ids_of("contact_tags")[0]
    account.sql(
        "INSERT INTO contacts (email_address, tag_ids) VALUES ('new@example.com', ?)", f"[{tag}]"
    )
    account.world.fault("reset_after", method="POST", path="upsert")
    account.push()
    account.sql("UPDATE contacts SET tag_ids = '[]' WHERE id >= 900000000000000")

    account.push()
    account.push()

    assert account.tags(max(account.ids_of("contacts"))) == []


def test_what_hung_below_a_record_deleted_by_sql_leaves_the_mirror_with_the_next_sweep(
    account: Account,
) -> None:
    account.sql("DELETE FROM forms")
    account.push()

    account.sweep()

    assert account.ids_of("submissions") == []
    stones = "SELECT state FROM cf_tombstones WHERE resource = 'submissions'"
    assert account.column(stones) == ["confirmed", "confirmed"]


def test_an_edit_behind_one_that_is_held_says_for_which_it_waits(account: Account) -> None:
    one, other = account.ids_of("contacts")[:2]
    mail = account.one("SELECT email_address FROM contacts WHERE id = ?", one)
    account.sql("UPDATE contacts SET email_address = 'new@example.com' WHERE id = ?", one)
    account.sql("UPDATE contacts SET email_address = ? WHERE id = ?", mail, other)
    account.world.delete("contacts", one)

    account.push()

    held, waiting = account.sql("SELECT seq, state, error FROM cf_outbox ORDER BY seq")
    assert held[1] == "held"
    reason = f"waits for edit {held[0]}, which touches the same email_address"
    assert waiting[1:] == ("pending", reason)


def test_an_edit_of_a_record_whose_delete_is_held_says_for_what_it_waits(account: Account) -> None:
    contact = account.ids_of("contacts")[0]
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    account.world.fault("reset_before", method="PUT")
    account.push()
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.world.edit("contacts", contact, last_name="Other")

    account.pull()
    account.push()

    edit, delete = account.sql("SELECT seq, state, error FROM cf_outbox ORDER BY seq")
    assert delete[1:] == ("held", "changed in ClickFunnels since it was deleted here")
    assert edit[1:] == ("sending", f"waits for edit {delete[0]}")


def test_copies_of_other_records_are_refreshed_in_a_row_whose_edit_waits(account: Account) -> None:
    contact = account.ids_of("contacts")[0]
    tag = account.tags(contact)[0]
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    account.world.edit("contact_tags", tag, name="Gold")

    account.sweep()

    tags = account.one("SELECT tags FROM contacts WHERE id = ?", contact)
    assert "Gold" in [shown["name"] for shown in json.loads(tags)]
    assert account.column("SELECT first_name FROM contacts WHERE id = ?", contact) == ["Eve"]


def test_edits_of_both_rows_of_a_record_that_a_pull_was_faster_to_bring_are_merged(
    account: Account,
) -> None:
    account.sql(
        "INSERT INTO contacts (email_address, first_name, custom_attributes)"
        " VALUES ('new@example.com', 'Ada', '{\"hat\": \"1\"}')"
    )
    account.world.fault("reset_after", method="POST", path="upsert")
    account.push()
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id >= 900000000000000")
    account.sql(
        'UPDATE contacts SET custom_attributes = \'{"hat": "2"}\' WHERE id >= 900000000000000'
    )
    account.pull("contacts")
    contact = max(account.ids_of("contacts"))
    account.sql(
        "UPDATE contacts SET first_name = 'Zoe', custom_attributes = ? WHERE id = ?",
        '{"hat": "1", "shoe": "3"}',
        contact,
    )

    account.push()
    account.push()

    shown = account.world.get("contacts", contact) or {}
    assert shown["custom_attributes"] == {"hat": "2", "shoe": "3"}
    assert shown["first_name"] == "Zoe"
    assert ("first_name", "Ada", "Eve", "Zoe", "clickfunnels") in conflicts(account)


def test_what_somebody_changed_in_a_new_record_before_its_lost_answer_was_found_is_kept(
    account: Account,
) -> None:
    account.sql("INSERT INTO contact_tags (name, color) VALUES ('VIP', '#111111')")
    account.world.fault("reset_after", method="POST")
    account.push()
    tag = max(account.world.ids("contact_tags", account.workspace))
    account.world.edit("contact_tags", tag, color="#222222")
    account.sql("UPDATE contact_tags SET color = '#333333' WHERE id >= 900000000000000")

    account.push()
    account.push()

    assert account.column("SELECT color FROM contact_tags WHERE id = ?", tag) == ["#222222"]
    assert conflicts(account) == [("color", "#111111", "#333333", "#222222", "clickfunnels")]
