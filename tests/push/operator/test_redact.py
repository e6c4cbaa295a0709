"""Redact: the person is gone in ClickFunnels, and nothing of them is left in the mirror."""

from __future__ import annotations

import json

import pytest

from cfsync.errors import TokenRefused, Transient, UsageError
from cfsync.mirror.privacy.person import Person, clean
from cfsync.resources import RESOURCES
from cfsync.sync.decisions.redact import redact
from tests.push.conftest import Account

ORDER = "SELECT id, contact_id FROM orders ORDER BY id"


def everything(account: Account) -> str:
    """Every value in every table, as one text."""
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if account.sql.is_sqlite
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    found = [account.sql(f'SELECT * FROM "{t}"') for t in account.column(tables)]
    return json.dumps(found, default=str, ensure_ascii=False)


@pytest.fixture
def buyer(account) -> int:
    """A contact with an order, edits of every kind, and a mention elsewhere."""
    order, contact = account.sql(ORDER)[0]
    account.world.edit(
        "contacts",
        contact,
        email_address="Ada.B+x@example.com",
        first_name="Adalovelace",
        phone_number="+41 79 123",
    )
    other = next(i for i in account.ids_of("contacts") if i != contact)
    account.world.edit("contacts", other, custom_attributes={"friend": "ada.b+x@example.com"})
    submission = account.ids_of("form_submissions")[0]
    account.world.edit("form_submissions", submission, data={"mail": "ADA.B+x@example.com"})
    account.pull()
    account.sql("UPDATE contacts SET first_name = 'Adalovelace2' WHERE id = ?", contact)
    account.push()
    account.sql("UPDATE contacts SET email_address = 'later@example.com' WHERE id = ?", contact)
    account.sql("UPDATE orders SET notes = 'ask ada.b+x@example.com' WHERE id = ?", order)
    account.sweep()
    return contact


def test_what_a_redaction_would_leave_is_cleared_before(account, contact):
    account.world.store.redacts_in_place = True
    tag = account.ids_of("contact_tags")[0]
    account.world.edit("contacts", contact, custom_attributes={"size": "43"}, tag_ids=[tag])

    done = account.run(redact, str(contact))

    assert (done.asked, done.cleared) == ("deleted", ["custom_attributes", "tag_ids"])
    shown = account.world.get("contacts", contact)
    assert (shown["first_name"], shown["tags"]) == ("REDACTED", [])
    assert not any(shown["custom_attributes"].values())
    assert account.writes()[-2:] == [("update", "contacts"), ("gdpr_destroy", "contacts")]
    account.sweep()
    assert account.column("SELECT id FROM contacts WHERE id = ?", contact) == []


def test_what_is_added_while_a_person_confirms_is_cleared_too(account, contact):
    account.world.store.redacts_in_place = True
    account.world.edit("contacts", contact, custom_attributes={}, tag_ids=[])

    async def confirm() -> None:
        account.world.edit("contacts", contact, custom_attributes={"size": "43"})

    account.run(redact, str(contact), confirm)

    assert not any(account.world.get("contacts", contact)["custom_attributes"].values())


def test_what_can_not_be_cleared_stops_no_redaction(account, contact):
    account.world.edit("contacts", contact, custom_attributes={"size": "43"})
    account.world.fault("status", method="PUT", status=422)

    done = account.run(redact, str(contact))

    assert (done.asked, done.kept) == ("deleted", ["custom_attributes", "tag_ids"])


def test_nothing_of_the_person_is_left(account, buyer):
    shown = account.world.get("contacts", buyer)
    for word in ("dalovelace", "later@example.com", shown["public_id"], shown["uuid"]):
        assert word in everything(account)

    done = account.run(redact, str(buyer))

    left = everything(account).lower()
    words = ("dalovelace", "later@example.com", "ada.b+x@example.com", "+41 79 123")
    for word in (*words, f'"{shown["public_id"]}"', shown["uuid"]):
        assert word.lower() not in left
    assert account.world.get("contacts", buyer) is None
    assert done.asked == "deleted"
    assert done.purged["contacts"] == 2  # the person and the friend
    assert done.purged["orders"] >= 1
    assert done.purged["form_submissions"] == 1
    assert done.purged["cf_outbox"] == 3


