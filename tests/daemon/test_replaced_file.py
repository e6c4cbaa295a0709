"""SQLite's file, or one beside it, is replaced or removed under the programs that have it open."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.db.errors import Replaced
from cfsync.mirror.progress import meta
from cfsync.sandbox import World
from tests.conftest import SQLITE_ONLY, Sql
from tests.daemon.harness import Daemon, until

pytestmark = SQLITE_ONLY
Change = Callable[[Path], Any]


def beside(file: Path, end: str) -> Path:
    return file.with_name(file.name + end)


def moved_over(file: Path) -> None:
    """A backup in its place, as documented, except that cfsync runs."""
    copy = beside(file, "-copy")
    with closing(sqlite3.connect(file)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    for end in ("-wal", "-shm"):
        beside(file, end).rename(beside(file, f"{end}-before"))
    copy.replace(file)


def secrets_replaced(file: Path) -> None:
    shutil.copy2(beside(file, "-secrets"), beside(file, "-copy"))
    beside(file, "-copy").replace(beside(file, "-secrets"))


CHANGES = [
    moved_over,
    lambda file: file.unlink(),
    lambda file: beside(file, "-wal").unlink(),
    lambda file: beside(file, "-shm").unlink(),
    secrets_replaced,
]
NAMES = ["moved", "removed", "log", "shared", "secrets"]


@pytest.mark.parametrize("change", CHANGES, ids=NAMES)
def test_nothing_is_written_any_more_into_a_file_that_is_no_longer_there(
    mirror: Mirror, sql: Sql, change: Change
) -> None:
    file = sql.path

    def put(value: str) -> None:
        asyncio.run(mirror.write(lambda tx: meta.put(tx.conn, "test", value)))

    put("before")
    sql.conn.close()
    change(file)

    for _ in range(2):
        with pytest.raises(Replaced, match="was replaced or removed while cfsync had it open"):
            put("after")
    with pytest.raises(Replaced) as error:
        asyncio.run(mirror.read(lambda tx: meta.get(tx.conn, "test")))
    mirror.close()

    assert error.value.exit_code == 4
    if file.exists():
        there = Sql(sql.url, "")
        assert there("SELECT value FROM cf_meta WHERE key = 'test'") == [("before",)]
        there.conn.close()


@pytest.mark.parametrize("patience", ["10s", "1ms"])
def test_a_daemon_ends_with_4_and_goes_on_with_the_new_file_when_it_is_started_again(
    start: Callable[..., Daemon],
    world: World,
    sql: Sql,
    contact: int,
    count: Callable[[], int],
    patience: str,
) -> None:
    first = start(DAEMON__STOP_TIMEOUT=patience)
    until(lambda: count() == 30)
    sql.conn.close()

    moved_over(sql.path)

    assert first.process.wait(30) == 4
    until(lambda: f"{sql.path} was replaced or removed" in first.output)
    assert first.events("database.changed", level="error")
    user = Sql(sql.url, "")
    second = start()
    user("UPDATE contacts SET first_name = 'Zed' WHERE id = ?", contact)
    until(lambda: world.get("contacts", contact)["first_name"] == "Zed")
    assert second.stop() == 0
    user.conn.close()


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_commit_of_another_program_survives_the_end_of_a_daemon_whose_log_was_replaced(
    start: Callable[..., Daemon], sql: Sql, contact: int, count: Callable[[], int], ending: str
) -> None:
    daemon = start()
    until(lambda: count() == 30)
    sql("UPDATE contacts SET first_name = 'Old' WHERE id = ?", contact)
    sent = "SELECT count(*) FROM cf_outbox WHERE state <> 'done'"
    until(lambda: sql(sent) == [(0,)])
    sql.conn.close()
    until(lambda: halted_between_transactions(daemon, sql.path))

    beside(sql.path, ending).unlink()
    with closing(sqlite3.connect(sql.path)) as other, other:
        other.execute("UPDATE contacts SET first_name = 'New' WHERE id = ?", (contact,))
    daemon.process.send_signal(signal.SIGCONT)

    assert daemon.process.wait(30) == 4
    there = Sql(sql.url, "")
    assert there("SELECT first_name FROM contacts WHERE id = ?", contact) == [("New",)]
    assert there(sent) == [(1,)]
    assert there("PRAGMA integrity_check") == [("ok",)]
    there.conn.close()


def halted_between_transactions(daemon: Daemon, file: Path) -> bool:
    """Halt the process, with all of the log copied into the file and nobody who reads it, so that
    a new log can begin.
    """
    daemon.process.send_signal(signal.SIGSTOP)
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as conn:
        try:
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("ROLLBACK")
            busy, pages, copied = conn.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
            if not busy and pages == copied:
                return True
        except sqlite3.OperationalError:
            pass
    daemon.process.send_signal(signal.SIGCONT)
    return False
