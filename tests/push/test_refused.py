"""Refused calls and records that are gone: which edits wait, and what a person is told."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.sync.decisions import outbox
from cfsync.sync.decisions.revert import revert
from tests.push.checks import (
    differences,
    in_clickfunnels,
    in_mirror,
    json_of,
    rename,
    sent,
    settled,
    waiting,
)
from tests.push.conftest import Account

pytestmark = pytest.mark.usefixtures("no_retries")


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refused_edit_is_parked_with_the_servers_words_and_others_go_on(
    account: Account, app_sql: Any, two: tuple[int, int], status: int
) -> None:
    bad, good = two
    account.world.fault("status", method="PUT", path=f"contacts/{bad}", status=status, times=None)
    rename(app_sql, "X", bad, good)

    report = account.push()

    assert report.exit_code == 5
    assert [e.id for e in account.world.ledger.writes()] == [good]
    ((kind, resource, record, reason),) = waiting(account)
    assert (kind, resource, record) == ("parked", "contacts", bad)
    assert reason == account.one("SELECT error FROM cf_outbox WHERE record_id = ?", bad)
    assert reason
    requests = len(account.world.ledger.calls)
    account.push()
    assert len(account.world.ledger.calls) == requests
    assert account.one("SELECT first_name FROM contacts WHERE id = ?", bad) == "X"


def test_a_refused_edit_is_sent_again_once_a_later_edit_repairs_it(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    contact, _ = two
    account.world.create("contacts", account.workspace, email_address="taken@example.com")
    app_sql(
        "UPDATE contacts SET email_address = 'taken@example.com', last_name = 'L' WHERE id = ?",
        contact,
    )
    assert account.push().exit_code == 5
    assert "has already been taken" in waiting(account)[0][3]

    app_sql("UPDATE contacts SET email_address = 'free@example.com' WHERE id = ?", contact)
    report = account.push()

    assert report.exit_code == 0
    assert sent(account) == [
        ("update", {"last_name": "L"}),
        ("update", {"email_address": "free@example.com"}),
    ]
    assert set(account.states()) == {"done"}
    assert differences(account, "contacts", contact) == []


TAKEN = "taken@example.com"


@pytest.fixture
def half_taken(account: Account, app_sql: Any, two: tuple[int, int]) -> int:
    """A contact with one edit of two fields, of which ClickFunnels refuses one."""
    contact, _ = two
    account.world.create("contacts", account.workspace, email_address=TAKEN)
    app_sql(
        "UPDATE contacts SET email_address = ?, phone_number = '+15550100' WHERE id = ?",
        TAKEN,
        contact,
    )
    return contact


def test_a_refused_field_is_parked_alone_and_the_others_of_its_edit_are_sent(
    account: Account, half_taken: int
) -> None:
    email, phone = (
        in_clickfunnels(account, half_taken, name) for name in ("email_address", "phone_number")
    )
    with capture_logs() as logs:
        report = account.push()

    assert sent(account) == [("update", {"phone_number": "+15550100"})]
    assert report.exit_code == 5
    assert (report.total("sent"), report.total("parked")) == (1, 1)
    found = account.sql("SELECT state, patch, error, batch FROM cf_outbox ORDER BY seq")
    parked, done = [(s, json_of(account, p), e, b) for s, p, e, b in found]
    words = "email_address has already been taken"
    assert parked == ("parked", {"email_address": [email, TAKEN]}, words, 1)
    assert done == ("done", {"phone_number": [phone, "+15550100"]}, None, 1)
    assert [(i, words) for _, _, i, words in waiting(account)] == [(half_taken, words)]
    steps = [(e["event"], e.get("fields")) for e in logs if e["event"].startswith("edit.")]
    assert steps == [
        ("edit.sending", ["email_address", "phone_number"]),
        ("edit.refused", ["email_address"]),
        ("edit.sending", ["phone_number"]),
        ("edit.sent", None),
        ("edit.parked", ["email_address"]),
    ]
    calls = len(account.world.ledger.calls)
    assert account.push().quiet
    assert len(account.world.ledger.calls) == calls
    assert account.pull().total("conflicts") == 0
    assert in_mirror(account, half_taken, "email_address") == TAKEN
    assert in_mirror(account, half_taken, "phone_number") == "+15550100"


def test_what_was_sent_of_a_half_refused_edit_can_be_taken_back(
    account: Account, half_taken: int
) -> None:
    account.push()

    reverted = account.desk(revert, 1)

    assert reverted.fields == [("contacts", half_taken, ["phone_number"])]
    assert in_mirror(account, half_taken, "email_address") == TAKEN
    account.desk(outbox.discard, ["1"])
    account.push()
    assert differences(account, "contacts", half_taken) == []


@pytest.mark.parametrize(
    "errors",
    [["Email address has already been taken"], {"base": ["no"], "email_address": ["is taken"]}],
    ids=["a sentence", "another field"],
)
def test_an_edit_of_which_no_field_can_be_told_is_parked_whole(
    account: Account, half_taken: int, errors: Any
) -> None:
    account.world.fault("status", method="PUT", status=422, errors=errors)

    account.push()

    assert sent(account) == []
    assert account.states() == ["parked"]


def test_an_update_is_made_once_more_at_most(account: Account, half_taken: int) -> None:
    for name in ("email_address", "phone_number"):
        errors = {name: ["is refused"]}
        account.world.fault("status", method="PUT", status=422, errors=errors)
    account.sql("UPDATE contacts SET last_name = 'L' WHERE id = ?", half_taken)

    account.push()

    assert [method for method, *_ in account.world.ledger.calls].count("PUT") == 2
    assert account.states() == ["parked", "parked"]


def test_a_parked_edit_does_not_block_later_edits_of_other_fields(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    contact, _ = two
    account.world.create("contacts", account.workspace, email_address="taken@example.com")
    app_sql("UPDATE contacts SET email_address = 'taken@example.com' WHERE id = ?", contact)
    account.push()

    app_sql("UPDATE contacts SET last_name = 'L' WHERE id = ?", contact)
    account.push()

    assert sent(account) == [("update", {"last_name": "L"})]
    assert account.states() == ["parked", "done"]
    stays = "SELECT email_address FROM contacts WHERE id = ?"
    assert account.one(stays, contact) == "taken@example.com"


def test_one_call_of_an_edit_is_parked_and_the_other_is_sent(
    account: Account, app_sql: Any
) -> None:
    (product,) = account.column("SELECT max(id) FROM products")
    account.world.fault("status", method="PUT", status=422, times=None)
    app_sql("UPDATE products SET name = 'Book', archived = ? WHERE id = ?", True, product)

    account.push()

    assert sent(account) == [("archive", {})]
    assert account.states() == ["parked", "done"]
    row = account.sql("SELECT name, archived FROM products WHERE id = ?", product)
    assert [(name, bool(archived)) for name, archived in row] == [("Book", True)]

    account.world.faults.clear()
    account.sql("UPDATE cf_outbox SET state = 'pending' WHERE state = 'parked'")
    account.push()
    assert sent(account)[1:] == [("update", {"name": "Book"})]
    settled(account, "products", product)


def test_a_later_edit_is_sent_although_an_earlier_one_is_refused(
    account: Account, app_sql: Any
) -> None:
    (product,) = account.column("SELECT max(id) FROM products")
    account.world.live(product)
    app_sql("UPDATE products SET archived = ? WHERE id = ?", True, product)
    app_sql("UPDATE products SET name = 'Book' WHERE id = ?", product)

    account.push()

    assert sent(account) == [("update", {"name": "Book"})]
    assert account.states() == ["parked", "done"]
    assert "live" in waiting(account)[0][3]


def test_a_refused_insert_is_repaired_by_an_update_of_its_row(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000005, 'no@address')")
    assert account.push().exit_code == 5
    assert account.states() == ["parked"]

    app_sql("UPDATE contacts SET email_address = 'an@example.com' WHERE id = 950000000000005")
    account.push()

    assert sent(account) == [("upsert", {"email_address": "an@example.com"})]
    assert account.states() == ["done", "done"]


@pytest.mark.parametrize("when", ["before the push", "after the look"])
def test_a_record_that_is_gone_keeps_its_row_and_a_human_decides(
    account: Account, app_sql: Any, two: tuple[int, int], when: str
) -> None:
    gone, there = two
    if when == "before the push":
        account.world.delete("contacts", gone)
    else:
        account.world.fault("status", method="PUT", path=f"contacts/{gone}", status=404)
    rename(app_sql, "X", gone, there)

    report = account.push()

    assert report.exit_code == 5
    assert [e.id for e in account.world.ledger.writes()] == [there]
    assert account.states() == ["held", "done"]
    assert account.sql("SELECT kind, winner FROM cf_conflicts") == [("deleted_remotely", "hold")]
    assert account.one("SELECT first_name FROM contacts WHERE id = ?", gone) == "X"
    rename(app_sql, "Y", gone)
    account.push()
    assert len(sent(account)) == 1


def test_a_delete_of_a_record_that_is_gone_is_done(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    account.world.delete("contacts", two[0])
    app_sql("DELETE FROM contacts WHERE id = ?", two[0])

    report = account.push()

    assert report.exit_code == 0
    assert account.states() == ["done"]


def test_a_delete_that_is_answered_404_is_done(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    gone, _ = two
    account.world.fault("status", method="DELETE", status=404, applied=True)
    app_sql("DELETE FROM contacts WHERE id = ?", gone)

    assert account.push().exit_code == 0
    assert account.states() == ["done"]
    assert account.world.get("contacts", gone) is None


def test_a_409_is_success_if_the_record_is_in_the_wanted_state(
    account: Account, app_sql: Any
) -> None:
    (product,) = account.column("SELECT max(id) FROM products")
    app_sql("UPDATE products SET archived = ? WHERE id = ?", True, product)
    account.world.fault("status", method="POST", status=409, applied=True)

    assert account.push().exit_code == 0
    assert account.states() == ["done"]
    settled(account, "products", product)


def test_a_409_is_parked_if_the_record_is_in_another_state(account: Account, app_sql: Any) -> None:
    (product,) = account.column("SELECT max(id) FROM products")
    app_sql("UPDATE products SET archived = ? WHERE id = ?", True, product)
    account.world.fault("status", method="POST", status=409)

    assert account.push().exit_code == 5
    assert account.states() == ["parked"]


def test_a_create_below_a_record_that_is_gone_is_parked(account: Account, app_sql: Any) -> None:
    (form,) = account.ids_of("forms")
    account.world.delete("forms", form)
    app_sql("INSERT INTO submissions (form_id) VALUES (?)", form)

    assert account.push().exit_code == 5
    assert waiting(account)[0][3] == "its parent record no longer exists"


def test_a_parked_edit_that_is_settled_otherwise_keeps_no_reason(
    account: Account, half_taken: int
) -> None:
    account.push()
    other = account.world.ids("contacts", account.workspace)[-1]
    account.world.edit("contacts", other, email_address="moved@example.com")
    account.world.edit("contacts", half_taken, email_address=TAKEN)

    account.pull()

    assert account.sql("SELECT state, error FROM cf_outbox") == [("done", None), ("done", None)]


def lose(account: Account, contact: int) -> None:
    """Delete a row behind the triggers' back."""
    if account.mirror.dialect.name == "sqlite":
        account.sql("UPDATE cf_writer SET mark = 1")
        account.sql("DELETE FROM contacts WHERE id = ?", contact)
        account.sql("UPDATE cf_writer SET mark = 0")
    else:
        account.sql("ALTER TABLE contacts DISABLE TRIGGER ALL")
        account.sql("DELETE FROM contacts WHERE id = ?", contact)
        account.sql("ALTER TABLE contacts ENABLE TRIGGER ALL")


def test_a_row_that_the_mirror_has_lost_is_never_deleted_in_clickfunnels(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    rename(app_sql, "X", two[0])
    lose(account, two[0])

    assert account.push().exit_code == 5
    assert sent(account) == []
    assert account.states() == ["parked"]


def test_a_row_that_the_mirror_has_lost_comes_back_with_its_edit(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    rename(app_sql, "X", two[0])
    lose(account, two[0])
    account.world.edit("contacts", two[0], last_name="Theirs")

    account.push()

    assert sent(account) == [("update", {"first_name": "X"})]
    settled(account, "contacts", two[0])