def test_the_other_records_stay_and_are_in_peace(account, buyer):
    order = account.sql(ORDER)[0][0]
    total = account.one("SELECT total_amount FROM orders WHERE id = ?", order)

    account.run(redact, str(buyer))

    assert account.one("SELECT total_amount FROM orders WHERE id = ?", order) == total
    assert account.one("SELECT notes FROM orders WHERE id = ?", order) == "ask [redacted]"
    assert account.one("SELECT contact FROM orders WHERE id = ?", order) is None
    assert len(account.ids_of("contacts")) == 5
    assert account.push().exit_code == 0
    assert account.sweep().exit_code == 0
    assert "later@example.com" not in everything(account)


def test_the_tombstone_says_that_and_no_more(account, buyer):
    account.run(redact, str(buyer))

    query = "SELECT cause, state, body FROM cf_tombstones WHERE record_id = ?"
    assert account.sql(query, buyer) == [("redacted", "confirmed", None)]


def test_a_person_whom_clickfunnels_has_lost_is_purged_all_the_same(account, buyer):
    account.world.delete("contacts", buyer)

    done = account.run(redact, str(buyer))

    assert done.asked == "not there"
    assert "dalovelace" not in everything(account)


def test_nothing_is_purged_when_the_call_fails(account, buyer):
    account.world.fault("status", method="DELETE", path="gdpr", status=500, times=None)

    with pytest.raises(Transient):
        account.run(redact, str(buyer))

    assert "dalovelace" in everything(account)


def test_nothing_is_purged_when_the_token_is_refused(account, buyer):
    account.settings["CFSYNC_API__TOKEN"] = "another-token-that-is-wrong"

    with pytest.raises(TokenRefused):
        account.run(redact, str(buyer))

    assert "dalovelace" in everything(account)


def test_a_row_that_was_never_sent_is_purged_without_a_call(account):
    account.sql(
        "INSERT INTO contacts (id, email_address) VALUES (950000000000005, 'new@example.com')"
    )

    done = account.run(redact, "950000000000005")

    assert done.asked == "never sent"
    assert "new@example.com" not in everything(account)
    assert account.push().quiet


def test_another_contact_with_the_same_email_keeps_it(account):
    one, two = account.ids_of("contacts")[:2]
    mail = account.one("SELECT email_address FROM contacts WHERE id = ?", one)
    account.world.edit("contacts", one, email_address=None)
    account.world.edit("contacts", two, email_address=mail)
    account.pull()

    account.run(redact, str(one))

    assert account.one("SELECT email_address FROM contacts WHERE id = ?", two) == mail
    assert account.sweep("contacts").total("drift") == 0


def test_a_person_whom_nobody_knows_is_named(account):
    with pytest.raises(UsageError, match="contacts: neither side knows 99999999"):
        account.run(redact, "99999999")

    assert account.one("SELECT count(*) FROM cf_tombstones") == 0


def test_a_person_of_whom_only_the_id_is_known_is_refused(account):
    enrollment = account.ids_of("enrollments")[0]
    account.world.edit("enrollments", enrollment, contact_id=99999999)
    account.pull("enrollments")
    assert account.column("SELECT id FROM enrollments WHERE contact_id = 99999999")

    with pytest.raises(UsageError, match="contacts: neither side knows 99999999"):
        account.run(redact, "99999999")


PERSON = Person(
    RESOURCES["contacts"], 7, keys=frozenset({"ada@x.org"}), marks=frozenset({"aBc", "u-1"})
)


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("ada@x.org", "[redacted]"),
        ("mail ADA@x.org, please", "mail [redacted], please"),
        ("granada@x.org", "granada@x.org"),
        ("ada@x.org.uk", "ada@x.org.uk"),
        ("that was ada@x.org.", "that was [redacted]."),
        ("aBc", "[redacted]"),
        ("abc", "abc"),
        ({"contact": {"id": 7, "name": "A"}}, {"contact": None}),
        ({"contact": {"id": 8, "name": "B"}}, {"contact": {"id": 8, "name": "B"}}),
        ({"buyer": {"email_address": "Ada@X.org"}}, {"buyer": None}),
        ([{"uuid": "u-1"}, {"uuid": "u-2"}], [None, {"uuid": "u-2"}]),
        ({"id": 7, "n": 1.5, "x": None}, {"id": 7, "n": 1.5, "x": None}),
    ],
)
def test_a_value_is_cleaned(value, cleaned):
    assert clean(PERSON, value) == cleaned
