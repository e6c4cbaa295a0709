"""What goes wrong with a call: who waits, who goes on, and what a human is told."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.api.retry import Retry
from cfsync.errors import TokenRefused
from tests.push.checks import conflicts, differences, sent, settled
from tests.push.conftest import Account


@pytest.fixture(autouse=True)
def _once(account: Account) -> None:
    """No call is repeated by the client itself."""
    account.retry = Retry(attempts=1)


@pytest.fixture
def two(account: Account) -> tuple[int, int]:
    first, second = account.ids_of("contacts")[:2]
    return first, second


def rename(app_sql: Any, name: str, *contacts: int) -> None:
    for contact in contacts:
        app_sql("UPDATE contacts SET first_name = ? WHERE id = ?", name, contact)


def waiting(account: Account) -> list[tuple[Any, ...]]:
    return account.sql("SELECT kind, resource, id, reason FROM cf_waiting ORDER BY id")


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


def test_the_servers_own_rule_speaks_and_a_further_edit_repairs(
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
    assert sent(account) == [("update", {"email_address": "free@example.com", "last_name": "L"})]
    assert account.states() == ["done", "done"]
    assert differences(account, "contacts", contact) == []


def test_a_parked_field_holds_up_no_later_edit_of_others(
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


def test_of_two_calls_of_an_edit_one_is_parked_and_the_other_made(
    account: Account, app_sql: Any
) -> None:
    (product,) = account.column("SELECT max(id) FROM products")
    account.world.fault("status", method="PUT", status=422, times=None)
    app_sql("UPDATE products SET name = 'Book', archived = ? WHERE id = ?", True, product)

    account.push()

    assert sent(account) == [("archive", {})]
    assert account.states() == ["parked"]
    row = account.sql("SELECT name, archived FROM products WHERE id = ?", product)
    assert [(name, bool(archived)) for name, archived in row] == [("Book", True)]

    account.world.faults.clear()
    account.sql("UPDATE cf_outbox SET state = 'pending'")
    account.push()
    assert sent(account)[1:] == [("update", {"name": "Book"})]
    settled(account, "products", product)


def test_a_later_edit_is_done_where_an_earlier_one_is_refused(
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
    app_sql("INSERT INTO contacts (id, email_address) VALUES (-5, 'no address')")
    assert account.push().exit_code == 5
    assert account.states() == ["parked"]

    app_sql("UPDATE contacts SET email_address = 'an@example.com' WHERE id = -5")
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
    assert [(f, w) for f, *_, w in conflicts(account)] == [("deleted_remotely", "hold")]
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


def test_a_delete_whose_record_goes_at_that_very_moment_is_done(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    gone, _ = two
    account.world.fault("status", method="DELETE", status=404, applied=True)
    app_sql("DELETE FROM contacts WHERE id = ?", gone)

    assert account.push().exit_code == 0
    assert account.states() == ["done"]
    assert account.world.get("contacts", gone) is None


def test_a_conflict_of_state_is_success_where_the_state_is_the_wanted_one(
    account: Account, app_sql: Any
) -> None:
    (product,) = account.column("SELECT max(id) FROM products")
    app_sql("UPDATE products SET archived = ? WHERE id = ?", True, product)
    account.world.fault("status", method="POST", status=409, applied=True)

    assert account.push().exit_code == 0
    assert account.states() == ["done"]
    settled(account, "products", product)


def test_a_conflict_of_state_is_parked_where_it_is_another(account: Account, app_sql: Any) -> None:
    (product,) = account.column("SELECT max(id) FROM products")
    app_sql("UPDATE products SET archived = ? WHERE id = ?", True, product)
    account.world.fault("status", method="POST", status=409)

    assert account.push().exit_code == 5
    assert account.states() == ["parked"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_stops_everything_and_loses_nothing(
    account: Account, app_sql: Any, status: int
) -> None:
    everyone = account.ids_of("contacts")
    account.settings["CFSYNC_API__MAX_CONCURRENCY"] = "2"
    account.world.fault("status", method="PUT", status=status, times=None)
    rename(app_sql, "X", *everyone)

    with pytest.raises(TokenRefused, match=str(status)):
        account.push()

    assert account.states() == ["pending"] * len(everyone)
    assert sum(method == "PUT" for method, *_ in account.world.ledger.calls) <= 2
    account.world.faults.clear()
    assert account.push().exit_code == 0
    assert sorted(e.id for e in account.world.ledger.writes()) == everyone


TROUBLE = [
    ("status", {"status": 429}, "pending"),
    ("status", {"status": 500}, "sending"),
    ("status", {"status": 503}, "sending"),
    ("html_503", {}, "sending"),
    ("reset_before", {}, "sending"),
    ("reset_after", {}, "sending"),
    ("truncated", {}, "sending"),
    ("hang", {"seconds": 2.0}, "sending"),
    ("hang", {"seconds": 2.0, "applied": True}, "sending"),
]


@pytest.mark.parametrize(("kind", "how", "state"), TROUBLE)
def test_a_servers_trouble_is_waited_out_and_the_next_push_finishes(
    account: Account,
    app_sql: Any,
    two: tuple[int, int],
    kind: str,
    how: dict[str, Any],
    state: str,
) -> None:
    account.settings["CFSYNC_API__TIMEOUT_S"] = "0.3"
    bad, good = two
    account.world.fault(kind, method="PUT", path=f"contacts/{bad}", **how)
    rename(app_sql, "X", bad, good)

    report = account.push()

    assert report.exit_code == 4
    assert account.states() == [state, "done"]
    assert account.push().exit_code == 0
    assert sorted(e.id for e in account.world.ledger.writes()) == [bad, good]
    assert conflicts(account) == []
    settled(account, "contacts", bad)


def test_an_edit_after_a_lost_answer_is_no_conflict_with_our_own_echo(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    contact, _ = two
    account.world.fault("reset_after", method="PUT")
    rename(app_sql, "One", contact)
    account.push()
    rename(app_sql, "Two", contact)

    account.pull()
    account.push()

    assert sent(account) == [("update", {"first_name": "One"}), ("update", {"first_name": "Two"})]
    assert conflicts(account) == []
    settled(account, "contacts", contact)


def test_a_delete_after_a_lost_answer_is_no_conflict_with_our_own_echo(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    contact, _ = two
    account.world.fault("reset_after", method="PUT")
    rename(app_sql, "One", contact)
    account.push()
    app_sql("DELETE FROM contacts WHERE id = ?", contact)

    account.pull()
    account.push()

    assert [verb for verb, _ in sent(account)] == ["update", "delete"]
    assert conflicts(account) == []


def test_a_notice_is_never_sent_twice(account: Account, app_sql: Any) -> None:
    (record,) = account.column("SELECT max(id) FROM fulfillments")
    account.world.fault("reset_after", method="PUT")
    app_sql(
        "UPDATE fulfillments SET tracking_code = 'T', notify_customer = ? WHERE id = ?",
        True,
        record,
    )
    account.push()
    account.push()

    assert sent(account) == [("update", {"tracking_code": "T", "notify_customer": True})]
    assert account.one("SELECT notify_customer FROM fulfillments WHERE id = ?", record) is None
    settled(account, "fulfillments", record)


def test_a_notice_that_did_not_arrive_is_sent_with_the_fields(
    account: Account, app_sql: Any
) -> None:
    (record,) = account.column("SELECT max(id) FROM fulfillments")
    account.world.fault("reset_before", method="PUT")
    app_sql(
        "UPDATE fulfillments SET tracking_code = 'T', notify_customer = ? WHERE id = ?",
        True,
        record,
    )
    account.push()
    account.push()

    assert sent(account) == [("update", {"tracking_code": "T", "notify_customer": True})]
    settled(account, "fulfillments", record)


def test_a_notice_alone_whose_answer_is_lost_waits_for_a_human(
    account: Account, app_sql: Any
) -> None:
    (record,) = account.column("SELECT max(id) FROM fulfillments")
    account.world.fault("reset_after", method="PUT")
    app_sql("UPDATE fulfillments SET notify_customer = ? WHERE id = ?", True, record)
    account.push()

    assert account.push().exit_code == 5
    assert len(sent(account)) == 1
    assert account.states() == ["parked"]
    account.sql("UPDATE cf_outbox SET state = 'pending'")
    account.push()
    assert len(sent(account)) == 2
    assert account.states() == ["done"]


def test_after_many_attempts_an_edit_waits_for_a_human(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    account.world.fault("status", method="PUT", status=500, times=None)
    rename(app_sql, "X", two[0])
    for _ in range(9):
        assert account.push().exit_code == 4

    assert account.push().exit_code == 5

    assert account.states() == ["parked"]
    assert waiting(account)[0][3].startswith("given up after 10 attempts")
    assert sum(method == "PUT" for method, *_ in account.world.ledger.calls) == 10


def test_trouble_in_a_row_ends_the_pass_and_keeps_the_rest(account: Account, app_sql: Any) -> None:
    account.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    account.world.fault("status", method="PUT", status=500, times=None)
    rename(app_sql, "X", *account.ids_of("contacts"))

    assert account.push().exit_code == 4

    assert account.states() == ["sending"] * 3 + ["pending"] * 3


def test_an_answer_that_is_no_record_is_a_failure_that_holds_up_nobody(
    account: Account, app_sql: Any
) -> None:
    account.world.fault("body", method="POST", path="tags", fields={"id": "none"})
    app_sql("INSERT INTO contact_tags (name) VALUES ('VIP')")
    rename(app_sql, "X", account.ids_of("contacts")[0])

    report = account.push()

    assert report.exit_code == 1
    assert account.states() == ["sending", "done"]
    account.push()
    assert [e.resource for e in account.world.ledger.writes()] == ["contact_tags", "contacts"]
    assert account.states() == ["done", "done"]


def test_a_failed_look_before_a_create_leaves_it_as_it_was(account: Account, app_sql: Any) -> None:
    app_sql("INSERT INTO contact_tags (name) VALUES ('VIP')")
    app_sql("INSERT INTO contacts (email_address) VALUES ('new@example.com')")
    account.world.fault("reset_after", method="POST", path="tags")
    account.push()
    assert account.states() == ["sending", "done"]

    account.world.fault("status", method="GET", path="tags", status=500)
    assert account.push().exit_code == 4
    assert account.states() == ["sending", "done"]

    account.push()
    assert len(sent(account, "contact_tags")) == 1
    assert account.states() == ["done", "done"]


def test_a_create_below_a_record_that_is_gone_is_parked(account: Account, app_sql: Any) -> None:
    (form,) = account.ids_of("forms")
    account.world.delete("forms", form)
    app_sql("INSERT INTO submissions (form_id) VALUES (?)", form)

    assert account.push().exit_code == 5
    assert waiting(account)[0][3] == "what it belongs to is gone"


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


def test_edits_of_a_resource_wait_while_its_push_is_off(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    account.settings["CFSYNC_RESOURCES__CONTACTS__PUSH"] = "false"
    rename(app_sql, "X", *two)
    app_sql("INSERT INTO contact_tags (name) VALUES ('VIP')")

    account.push()

    assert [e.resource for e in account.world.ledger.writes()] == ["contact_tags"]
    assert account.states() == ["pending", "pending", "done"]
    account.settings["CFSYNC_RESOURCES__CONTACTS__PUSH"] = "true"
    account.push()
    assert account.states() == ["done"] * 3


def test_a_mass_deletion_is_held_until_a_human_approves(account: Account, app_sql: Any) -> None:
    account.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "3"
    app_sql("DELETE FROM contacts WHERE id IN (SELECT id FROM contacts ORDER BY id LIMIT 4)")
    app_sql("INSERT INTO contact_tags (name) VALUES ('VIP')")

    report = account.push()

    assert report.exit_code == 5
    assert [verb for verb, _ in sent(account)] == ["create"]
    assert account.states() == ["held"] * 4 + ["done"]
    account.sql("UPDATE cf_outbox SET state = 'pending', approved = ? WHERE state = 'held'", True)
    account.push()
    assert [verb for verb, _ in sent(account)] == ["create"] + ["delete"] * 4


def test_few_deletions_and_rows_that_were_never_sent_pass_the_guard(
    account: Account, app_sql: Any
) -> None:
    account.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "3"
    for number in range(5):
        app_sql("INSERT INTO contacts (id, first_name) VALUES (?, 'X')", -1 - number)
    app_sql("DELETE FROM contacts WHERE id < 0")
    app_sql("DELETE FROM contacts WHERE id IN (SELECT id FROM contacts ORDER BY id LIMIT 3)")

    assert account.push().exit_code == 0
    assert [verb for verb, _ in sent(account)] == ["delete"] * 3


def test_a_mass_update_is_held(account: Account, app_sql: Any) -> None:
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "5"
    app_sql("UPDATE contacts SET first_name = 'X'")

    assert account.push().exit_code == 5
    assert sent(account) == []
    assert account.states() == ["held"] * 6
