"""A create whose answer is lost, or whose process is killed, makes one record and no other."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cfsync.api.retry import Retry
from cfsync.cli import common
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY
from tests.push.checks import sent, settled
from tests.push.conftest import Account


@dataclass(frozen=True)
class Kind:
    """A row to insert: CONTACT, LOCATION, COURSE stand for ids of records that exist."""

    table: str
    columns: str
    values: str
    shown: dict[str, Any]


KINDS = {
    "contact with email": Kind(
        "contacts",
        "email_address, first_name, custom_attributes",
        "'new@example.com', 'New', '{\"hat\": \"7\"}'",
        {"email_address": "new@example.com", "first_name": "New"},
    ),
    "contact without email": Kind(
        "contacts",
        "first_name, last_name",
        "'New', 'One'",
        {"first_name": "New", "last_name": "One", "email_address": None},
    ),
    "tag": Kind("contact_tags", "name, color", "'VIP', '#111111'", {"name": "VIP"}),
    "product": Kind("products", "name, archived", "'Book', 'true'", {"name": "Book"}),
    "fulfillment": Kind(
        "fulfillments",
        "contact_id, location_id, tracking_code, notify_customer,"
        " included_orders_invoices_line_items_attributes",
        "CONTACT, LOCATION, 'T1', 'true', '[{\"id\": 7, \"quantity\": 1}]'",
        {"tracking_code": "T1"},
    ),
    "enrollment": Kind("enrollments", "course_id, contact_id", "COURSE, CONTACT", {}),
    "image": Kind(
        "images",
        "name, upload_source_url",
        "'Logo', 'https://e.org/logo.png'",
        {"name": "Logo"},
    ),
}
EACH_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@pytest.fixture(autouse=True)
def _once(account: Account) -> None:
    account.retry = Retry(attempts=1)


def insert(account: Account, app_sql: Any, kind: Kind) -> int:
    ids = {
        "CONTACT": account.column("SELECT max(id) FROM contacts WHERE id > 0")[0],
        "LOCATION": account.ids_of("fulfillment_locations")[0],
        "COURSE": account.ids_of("courses")[0],
    }
    values = kind.values
    if account.mirror.dialect.name == "sqlite":
        values = values.replace("'true'", "1")
    for word, record in ids.items():
        values = values.replace(word, str(record))
    statement = f"INSERT INTO {kind.table} ({kind.columns}) VALUES ({values}) RETURNING id"
    ((local,),) = app_sql(statement)
    return int(local)


def listed(account: Account, kind: Kind) -> list[int]:
    parent = account.ids_of("courses")[0] if kind.table == "enrollments" else account.workspace
    return account.world.ids(kind.table, parent)


def one_record(account: Account, kind: Kind, before: list[int], local: int) -> int:
    """Exactly one record came, the row's; mirror and ClickFunnels agree."""
    (record,) = set(listed(account, kind)) - set(before)
    given = "SELECT id FROM cf_ids WHERE resource = ? AND local_id = ?"
    assert account.column(given, kind.table, local) == [record]
    shown = account.world.get(kind.table, record) or {}
    assert {name: shown[name] for name in kind.shown} == kind.shown
    assert set(account.ids_of(kind.table)) == set(listed(account, kind))
    settled(account, kind.table, record)
    return record


def creates(account: Account, kind: Kind) -> int:
    return sum(verb in ("create", "upsert") for verb, _ in sent(account, kind.table))


