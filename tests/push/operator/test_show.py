"""Show: a record for people, with what is related to it and what it waits for."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.errors import UsageError
from cfsync.sync.inspection.show import Nothing, Several, Shown, show
from tests.push.conftest import Account


def shown(account: Account, table: str, wanted: object) -> Any:
    return account.desk(show, account.configured(), table, str(wanted))


def test_a_contact_is_found_by_id_public_id_and_email_in_any_case(account, contact):
    query = "SELECT public_id, email_address FROM contacts WHERE id = ?"
    ((public_id, email),) = account.sql(query, contact)

    for wanted in (contact, public_id, email, email.upper()):
        found = shown(account, "contacts", wanted)
        assert isinstance(found, Shown)
        assert found.id == contact
        assert found.fields["email_address"] == email


def test_related_records_are_listed_in_both_directions(account):
    order = account.ids_of("orders")[-1]
    contact = account.one("SELECT contact_id FROM orders WHERE id = ?", order)
    tag = account.ids_of("contact_tags")[0]
    account.world.edit("contacts", contact, tag_ids=[tag])
    account.pull("contacts")
    invoices = account.column("SELECT id FROM order_invoices WHERE order_id = ?", order)

    of_order = {(r.resource, r.field): r for r in shown(account, "orders", order).related}
    of_contact = {(r.resource, r.field): r for r in shown(account, "contacts", contact).related}
    of_tag = {(r.resource, r.field): r for r in shown(account, "contact_tags", tag).related}

    to_contact = of_order["contacts", "contact_id"]
    assert (to_contact.refers_here, to_contact.count) == (False, 1)
    assert to_contact.records[0]["id"] == contact
    assert of_order["order_invoices", "order_id"].count == len(invoices)
    orders = of_contact["orders", "contact_id"]
    assert (orders.refers_here, orders.records[0]["id"]) == (True, order)
    assert [t["name"] for t in of_contact["contact_tags", "tag_ids"].records]
    tagged = of_tag["contacts", "tag_ids"]
    assert contact in {one["id"] for one in tagged.records}
    assert tagged.count == account.one(
        "SELECT count(*) FROM contact_tag_links WHERE tag_id = ?", tag
    )


def test_of_many_records_that_refer_here_the_newest_are_shown_and_all_counted(account):
    related = shown(account, "workspaces", account.workspace).related
    contacts = next(r for r in related if r.resource == "contacts")

    assert contacts.count == len(account.ids_of("contacts"))
    assert [one["id"] for one in contacts.records] == account.ids_of("contacts")[:-4:-1]
    assert "workspaces" not in {r.resource for r in related if r.refers_here}


def test_several_records_of_one_name_are_all_named(account):
    account.sql("UPDATE products SET name = 'Book'")

    found = shown(account, "products", "book")

    assert isinstance(found, Several)
    assert [one["id"] for one in found.matches] == account.ids_of("products")


def test_an_edit_and_a_conflict_are_named_with_the_command_that_helps(account, contact):
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    assert [w.command for w in shown(account, "contacts", contact).waits] == [
        "cfsync plan contacts"
    ]
    account.world.edit("contacts", contact, first_name="There")
    account.push()

    assert [w.command for w in shown(account, "contacts", contact).waits] == [
        "cfsync conflicts resolve 1"
    ]


def test_a_parked_edit_is_named_with_what_helps(account, contact):
    account.world.fault("status", method="PUT", path="contacts", status=422)
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()

    (wait,) = shown(account, "contacts", contact).waits

    assert wait.command == "change the row, or cfsync outbox discard 1"


def test_a_record_that_is_not_there_has_its_reason_and_what_was_perhaps_meant(account, contact):
    email = account.one("SELECT email_address FROM contacts WHERE id = ?", contact)
    order = account.ids_of("orders")[0]
    likely = shown(account, "contacts", email.replace("@", "@@"))
    elsewhere = shown(account, "contacts", order)
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    waiting = shown(account, "contacts", contact)
    account.push()
    gone = shown(account, "contacts", contact)

    for found in (likely, elsewhere, waiting, gone):
        assert isinstance(found, Nothing)
    assert contact in {one["id"] for one in likely.alike}
    assert "@" not in likely.why
    assert f"did you mean `cfsync show orders {order}`?" in elsewhere.why
    assert "cfsync plan" in waiting.why
    assert f"cfsync undelete contacts {contact}" in gone.why


def test_an_unknown_resource_is_corrected(account):
    with pytest.raises(UsageError, match=r"no resource 'order'; did you mean orders\?"):
        shown(account, "order", 1)
