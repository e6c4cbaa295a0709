"""A create whose answer is lost becomes one record and no other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cfsync.cli import common
from tests.conftest import POSTGRESQL_ONLY
from tests.push.checks import sent, settled
from tests.push.conftest import Account
from tests.push.inserted_rows import EACH_KIND, KINDS, Kind, creates, insert, listed, one_record

pytestmark = pytest.mark.usefixtures("no_retries")


@EACH_KIND
@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "truncated"])
def test_the_next_push_finds_the_record_or_creates_it(
    account: Account, app_sql: Any, kind: Kind, fault: str
) -> None:
    before = listed(account, kind)
    local = insert(account, app_sql, kind)
    account.world.fault(fault, method="POST")
    assert account.push().exit_code == 4
    assert account.states() == ["sending"]

    assert account.push().exit_code == 0

    one_record(account, kind, before, local)
    assert creates(account, kind) == 1


@EACH_KIND
@pytest.mark.parametrize("fault", ["reset_after", "reset_before"])
def test_an_edit_after_the_lost_answer_changes_that_record(
    account: Account, app_sql: Any, kind: Kind, fault: str
) -> None:
    edits = {
        "contacts": "first_name = 'Edited'",
        "contact_tags": "name = 'Edited'",
        "products": "name = 'Edited'",
        "fulfillments": "tracking_code = 'Edited'",
        "enrollments": "suspension_reason = 'Edited'",
        "images": "name = 'Edited'",
    }
    before = listed(account, kind)
    local = insert(account, app_sql, kind)
    account.world.fault(fault, method="POST")
    account.push()
    app_sql(f"UPDATE {kind.table} SET {edits[kind.table]} WHERE id = ?", local)

    account.push()
    account.push()

    (record,) = set(listed(account, kind)) - set(before)
    assert "Edited" in (account.world.get(kind.table, record) or {}).values()
    assert creates(account, kind) == 1
    settled(account, kind.table, record)


@EACH_KIND
def test_a_pull_in_between_does_not_stop_the_row_from_getting_its_record(
    account: Account, app_sql: Any, kind: Kind
) -> None:
    before = listed(account, kind)
    local = insert(account, app_sql, kind)
    account.world.fault("reset_after", method="POST")
    account.push()

    account.pull()
    account.push()

    one_record(account, kind, before, local)


def test_an_edit_that_waits_for_a_lost_create_is_sent_in_the_same_pass(
    account: Account, app_sql: Any
) -> None:
    kind = KINDS["fulfillment"]
    app_sql("INSERT INTO contacts (id, first_name) VALUES (950000000000007, 'New')")
    insert(
        account, app_sql, replace(kind, values=kind.values.replace("CONTACT", "950000000000007"))
    )
    account.world.fault("reset_before", method="POST")
    assert account.push().exit_code == 4
    assert account.states() == ["sending", "pending"]

    assert account.push().exit_code == 0

    assert account.states() == ["done", "done"]
    ((_, made),) = sent(account, "fulfillments")
    assert made["contact_id"] == account.one(
        "SELECT id FROM cf_ids WHERE local_id = 950000000000007"
    )


def test_identical_inserts_never_share_one_record(account: Account, app_sql: Any) -> None:
    kind = KINDS["contact without email"]
    before = listed(account, kind)
    first, second = insert(account, app_sql, kind), insert(account, app_sql, kind)
    account.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    account.world.fault("reset_after", method="POST")
    account.push()

    account.push()

    new = set(listed(account, kind)) - set(before)
    assert len(new) == 2
    assert set(account.column("SELECT id FROM cf_ids")) == new
    assert set(account.column("SELECT local_id FROM cf_ids")) == {first, second}
    assert set(account.states()) == {"done"}


def test_identical_inserts_whose_answers_are_both_lost_wait_for_a_human(
    account: Account, app_sql: Any
) -> None:
    kind = KINDS["product"]
    before = listed(account, kind)
    insert(account, app_sql, kind)
    insert(account, app_sql, kind)
    account.world.fault("reset_after", method="POST", times=2)
    account.push()
    new = sorted(set(listed(account, kind)) - set(before))
    assert len(new) == 2

    assert account.push().exit_code == 5

    assert account.states() == ["parked", "parked"]
    (reason,) = set(account.column("SELECT error FROM cf_outbox"))
    assert reason == f"unknown: it may exist already ({new[0]}, {new[1]})"
    assert creates(account, kind) == 2


def test_concurrent_creates_of_one_list_make_one_record_each(
    account: Account, app_sql: Any
) -> None:
    kind = KINDS["image"]
    before = listed(account, kind)
    for _ in range(8):
        insert(account, app_sql, kind)

    assert account.push().exit_code == 0

    assert len(set(listed(account, kind)) - set(before)) == 8
    assert len(set(account.column("SELECT id FROM cf_ids"))) == 8


def test_a_record_without_any_natural_field_waits_for_a_human(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contacts (id, website_url) VALUES (950000000000001, 'https://e.org')")
    account.world.fault("reset_after", method="POST")
    account.push()

    assert account.push().exit_code == 5

    assert account.states() == ["parked"]
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = 950000000000001")
    account.push()
    assert len(sent(account)) == 1


def test_a_record_that_is_only_similar_is_not_taken_for_the_lost_one(
    account: Account, app_sql: Any
) -> None:
    """No last name was sent: who has one is somebody else, but he may be ours, changed."""
    app_sql("INSERT INTO contacts (id, first_name) VALUES (950000000000001, 'Ann')")
    account.world.fault("reset_before", method="POST")
    account.push()
    account.world.create("contacts", account.workspace, first_name="Ann", last_name="Smith")

    assert account.push().exit_code == 5

    assert account.states() == ["parked"]
    assert account.column("SELECT id FROM cf_ids") == []


def test_an_older_record_of_the_same_name_is_never_taken_for_the_lost_one(
    account: Account, app_sql: Any
) -> None:
    kind = KINDS["product"]
    account.world.create("products", account.workspace, name="Book")
    account.pull()
    before = listed(account, kind)
    local = insert(account, app_sql, kind)
    account.world.fault("reset_before", method="POST")
    account.push()
    account.push()

    one_record(account, kind, before, local)


def test_a_delete_after_the_lost_answer_goes_to_the_record(account: Account, app_sql: Any) -> None:
    kind = KINDS["tag"]
    before = listed(account, kind)
    local = insert(account, app_sql, kind)
    account.world.fault("reset_after", method="POST")
    account.push()
    app_sql("DELETE FROM contact_tags WHERE id = ?", local)

    account.push()
    account.push()

    assert listed(account, kind) == before
    assert [verb for verb, _ in sent(account)] == ["create", "delete"]
    assert set(account.states()) == {"done"}


@pytest.mark.parametrize("kind", [KINDS["tag"], KINDS["contact with email"]], ids=["tag", "email"])
def test_a_delete_of_a_record_that_was_never_created_sends_nothing(
    account: Account, app_sql: Any, kind: Kind
) -> None:
    local = insert(account, app_sql, kind)
    account.world.fault("reset_before", method="POST")
    account.push()
    app_sql(f"DELETE FROM {kind.table} WHERE id = ?", local)

    account.push()
    account.push()

    assert sent(account) == []
    assert set(account.states()) == {"done"}


def test_an_email_changed_after_the_lost_answer_creates_no_second_contact(
    account: Account, app_sql: Any
) -> None:
    kind = KINDS["contact with email"]
    before = listed(account, kind)
    local = insert(account, app_sql, kind)
    account.world.fault("reset_after", method="POST")
    account.push()
    app_sql("UPDATE contacts SET email_address = 'other@example.com' WHERE id = ?", local)

    account.push()
    account.push()

    (record,) = set(listed(account, kind)) - set(before)
    assert (account.world.get("contacts", record) or {})["email_address"] == "other@example.com"
    settled(account, "contacts", record)


def test_an_insert_older_than_the_process_waits_for_a_human_if_its_record_seems_to_exist(
    account: Account, app_sql: Any
) -> None:
    """As after a restored backup: the outbox does not know of a call that was made."""
    kind = KINDS["tag"]
    insert(account, app_sql, kind)
    there = account.world.create("contact_tags", account.workspace, name="VIP")

    assert account.push().exit_code == 5

    assert sent(account) == []
    assert str(there) in account.one("SELECT error FROM cf_outbox")
    account.sql("UPDATE cf_outbox SET state = 'pending', error = NULL")
    account.push()
    assert creates(account, kind) == 1
    assert account.states() == ["done"]


@POSTGRESQL_ONLY
def test_the_age_of_an_insert_is_measured_by_the_databases_clock_alone(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "_now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    before = account.one("SELECT clock_timestamp()")

    async def started_at() -> str:
        async with common.open_context(account.configured(), asyncio.Event()) as context:
            return context.started_at

    assert datetime.fromisoformat(asyncio.run(started_at())) >= before - timedelta(seconds=1)


def test_the_second_look_up_comes_after_the_settle_time(account: Account, app_sql: Any) -> None:
    account.settings["CFSYNC_PUSH__SETTLE"] = "1s"
    kind = KINDS["tag"]
    insert(account, app_sql, kind)
    app_sql("INSERT INTO forms (name) VALUES ('F')")
    account.world.fault("reset_before", method="POST", path="tags")
    account.push()

    report = account.push()

    assert report.seconds >= 1.0
    assert account.states() == ["done", "done"]
    looks = [t for m, t, _ in account.world.ledger.calls if m == "GET" and "contacts/tags" in t]
    assert len(looks) >= 2
