"""Conflicts: what is chosen reaches the row, and ClickFunnels by the next push."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cfsync.errors import UsageError
from cfsync.records import is_provisional
from cfsync.sync.decisions import conflicts, outbox
from tests.push.conftest import Account


def clash(account: Account, contact: int, *, policy: str = "clickfunnels") -> int:
    """Both sides rename a contact; the conflict's number."""
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = policy
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.push()
    (conflict,) = account.desk(conflicts.open_conflicts)
    assert (conflict.field, conflict.local, conflict.remote) == ("first_name", "Here", "There")
    return int(conflict.id)


def name_here(account: Account, contact: int) -> Any:
    return account.one("SELECT first_name FROM contacts WHERE id = ?", contact)


def name_there(account: Account, contact: int) -> Any:
    return account.world.get("contacts", contact)["first_name"]


def resolve(account: Account, number: int, choice: str, value: Any = None) -> Any:
    done = account.desk(conflicts.resolve, number, choice, value)
    assert account.one("SELECT state FROM cf_conflicts WHERE id = ?", number) == "resolved"
    return done


@pytest.mark.parametrize("policy", ["clickfunnels", "local", "hold"])
@pytest.mark.parametrize(
    ("choice", "value", "wanted"),
    [("local", None, "Here"), ("remote", None, "There"), ("value", "Both", "Both")],
)
def test_the_choice_is_on_both_sides_after_the_next_push(
    account, contact, policy, choice, value, wanted
):
    number = clash(account, contact, policy=policy)

    resolve(account, number, choice, value)
    report = account.push()

    assert (name_here(account, contact), name_there(account, contact)) == (wanted, wanted)
    assert (report.exit_code, account.desk(conflicts.open_conflicts)) == (0, [])
    assert account.push().quiet


def test_what_is_resolved_for_clickfunnels_needs_no_call(account, contact):
    number = clash(account, contact, policy="hold")
    account.world.ledger.clear()

    resolve(account, number, "remote")
    account.push()

    assert account.writes() == []
    assert account.states() == ["discarded"]


