"""WATCHDOG=1 means that the daemon makes progress, not only that the process exists."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from cfsync.daemon.systemd import Notifier
from cfsync.sandbox import World
from tests.conftest import SQLITE_ONLY, Sql
from tests.daemon.harness import Daemon, Systemd, until

Start = Callable[..., Daemon]

LIMIT_S = 0.8
WATCHED = {"WATCHDOG_USEC": str(int(LIMIT_S * 1e6))}


@SQLITE_ONLY
def test_it_is_alive_while_it_works_and_while_clickfunnels_is_down(
    start: Start, systemd: Systemd, world: World
) -> None:
    world.fault("status", status=503, times=None)
    daemon = start(systemd, environ=WATCHED)

    systemd.wait_for("WATCHDOG=1")
    for _ in range(3):
        systemd.wait_for("WATCHDOG=1", LIMIT_S * 10)
    world.faults.clear()
    systemd.wait_for("READY=1")
    for _ in range(3):
        systemd.wait_for("WATCHDOG=1", LIMIT_S * 10)

    assert daemon.stop() == 0


@SQLITE_ONLY
def test_it_falls_silent_when_the_sql_thread_hangs_and_still_stops_when_told_to(
    start: Start, systemd: Systemd, world: World, contact: int
) -> None:
    hang = {"CFSYNC_HANG_AT": "before_commit/write_pages:2"}
    daemon = start(
        systemd, WATCHED | hang, DAEMON__STOP_TIMEOUT="1s", RESOURCES__CONTACTS__PULL_EVERY="200ms"
    )
    systemd.wait_for("READY=1")
    world.edit("contacts", contact, first_name="Zed")

    daemon.wait_for("daemon.stuck")

    # On a busy machine it may have been stuck for a moment before it hangs.
    until(lambda: systemd.is_silent("WATCHDOG=1", LIMIT_S * 2), "it never fell silent")
    assert "SQL thread is silent" in next(
        t for t in systemd.received if t.startswith("STATUS=stuck")
    )
    assert daemon.stop(patience=10) == 0


@SQLITE_ONLY
def test_a_program_that_keeps_the_files_write_lock_is_waited_for_and_does_not_look_like_a_hang(
    start: Start, systemd: Systemd, world: World, contact: int, sql: Sql
) -> None:
    patient = {"WATCHDOG_USEC": "14000000"}  # SQLite itself waits for 10 s at a time
    daemon = start(systemd, patient, RESOURCES__CONTACTS__PULL_EVERY="200ms")
    daemon.wait_for("pass.done", resource="contacts", new=30)
    sql("BEGIN IMMEDIATE")
    world.edit("contacts", contact, first_name="Zed")

    daemon.wait_for("database.locked", attempt=3)
    live, health = daemon.ask("/livez")[0], daemon.ask("/healthz")[1]
    sql("ROLLBACK")

    until(lambda: sql("SELECT first_name FROM contacts WHERE id = ?", contact) == [("Zed",)])
    assert (live, daemon.events("daemon.stuck")) == (200, [])
    assert '"contacts":{"lag_s"' in health
    assert daemon.stop() == 0


@pytest.mark.parametrize("abstract", [False, True])
def test_the_notifier_writes_to_a_path_and_to_an_abstract_name(abstract: bool) -> None:
    systemd = Systemd(abstract=abstract)
    try:
        notifier = Notifier({"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "400000"})
        notifier.ready()
        notifier.status("all is well")
        notifier.status("all is well")
        notifier.alive()

        assert notifier.watchdog_s == 0.4
        assert systemd.wait_for("WATCHDOG=1") == "WATCHDOG=1"
        assert systemd.received == ["READY=1", "STATUS=all is well", "WATCHDOG=1"]
    finally:
        systemd.close()


def test_a_watchdog_of_another_process_is_ignored() -> None:
    there = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "400000"}
    another, this = str(os.getppid()), str(os.getpid())

    assert Notifier(there | {"WATCHDOG_PID": this}).watchdog_s == 0.4
    assert Notifier(there | {"WATCHDOG_PID": another}).watchdog_s is None
    assert Notifier(there | {"WATCHDOG_USEC": "0"}).watchdog_s is None
    assert Notifier({"WATCHDOG_USEC": "400000"}).watchdog_s is None
    Notifier(there).ready()  # nobody listens: nothing happens