@EACH_KIND
@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "truncated"])
def test_the_next_push_finds_the_record_or_makes_it(
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
def test_an_edit_after_the_lost_answer_is_an_edit_of_that_record(
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
def test_a_pull_that_came_in_between_does_not_count_against_it(
    account: Account, app_sql: Any, kind: Kind
) -> None:
    before = listed(account, kind)
    local = insert(account, app_sql, kind)
    account.world.fault("reset_after", method="POST")
    account.push()

    account.pull()
    account.push()

    one_record(account, kind, before, local)


def cfsync_push(account: Account, **more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "cfsync", "push"],
        env=account.settings | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def killed(process: subprocess.Popen[bytes]) -> None:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, output.decode()


CRASHES = {
    "before the call": "after_commit/journal",
    "between answer and commit": "before_commit/_settle",
    "after the commit": "after_commit/_settle",
}


def kill_at(account: Account, where: str) -> None:
    if where in CRASHES:
        killed(cfsync_push(account, CFSYNC_CRASH_AT=CRASHES[where]))
        return
    account.world.fault("hang", method="POST", applied=True, seconds=30.0)
    process = cfsync_push(account)
    while not account.world.ledger.writes() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    killed(process)


PLACES = pytest.mark.parametrize("where", [*CRASHES, "before the answer"])


@EACH_KIND
@PLACES
@SQLITE_ONLY
def test_a_killed_push_leaves_one_record(
    account: Account, app_sql: Any, kind: Kind, where: str
) -> None:
    survives(account, app_sql, kind, where)


@PLACES
@POSTGRESQL_ONLY
def test_a_killed_push_leaves_one_record_on_postgresql(
    account: Account, app_sql: Any, where: str
) -> None:
    survives(account, app_sql, KINDS["contact without email"], where)


def survives(account: Account, app_sql: Any, kind: Kind, where: str) -> None:
    before = listed(account, kind)
    local = insert(account, app_sql, kind)

    kill_at(account, where)
    account.world.faults.clear()
    account.push()
    account.push()

    one_record(account, kind, before, local)
    assert creates(account, kind) == 1


@PLACES
@SQLITE_ONLY
def test_a_killed_update_is_finished_by_the_next_push(
    account: Account, app_sql: Any, contact: int, where: str
) -> None:
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    if where in CRASHES:
        killed(cfsync_push(account, CFSYNC_CRASH_AT=CRASHES[where]))
    else:
        account.world.fault("hang", method="PUT", applied=True, seconds=30.0)
        process = cfsync_push(account)
        while not account.world.ledger.writes() and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        killed(process)

    account.push()

    assert sent(account) == [("update", {"first_name": "X"})]
    settled(account, "contacts", contact)


def test_what_waits_for_a_lost_create_is_sent_in_the_same_pass_as_it(
    account: Account, app_sql: Any
) -> None:
    kind = KINDS["fulfillment"]
    app_sql("INSERT INTO contacts (id, first_name) VALUES (-7, 'New')")
    insert(account, app_sql, replace(kind, values=kind.values.replace("CONTACT", "-7")))
    account.world.fault("reset_before", method="POST")
    assert account.push().exit_code == 4
    assert account.states() == ["sending", "pending"]

    assert account.push().exit_code == 0

    assert account.states() == ["done", "done"]
    ((_, made),) = sent(account, "fulfillments")
    assert made["contact_id"] == account.one("SELECT id FROM cf_ids WHERE local_id = -7")


def test_identical_twins_never_share_one_record(account: Account, app_sql: Any) -> None:
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


def test_twins_whose_answers_are_both_lost_wait_for_a_human(account: Account, app_sql: Any) -> None:
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
    assert reason == (
        f"unknown: it may exist already ({new[0]}, {new[1]}); discard this edit, or retry it"
    )
    assert creates(account, kind) == 2


def test_many_creates_of_one_list_go_side_by_side_and_make_one_each(
    account: Account, app_sql: Any
) -> None:
    kind = KINDS["tag"]
    before = listed(account, kind)
    for _ in range(8):
        insert(account, app_sql, kind)

    assert account.push().exit_code == 0

    assert len(set(listed(account, kind)) - set(before)) == 8
    assert len(set(account.column("SELECT id FROM cf_ids"))) == 8


def test_a_record_without_any_natural_field_waits_for_a_human(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contacts (id, website_url) VALUES (-1, 'https://e.org')")
    account.world.fault("reset_after", method="POST")
    account.push()

    assert account.push().exit_code == 5

    assert account.states() == ["parked"]
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = -1")
    account.push()
    assert len(sent(account)) == 1


def test_a_stranger_who_is_only_alike_is_not_taken_for_ours(account: Account, app_sql: Any) -> None:
    """No last name was sent: who has one is somebody else, but he may be ours, changed."""
    app_sql("INSERT INTO contacts (id, first_name) VALUES (-1, 'Ann')")
    account.world.fault("reset_before", method="POST")
    account.push()
    account.world.create("contacts", account.workspace, first_name="Ann", last_name="Smith")

    assert account.push().exit_code == 5

    assert account.states() == ["parked"]
    assert account.column("SELECT id FROM cf_ids") == []


def test_an_older_record_of_the_same_name_is_never_taken_for_ours(
    account: Account, app_sql: Any
) -> None:
    kind = KINDS["tag"]
    account.world.create("contact_tags", account.workspace, name="VIP")
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
def test_a_delete_of_what_never_arrived_sends_nothing(
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


def test_an_email_that_was_changed_after_the_lost_answer_makes_no_second_contact(
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


def test_an_insert_older_than_the_process_whose_record_seems_to_be_there_waits_for_a_human(
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
def test_how_old_an_insert_is_is_told_by_the_databases_clock_alone(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "_now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    before = account.one("SELECT clock_timestamp()")

    async def started_at() -> str:
        async with common.opened(account.configured(), asyncio.Event()) as context:
            return context.started_at

    assert datetime.fromisoformat(asyncio.run(started_at())) >= before - timedelta(seconds=1)


def test_the_second_look_comes_after_the_settle_time(account: Account, app_sql: Any) -> None:
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