def test_the_other_fields_of_the_edit_stay(account, contact):
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = "hold"
    account.sql("UPDATE contacts SET first_name = 'Here', last_name = 'X' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.pull()
    (conflict,) = account.desk(conflicts.open_conflicts)

    resolve(account, conflict.id, "remote")
    account.push()

    there = account.world.get("contacts", contact)
    assert (there["first_name"], there["last_name"]) == ("There", "X")


def test_clickfunnels_value_of_now_is_taken_not_that_of_then(account, contact):
    number = clash(account, contact)
    account.world.edit("contacts", contact, first_name="Later")
    account.pull()

    resolve(account, number, "remote")

    assert name_here(account, contact) == "Later"


def test_one_attribute_of_many_is_resolved(account, contact):
    account.world.edit("contacts", contact, custom_attributes={"size": "1", "hat": "red"})
    account.pull()
    ours = json.dumps({"size": "2", "hat": "green"})
    account.sql("UPDATE contacts SET custom_attributes = ? WHERE id = ?", ours, contact)
    account.world.edit("contacts", contact, custom_attributes={"size": "3", "hat": "red"})
    account.push()
    (conflict,) = account.desk(conflicts.open_conflicts)
    assert conflict.field == "custom_attributes.size"

    resolve(account, conflict.id, "local")
    account.push()

    assert account.world.get("contacts", contact)["custom_attributes"] == {
        "size": "2",
        "hat": "green",
    }


@pytest.mark.parametrize(
    ("choice", "value", "said"),
    [
        ("value", {"x": 7}, "contacts.first_name is text: no such value"),
        ("value", ["x"], "contacts.first_name is text: no such value"),
    ],
)
def test_a_value_that_the_field_can_not_have_is_refused(account, contact, choice, value, said):
    number = clash(account, contact)

    with pytest.raises(UsageError) as refused:
        account.desk(conflicts.resolve, number, choice, value)

    assert str(refused.value) == said
    assert len(account.desk(conflicts.open_conflicts)) == 1


def test_unknown_and_resolved_conflicts_are_named(account, contact):
    number = clash(account, contact)
    resolve(account, number, "remote")

    with pytest.raises(UsageError, match=f"conflict {number} is resolved already"):
        account.desk(conflicts.resolve, number, "local")
    with pytest.raises(UsageError, match="there is no conflict 99"):
        account.desk(conflicts.resolve, 99, "local")


# a record that ClickFunnels deleted while it was edited here


def orphan(account: Account, contact: int) -> int:
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.delete("contacts", contact)
    assert account.push().exit_code == 5
    (conflict,) = account.desk(conflicts.open_conflicts)
    assert conflict.kind == "deleted_remotely"
    return int(conflict.id)


def test_a_record_that_is_gone_is_created_anew(account, contact):
    email = account.one("SELECT email_address FROM contacts WHERE id = ?", contact)
    number = orphan(account, contact)
    account.sql(
        "INSERT INTO fulfillments (contact_id, location_id,"
        " included_orders_invoices_line_items_attributes)"
        ' SELECT ?, id, \'[{"id": 1, "quantity": 1}]\' FROM fulfillment_locations',
        contact,
    )

    done = resolve(account, number, "local")
    assert is_provisional(done.record_id)
    account.push()

    new_id = account.one("SELECT id FROM contacts WHERE email_address = ?", email)
    assert new_id > contact
    assert account.world.get("contacts", new_id)["first_name"] == "Here"
    sent_for = account.one(
        "SELECT contact_id FROM fulfillments WHERE id = (SELECT max(id) FROM fulfillments)"
    )
    assert sent_for == new_id
    assert account.column("SELECT id FROM contacts WHERE id = ?", contact) == []
    assert (
        account.column("SELECT id FROM cf_base WHERE id = ? AND resource = 'contacts'", contact)
        == []
    )
    assert account.sweep().exit_code == 0
    assert account.push().quiet


def test_a_record_that_is_gone_leaves_the_mirror(account, contact):
    number = orphan(account, contact)

    resolve(account, number, "remote")

    assert account.column("SELECT id FROM contacts WHERE id = ?", contact) == []
    assert account.states() == ["discarded"]
    assert (
        account.one("SELECT state FROM cf_tombstones WHERE record_id = ?", contact) == "confirmed"
    )
    assert account.sweep().exit_code == 0


def test_a_sweep_that_finds_it_gone_first_asks_the_same(account, contact):
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.delete("contacts", contact)
    account.sweep()
    (conflict,) = account.desk(conflicts.open_conflicts)

    resolve(account, conflict.id, "local")
    account.push()

    assert len(account.column("SELECT id FROM contacts WHERE first_name = 'Here'")) == 1
    assert account.sweep().exit_code == 0


def test_an_order_can_not_be_created_anew(account):
    order = account.column("SELECT id FROM orders WHERE payment_processor = 'stripe'")[0]
    account.sql("UPDATE orders SET notes = 'x' WHERE id = ?", order)
    account.world.delete("orders", order)
    account.push()
    (conflict,) = account.desk(conflicts.open_conflicts)

    with pytest.raises(UsageError, match="orders can't be created: other orders are made by"):
        account.desk(conflicts.resolve, conflict.id, "local")


@pytest.mark.parametrize("work", [outbox.approve, outbox.discard])
def test_its_edits_are_decided_by_the_conflict_alone(account, contact, work):
    number = orphan(account, contact)

    with pytest.raises(UsageError, match=f"cfsync conflicts resolve {number} --local | --remote"):
        account.desk(work, ["1"])


# a row that was deleted here while ClickFunnels changed the record


def clash_with_delete(account: Account, contact: int) -> int:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    assert account.push().exit_code == 5
    assert account.states() == ["held"]
    (conflict,) = account.desk(conflicts.open_conflicts)
    return int(conflict.id)


def test_a_delete_in_conflict_goes_when_it_is_chosen(account, contact):
    number = clash_with_delete(account, contact)

    resolve(account, number, "local")
    report = account.push()

    assert report.exit_code == 0
    assert account.world.get("contacts", contact) is None


def test_a_delete_in_conflict_goes_when_it_is_approved(account, contact):
    clash_with_delete(account, contact)

    account.desk(outbox.approve, ["1"])

    assert account.push().exit_code == 0
    assert account.world.get("contacts", contact) is None


def test_a_delete_in_conflict_is_not_approved_with_the_masses(account, contact):
    clash_with_delete(account, contact)

    with pytest.raises(UsageError, match="no edit of contacts waits held"):
        account.desk(outbox.approve, ["contacts"])


def test_the_row_comes_back_when_clickfunnels_is_chosen(account, contact):
    number = clash_with_delete(account, contact)

    resolve(account, number, "remote")

    assert name_here(account, contact) == "There"
    assert account.states() == ["discarded"]
    assert account.push().quiet
    assert account.pull().exit_code == 0


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (orphan, "deleted in ClickFunnels while it was edited here"),
        (clash_with_delete, "changed in ClickFunnels since it was deleted here"),
    ],
)
def test_a_dispute_about_a_record_is_one_thing_that_waits(account, contact, make, reason):
    number = make(account, contact)

    assert account.sql("SELECT kind, id, reason, command FROM cf_waiting") == [
        ("conflict", contact, reason, f"cfsync conflicts resolve {number}")
    ]


