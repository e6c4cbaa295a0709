"""Calls that fail or whose answer is lost: the edit waits and the next push finishes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cfsync.errors import TokenRefused
from tests.push.checks import conflicts, rename, sent, settled, waiting
from tests.push.conftest import Account

pytestmark = pytest.mark.usefixtures("no_retries")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_stops_everything_and_loses_nothing(
    account: Account, app_sql: Any, tmp_path: Path, status: int
) -> None:
    everyone = account.ids_of("contacts")
    token = tmp_path / "token"
    token.write_text(account.settings.pop("CFSYNC_API__TOKEN"))
    account.settings["CFSYNC_API__TOKEN_FILE"] = str(token)
    account.settings["CFSYNC_API__MAX_CONCURRENCY"] = "2"
    account.world.fault("status", method="PUT", status=status, times=None)
    rename(app_sql, "X", *everyone)

    with pytest.raises(TokenRefused, match=rf"\({status}\); .*check api\.token_file$"):
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
def test_after_a_failed_call_the_edit_waits_and_the_next_push_finishes_it(
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


def test_an_edit_after_a_lost_answer_is_no_conflict_with_the_edit_before_it(
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


def test_a_delete_after_a_lost_answer_is_no_conflict_with_the_edit_before_it(
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


def test_a_notification_is_never_sent_twice(account: Account, app_sql: Any) -> None:
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


def test_a_notification_that_did_not_arrive_is_sent_with_the_fields(
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


def test_a_notification_without_other_fields_whose_answer_is_lost_waits_for_a_human(
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


def test_repeated_failures_end_the_pass_and_leave_the_rest_pending(
    account: Account, app_sql: Any
) -> None:
    account.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    account.world.fault("status", method="PUT", status=500, times=None)
    rename(app_sql, "X", *account.ids_of("contacts"))

    assert account.push().exit_code == 4

    assert account.states() == ["sending"] * 3 + ["pending"] * 3


def test_an_answer_that_is_no_record_fails_its_edit_and_blocks_no_other(
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


def test_a_failed_look_up_of_a_lost_create_leaves_it_as_it_was(
    account: Account, app_sql: Any
) -> None:
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
