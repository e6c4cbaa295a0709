"""Revert takes back what a push wrote, where it still stands, as edits of its own."""

from __future__ import annotations

import json

import pytest

from cfsync.errors import UsageError
from cfsync.mirror import retention
from cfsync.mirror.history.person import person
from cfsync.sync.decisions.revert import revert
from tests.push.conftest import Account


def take_back(account: Account, batch: int):
    return account.desk(revert, batch)


def left(done) -> list[tuple]:
    return [(one.resource, one.record_id, one.field, one.reason) for one in done.left]


def test_fields_get_their_old_values_by_the_next_push(account, contact):
    first, last = account.sql("SELECT first_name, last_name FROM contacts WHERE id = ?", contact)[0]
    account.sql("UPDATE contacts SET first_name = 'X', last_name = NULL WHERE id = ?", contact)
    account.push()

    done = take_back(account, 1)

    assert done.fields == [("contacts", contact, ["first_name", "last_name"])]
    assert (done.left, done.exit_code) == ([], 0)
    account.push()
    there = account.world.get("contacts", contact)
    assert (there["first_name"], there["last_name"]) == (first, last)


def test_its_edits_say_who_had_cfsync_make_them(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()

    take_back(account, 1)

    mine, its = account.sql("SELECT db_user, application FROM cf_outbox ORDER BY seq")
    assert mine == ((None, None) if account.sql.is_sqlite else ("postgres", None))
    assert its == (person(), "cfsync")


def test_a_revert_can_be_reverted(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()
    take_back(account, 1)
    account.push()

    take_back(account, 2)
    account.push()

    assert account.world.get("contacts", contact)["first_name"] == "X"


def test_only_that_batch_is_taken_back(account):
    one, two = account.ids_of("contacts")[:2]
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", one)
    account.push()
    account.sql("UPDATE contacts SET first_name = 'Y' WHERE id = ?", two)
    account.push()

    take_back(account, 1)
    account.push()

    assert account.world.get("contacts", two)["first_name"] == "Y"
    assert account.world.get("contacts", one)["first_name"] != "X"


def test_what_changed_since_is_left_and_listed(account, contact):
    old = account.one("SELECT last_name FROM contacts WHERE id = ?", contact)
    account.sql("UPDATE contacts SET first_name = 'X', last_name = 'Y' WHERE id = ?", contact)
    account.push()
    account.world.edit("contacts", contact, first_name="There")
    account.pull()

    done = take_back(account, 1)

    assert done.fields == [("contacts", contact, ["last_name"])]
    assert left(done) == [("contacts", contact, "first_name", "changed since")]
    assert done.exit_code == 5
    account.push()
    there = account.world.get("contacts", contact)
    assert (there["first_name"], there["last_name"]) == ("There", old)


def test_who_changed_it_since_is_said_where_the_history_knows(account, contact):
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    account.sql(
        "UPDATE contacts SET first_name = 'X', last_name = 'Y', custom_attributes = ? WHERE id = ?",
        json.dumps({"size": "7"}),
        contact,
    )
    account.push()
    (batch,) = account.column("SELECT max(batch) FROM cf_outbox")
    account.world.edit("contacts", contact, first_name="There")
    account.pull()
    account.sql("UPDATE contacts SET last_name = 'Here' WHERE id = ?", contact)

    done = take_back(account, batch)

    mine = "SQL" if account.sql.is_sqlite else "postgres"
    said = {one.field: one.reason for one in done.left}
    assert said.keys() == {"first_name", "last_name"}
    assert said["first_name"].startswith("changed since (in ClickFunnels, 20")
    assert said["last_name"].startswith(f"changed since (by {mine}, 20")


def test_what_the_server_wrote_in_other_words_is_taken_back(account, contact):
    before = account.world.get("contacts", contact)["custom_attributes"]
    ours = json.dumps({"Hat Size": "7"})
    account.sql("UPDATE contacts SET custom_attributes = ? WHERE id = ?", ours, contact)
    account.push()
    assert account.world.get("contacts", contact)["custom_attributes"]["hat_size"] == "7"

    done = take_back(account, 1)
    account.push()

    assert done.left == []
    after = account.world.get("contacts", contact)["custom_attributes"]
    assert {k: v for k, v in after.items() if v} == {k: v for k, v in before.items() if v}


def test_tags_that_the_push_put_on_go_and_others_stay(account, contact):
    one, two, three = account.ids_of("contact_tags")
    account.sql("UPDATE contacts SET tag_ids = '[]' WHERE id = ?", contact)
    account.push()
    account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", json.dumps([one, two]), contact)
    account.push()
    account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", f"[{one}, {two}, {three}]", contact)
    account.push()

    done = take_back(account, 2)
    account.push()

    assert done.left == []
    assert account.tags(contact) == [three]


def test_archiving_is_undone_and_a_cancellation_is_not(account):
    product, fulfillment = account.ids_of("products")[0], account.ids_of("fulfillments")[0]
    account.sql("UPDATE products SET archived = ? WHERE id = ?", True, product)
    account.sql("UPDATE fulfillments SET status = 'cancelled' WHERE id = ?", fulfillment)
    account.push()

    done = take_back(account, 1)
    account.push()

    assert account.world.get("products", product)["archived"] is False
    assert left(done) == [("fulfillments", fulfillment, "status", "cancelled can't be undone")]


def test_creates_and_deletes_are_listed(account):
    image, tag = account.ids_of("images")[0], account.ids_of("contact_tags")[0]
    account.sql("INSERT INTO contacts (email_address) VALUES ('new@example.com')")
    account.sql("INSERT INTO products (name) VALUES ('Book')")
    account.sql("DELETE FROM images WHERE id = ?", image)
    account.sql("DELETE FROM contact_tags WHERE id = ?", tag)
    account.push()
    contact = account.one("SELECT id FROM contacts WHERE email_address = 'new@example.com'")
    product = account.one("SELECT id FROM products WHERE name = 'Book'")

    done = take_back(account, 1)

    lacks = "images.upload_source_url has to be given, and its value is not known"
    assert sorted(left(done)) == [
        ("contact_tags", tag, None, f"it was deleted: cfsync undelete contact_tags {tag}"),
        ("contacts", contact, None, "it was created: --with-created deletes it"),
        ("images", image, None, f"it was deleted: {lacks}"),
        ("products", product, None, "it was created: set archived to true instead"),
    ]
    assert done.fields == []


def test_what_was_created_is_deleted_where_that_is_asked_for(account):
    account.sql("INSERT INTO contacts (email_address) VALUES ('new@example.com')")
    account.sql("INSERT INTO products (name) VALUES ('Book')")
    account.push()
    contact = account.one("SELECT id FROM contacts WHERE email_address = 'new@example.com'")
    product = account.one("SELECT id FROM products WHERE name = 'Book'")
    asked: list = []

    done = account.desk(revert, 1, asked.extend)
    account.push()

    assert (asked, done.deleted) == ([("contacts", contact)], [("contacts", contact)])
    assert left(done) == [
        ("products", product, None, "it was created: set archived to true instead")
    ]
    assert contact not in account.ids_of("contacts")
    assert account.column("SELECT state FROM cf_outbox WHERE op = 'delete'") == ["done"]


def test_a_row_that_was_never_created_is_discarded(account, contact):
    account.sql("INSERT INTO contacts (email_address) VALUES ('no@address')")
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()
    assert account.column("SELECT state FROM cf_outbox WHERE op = 'insert'") == ["parked"]

    done = take_back(account, 1)

    assert [resource for resource, _ in done.discarded] == ["contacts"]
    assert (done.left, done.fields) == ([], [("contacts", contact, ["first_name"])])
    assert account.column("SELECT state FROM cf_outbox WHERE op = 'insert'") == ["discarded"]
    assert account.one("SELECT count(*) FROM contacts WHERE id > 900000000000000") == 0


def test_an_insert_that_met_a_contact_is_taken_back_field_by_field(account):
    there = account.world.create(
        "contacts", account.workspace, email_address="a@b.org", first_name="There", last_name="Old"
    )
    account.sql("INSERT INTO contacts (email_address, first_name) VALUES ('a@b.org', 'Here')")
    account.push()
    assert account.world.get("contacts", there)["first_name"] == "Here"

    done = take_back(account, 1)
    account.push()

    assert done.left == []
    assert account.world.get("contacts", there)["first_name"] == "There"
    assert account.world.get("contacts", there)["email_address"] == "a@b.org"


def test_a_record_that_is_gone_is_listed(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()
    account.world.delete("contacts", contact)
    account.sweep()

    assert left(take_back(account, 1)) == [
        ("contacts", contact, None, "it is no longer in the mirror")
    ]


def test_a_batch_that_only_the_history_has_is_taken_back(account, two):
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    one, other = two
    first = account.one("SELECT first_name FROM contacts WHERE id = ?", one)
    account.sql("UPDATE contacts SET first_name = 'X', last_name = 'Y' WHERE id = ?", one)
    account.sql("DELETE FROM contacts WHERE id = ?", other)
    account.sql("INSERT INTO contacts (email_address) VALUES ('new@example.com')")
    batch = account.push().batch
    new = account.one("SELECT id FROM contacts WHERE email_address = 'new@example.com'")
    account.sql("UPDATE contacts SET last_name = 'Z' WHERE id = ?", one)
    account.push()
    account.desk(lambda mirror: mirror.write(retention.prune, "outbox_done", -60.0))
    assert account.one("SELECT count(*) FROM cf_outbox") == 0

    done = take_back(account, batch)

    assert done.fields == [("contacts", one, ["first_name"])]
    assert account.one("SELECT first_name FROM contacts WHERE id = ?", one) == first
    assert [(i, name, reason.partition(" (")[0]) for _, i, name, reason in left(done)] == [
        (one, "last_name", "changed since"),
        (other, None, f"it was deleted: cfsync undelete contacts {other}"),
        (new, None, "it was created: --with-created deletes it"),
    ]


def test_what_was_refused_needs_no_taking_back(account, contact):
    account.world.fault("status", method="PUT", path="contacts", status=422)
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()

    done = take_back(account, 1)

    assert (done.fields, done.left) == ([], [])


@pytest.mark.parametrize("sent", [False, True])
def test_an_unknown_batch_is_named(account, contact, sent):
    if sent:
        account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
        account.push()

    with pytest.raises(UsageError) as refused:
        take_back(account, 7)

    assert str(refused.value) == "there is no batch 7" + ("; the last is 1" if sent else "")


def test_what_the_server_normalised_is_taken_back_in_its_form(account, contact):
    old = account.one("SELECT first_name FROM contacts WHERE id = ?", contact)
    account.world.fault("body", method="PUT", path="contacts", fields={"first_name": "Zoe!"})
    account.sql("UPDATE contacts SET first_name = ' Zoe! ' WHERE id = ?", contact)
    account.push()
    assert account.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Zoe!"

    done = take_back(account, 1)

    assert (done.fields, done.left) == ([("contacts", contact, ["first_name"])], [])
    assert account.one("SELECT first_name FROM contacts WHERE id = ?", contact) == old


def test_a_row_that_somebody_is_at_is_left(account, contact):
    if account.sql.is_sqlite:
        pytest.skip("SQLite has one writer: a second one waits for it")
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()
    other = account.sql.again()
    with other.transaction():
        other("UPDATE contacts SET first_name = 'Y' WHERE id = ?", contact)

        done = take_back(account, 1)

    other.conn.close()
    assert left(done) == [("contacts", contact, None, "another program has locked its row")]
    assert account.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Y"
