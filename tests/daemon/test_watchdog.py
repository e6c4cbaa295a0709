"""WATCHDOG=1 says that there is progress, not that there is a process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from cfsync.sandbox import World
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import Daemon, Systemd

Start = Callable[..., Daemon]

LIMIT_S = 0.8
WATCHED = {"WATCHDOG_USEC": str(int(LIMIT_S * 1e6))}


@SQLITE_ONLY
def test_it_beats_while_it_works_and_while_clickfunnels_is_down(
    start: Start, systemd: Systemd, world: World
) -> None:
    world.fault("status", status=503, times=None)
    daemon = start(systemd, environ=WATCHED)

    for _ in range(4):
        systemd.wait_for("WATCHDOG=1", LIMIT_S * 3)
    world.faults.clear()
    systemd.wait_for("READY=1")
    for _ in range(3):
        systemd.wait_for("WATCHDOG=1", LIMIT_S * 3)

    assert daemon.stop() == 0


@SQLITE_ONLY
def test_it_falls_silent_when_the_sql_thread_hangs_and_still_ends_when_told(
    start: Start, systemd: Systemd, world: World, contact: int
) -> None:
    hang = {"CFSYNC_HANG_AT": "before_commit/land_pages:2"}
    daemon = start(
        systemd, WATCHED | hang, DAEMON__STOP_TIMEOUT="1s", RESOURCES__CONTACTS__PULL_EVERY="200ms"
    )
    systemd.wait_for("READY=1")
    world.edit("contacts", contact, first_name="Zed")

    daemon.wait_for("daemon.stuck")

    assert systemd.is_silent("WATCHDOG=1", LIMIT_S * 2)
    assert "SQL thread is silent" in next(t for t in systemd.told if t.startswith("STATUS=stuck"))
    assert daemon.stop(patience=10) == 0


@pytest.mark.parametrize("abstract", [False, True])
def test_the_notifier_speaks_to_a_path_and_to_an_abstract_name(abstract: bool) -> None:
    systemd = Systemd(abstract=abstract)
    try:
        told = _notify(NOTIFY_SOCKET=systemd.address, WATCHDOG_USEC="400000")
        assert told == "0.4"
        assert systemd.wait_for("READY=1") == "READY=1"
        assert systemd.wait_for("STATUS=") == "STATUS=all is well"
        assert systemd.wait_for("WATCHDOG=1") == "WATCHDOG=1"
        assert systemd.told == ["READY=1", "STATUS=all is well", "WATCHDOG=1"]
    finally:
        systemd.close()


def test_a_watchdog_meant_for_another_process_or_for_nobody_is_none(tmp_path: Any) -> None:
    address = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(address)
        pid = str(os.getpid())
        assert _notify(NOTIFY_SOCKET=address, WATCHDOG_USEC="400000", WATCHDOG_PID=pid) == "None"
        assert _notify(NOTIFY_SOCKET=address, WATCHDOG_USEC="0") == "None"
    assert _notify(NOTIFY_SOCKET=address) == "None"  # nobody listens: nothing happens
    assert _notify(WATCHDOG_USEC="400000") == "None"


def _notify(**environ: str) -> str:
    """Say something from another process; its watchdog interval."""
    program = (
        "from cfsync.daemon.notify import Notifier; n = Notifier(); n.ready();"
        " n.status('all is well'); n.status('all is well'); n.alive(); print(n.watchdog_s)"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environ | {"PYTHONPATH": ":".join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
