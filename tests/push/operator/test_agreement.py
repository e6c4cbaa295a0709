"""Conflicts that both sides have settled between themselves end without a decision."""

from __future__ import annotations

import json

import pytest

from cfsync.sync.decisions import conflicts
from tests.push.conftest import Account
from tests.push.operator.test_conflicts import clash, clash_with_delete, name_there, orphan


def is_over(account: Account, number: int) -> bool:
    """Whether a conflict has ended, and nothing waits for a person any more."""
    state = account.one("SELECT state FROM cf_conflicts WHERE id = ?", number)
    left = account.desk(conflicts.open_conflicts)
    assert bool(left) == (state == "open")
    return state == "resolved" and account.one("SELECT count(*) FROM cf_waiting") == 0


def write_here(account: Account, contact: int, name: str) -> None:
    account.sql("UPDATE contacts SET first_name = ? WHERE id = ?", name, contact)
    account.push()


def write_there(account: Account, contact: int, name: str) -> None:
    account.world.edit("contacts", contact, first_name=name)
    account.pull()


@pytest.mark.parametrize(
    ("policy", "write", "name"),
    [
        ("hold", write_here, "There"),
        ("hold", write_there, "Here"),
        ("clickfunnels", write_here, "Here"),
        ("clickfunnels", write_here, "Third"),
        ("clickfunnels", write_there, "Here"),
        ("local", write_there, "There"),
        ("local", write_there, "Third"),
    ],
)
def test_a_conflict_ends_when_both_sides_agree(account, contact, policy, write, name):
    number = clash(account, contact, policy=policy)

    write(account, contact, name)

    assert is_over(account, number)
    here = account.one("SELECT first_name FROM contacts WHERE id = ?", contact)
    assert (here, name_there(account, contact)) == (name, name)
    assert account.push().quiet
    assert set(account.states()) == {"done"}


@pytest.mark.parametrize(
    ("policy", "write"), [("clickfunnels", write_there), ("local", write_here)]
)
def test_a_further_change_by_the_winner_leaves_the_lost_value_to_its_owner(
    account, contact, policy, write
):
    number = clash(account, contact, policy=policy)

    write(account, contact, "Later")

    assert not is_over(account, number)


def test_another_field_of_the_record_ends_nothing(account, contact):
    number = clash(account, contact)

    account.sql("UPDATE contacts SET last_name = 'X' WHERE id = ?", contact)
    account.world.edit("contacts", contact, phone_number="+15550102030")
    account.push()

    assert not is_over(account, number)


def test_one_attribute_is_agreed_on(account, contact):
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = "hold"
    account.world.edit("contacts", contact, custom_attributes={"size": "1", "hat": "red"})
    account.pull()
    set_here = "UPDATE contacts SET custom_attributes = ? WHERE id = ?"
    account.sql(set_here, json.dumps({"size": "2", "hat": "green"}), contact)
    account.world.edit("contacts", contact, custom_attributes={"size": "3", "hat": "blue"})
    account.push()
    size = next(c for c in account.desk(conflicts.open_conflicts) if c.field.endswith("size"))

    account.world.edit("contacts", contact, custom_attributes={"size": "2", "hat": "blue"})
    account.pull()

    (left,) = account.desk(conflicts.open_conflicts)
    assert left.field == "custom_attributes.hat"
    assert account.one("SELECT state FROM cf_conflicts WHERE id = ?", size.id) == "resolved"


def test_a_record_that_was_deleted_on_both_sides_is_gone(account, contact):
    number = orphan(account, contact)

    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    report = account.push()

    assert is_over(account, number)
    assert report.exit_code == 0
    assert account.states() == ["discarded", "done"]
    assert account.column("SELECT id FROM cf_base WHERE id = ?", contact) == []
    assert account.sweep().exit_code == 0


@pytest.mark.parametrize("policy", ["delete", "keep"])
def test_a_delete_in_conflict_ends_when_the_record_goes_too(account, contact, policy):
    account.settings["CFSYNC_DELETIONS__ON_REMOTE_DELETE"] = policy
    number = clash_with_delete(account, contact)
    account.sweep()
    assert not is_over(account, number)

    account.world.delete("contacts", contact)
    account.sweep()

    assert is_over(account, number)
    assert account.push().exit_code == 0
    assert account.states() == ["done"]
    assert account.column("SELECT id FROM cf_base WHERE id = ?", contact) == []
    assert account.sweep().exit_code == 0


def test_the_edits_of_a_record_that_is_back_are_sent(account, contact):
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.appear_late("contacts", contact)
    account.world.delete("contacts", contact)
    account.sweep()
    (conflict,) = account.desk(conflicts.open_conflicts)
    assert account.states() == ["held"]

    account.world.appear()
    account.sweep()
    account.push()

    assert is_over(account, conflict.id)
    assert name_there(account, contact) == "Here"


def test_a_delete_in_conflict_stays_one(account, contact):
    number = clash_with_delete(account, contact)

    account.world.edit("contacts", contact, last_name="Later")
    account.pull()

    assert account.one("SELECT state FROM cf_conflicts WHERE id = ?", number) == "superseded"
    assert len(account.desk(conflicts.open_conflicts)) == 1
