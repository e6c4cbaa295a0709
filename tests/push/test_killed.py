"""A push that is killed at any point: the next one finishes its calls, none twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY
from tests.push.checks import sent, settled
from tests.push.conftest import Account
from tests.push.inserted_rows import EACH_KIND, KINDS, Kind, creates, insert, listed, one_record

pytestmark = pytest.mark.usefixtures("no_retries")


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
