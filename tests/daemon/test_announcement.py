"""`status --health` says when the daemon no longer runs, and `status` which ones do."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from cfsync.sandbox import World
from tests.daemon.harness import Daemon, until

Start = Callable[..., Daemon]
LONG_AGO = "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_daemon_that_no_longer_runs_is_missed_until_somebody_pulls_by_command(
    start: Start, command: Callable[..., Any], world: World, sql: Any, how: signal.Signals
) -> None:
    assert command("status", "--health").returncode == 0
    daemon = start()
    daemon.wait_for("pass.done", resource="contacts", new=30)
    until(lambda: sql("SELECT pid FROM cf_daemons") == [(daemon.process.pid,)])
    running = command("status", "--health")
    assert (running.returncode, running.stderr) == (0, "")
    assert f"(pid {daemon.process.pid}), runs since " in command("status").stdout

    daemon.stop(how)
    if how == signal.SIGKILL:  # as if a minute had passed
        assert command("status", "--health").returncode == 0
        sql("UPDATE cf_daemons SET seen_at = ?", LONG_AGO)
        sql("UPDATE cf_checkpoints SET began_at = ?", LONG_AGO)

    missed, status = command("status", "--health"), command("status")
    words = "stopped at 20" if how == signal.SIGTERM else "has not been seen since 2026-01-01T00"
    assert missed.returncode == 1
    assert "no daemon runs: the one on " in missed.stderr
    assert words in missed.stderr
    assert words in status.stdout

    command("pull")
    assert (command("status", "--health").returncode) == 0