# a record that has changed since its conflict was found


@pytest.mark.parametrize("policy", ["clickfunnels", "local", "hold"])
@pytest.mark.parametrize(("choice", "value"), [("local", None), ("value", "Both")])
def test_a_value_that_the_conflict_does_not_show_is_not_overwritten(
    account, contact, policy, choice, value
):
    number = clash(account, contact, policy=policy)
    if policy == "local":  # a further change there would end the conflict
        account.sql("UPDATE contacts SET first_name = 'Later' WHERE id = ?", contact)
        account.push()
    else:
        account.world.edit("contacts", contact, first_name="Later")
        account.pull()

    changed = account.desk(conflicts.resolve, number, choice, value)

    assert isinstance(changed, conflicts.Changed)
    assert (changed.was.id, changed.now.remote) == (number, "Later")
    account.push()
    assert name_there(account, contact) == "Later"
    resolve(account, changed.now.id, choice, value)
    account.push()
    assert name_there(account, contact) == (value or changed.now.local)


@pytest.mark.parametrize("choice", ["local", "remote"])
def test_an_edit_made_since_is_not_overwritten(account, contact, choice):
    number = clash(account, contact)
    account.sql("UPDATE contacts SET first_name = 'Mine' WHERE id = ?", contact)

    changed = account.desk(conflicts.resolve, number, choice)

    assert isinstance(changed, conflicts.Changed)
    assert (changed.was.local, changed.now.local, changed.now.remote) == ("Here", "Mine", "There")
    assert name_here(account, contact) == "Mine"
    resolve(account, number, choice)
    account.push()
    wanted = "Mine" if choice == "local" else "There"
    assert (name_here(account, contact), name_there(account, contact)) == (wanted, wanted)


def test_a_change_that_nobody_has_read_yet_is_not_overwritten_either(account, contact):
    number = clash(account, contact, policy="hold")
    account.world.edit("contacts", contact, first_name="Later")

    resolve(account, number, "local")
    account.push()

    assert name_there(account, contact) == "Later"
    (conflict,) = account.desk(conflicts.open_conflicts)
    assert (conflict.local, conflict.remote) == ("Here", "Later")


def test_the_choice_for_a_delete_is_asked_again_after_a_further_change(account, contact):
    number = clash_with_delete(account, contact)
    account.world.edit("contacts", contact, last_name="Later")
    account.pull()

    changed = account.desk(conflicts.resolve, number, "local")

    assert isinstance(changed, conflicts.Changed)
    assert account.states() == ["held"]
    resolve(account, changed.now.id, "local")
    account.push()
    assert account.world.get("contacts", contact) is None
