"""Passes that run beside each other, and people who edit while they run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from cfsync.api.retry import Retry
from cfsync.mirror.engine import Mirror
from tests.push.checks import conflicts, during_the_call, sent
from tests.push.conftest import Account, now


@pytest.fixture
def other(account: Account, mirror_url: str) -> Iterator[Account]:
    """Another process that works on the same mirror."""
    mirror = Mirror.open(mirror_url, must_exist=True, clock=now)
    yield replace(account, mirror=mirror)
    mirror.close()


def verbs(account: Account) -> list[str]:
    return [verb for verb, _ in sent(account)]


def test_two_pushes_at_once_make_one_record_of_each_row(
    account: Account, other: Account, app_sql: Any
) -> None:
    for number in range(6):
        app_sql("INSERT INTO contacts (first_name, last_name) VALUES (?, 'New')", f"n{number}")
    account.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    account.settings["CFSYNC_PUSH__SETTLE"] = "1s"
    account.world.fault("slow", method="POST", times=None, seconds=0.1)

    with ThreadPoolExecutor(2) as pool:
        for report in [pool.submit(it.push) for it in (account, other)]:
            assert report.result().exit_code == 0

    assert verbs(account) == ["create"] * 6
    assert len(account.column("SELECT DISTINCT id FROM cf_ids")) == 6
    assert set(account.states()) == {"done"}


def test_a_create_that_another_push_has_finished_between_two_looks_stays_done(
    account: Account, other: Account, app_sql: Any
) -> None:
    account.retry = Retry(attempts=1)
    app_sql("INSERT INTO contacts (first_name, last_name) VALUES ('Ann', 'New')")
    account.world.fault("reset_before", method="POST")
    account.push()
    slow = replace(other, settings=account.settings | {"CFSYNC_PUSH__SETTLE": "1s"})
    calls = account.world.ledger.calls
    asked = len(calls)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(slow.push)
        while not any("/contacts?" in target for _, target, _ in list(calls)[asked:]):
            time.sleep(0.005)
        account.push()
        assert account.states() == ["done"]
        assert waiting.result().exit_code == 0

    assert account.states() == ["done"]
    assert verbs(account) == ["create"]


@pytest.mark.parametrize("batch", ["5", "100"])
def test_deletes_that_are_made_while_a_push_runs_do_not_slip_past_the_guard(
    account: Account, app_sql: Any, batch: str
) -> None:
    new = [account.world.create("contacts", account.workspace, first_name="n") for _ in range(12)]
    account.pull("contacts")
    account.settings |= {"CFSYNC_API__MAX_CONCURRENCY": "1", "CFSYNC_PUSH__BATCH": batch}
    app_sql("UPDATE contacts SET last_name = 'X' WHERE id >= ?", min(new))

    during_the_call(account, lambda: app_sql("DELETE FROM contacts WHERE id >= ?", min(new)))

    assert "delete" not in verbs(account)
    assert account.push().exit_code == 5
    assert "delete" not in verbs(account)
    assert len(account.world.ids("contacts", account.workspace)) >= 12


def test_what_changes_in_clickfunnels_while_others_are_sent_is_seen(
    account: Account, app_sql: Any
) -> None:
    new = [account.world.create("contacts", account.workspace, first_name="n") for _ in range(24)]
    account.pull("contacts")
    account.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    for one in new:
        app_sql("UPDATE contacts SET last_name = 'Ours' WHERE id = ?", one)

    during_the_call(
        account, lambda: account.world.edit("contacts", new[-1], last_name="Theirs"), seconds=0.2
    )

    assert conflicts(account) == [("last_name", None, "Ours", "Theirs", "clickfunnels")]
    assert account.one("SELECT last_name FROM contacts WHERE id = ?", new[-1]) == "Theirs"
