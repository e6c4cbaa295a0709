"""`status --health` says when the daemon no longer runs, and `status` which ones do."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import pytest

from cfsync.config import load
from cfsync.mirror.db.engine import Mirror
from cfsync.sync.health_facts import problems
from cfsync.sync.inspection.status import status
from tests.daemon.harness import Daemon, until
from tests.status_text import status_lines

Start = Callable[..., Daemon]
LONG_AGO = "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_daemon_that_no_longer_runs_is_missed_until_somebody_pulls_by_command(
    start: Start,
    command: Callable[..., Any],
    settings: dict[str, str],
    mirror: Mirror,
    sql: Any,
    how: signal.Signals,
) -> None:
    configured = load(environ={f"CFSYNC_{name}": value for name, value in settings.items()})

    def unhealthy() -> list[str]:
        return asyncio.run(problems(mirror, configured))

    def shown() -> str:
        return "\n".join(status_lines(asyncio.run(status(mirror, configured))))

    assert unhealthy() == []
    daemon = start()
    daemon.wait_for("pass.done", resource="contacts", new=30)
    until(lambda: sql("SELECT pid FROM cf_daemons") == [(daemon.process.pid,)])
    assert unhealthy() == []
    assert f"(pid {daemon.process.pid}): runs since " in shown()

    daemon.stop(how)
    if how == signal.SIGKILL:  # as if more than a minute had passed
        assert unhealthy() == []
        sql("UPDATE cf_daemons SET seen_at = ?", LONG_AGO)
        sql("UPDATE cf_checkpoints SET began_at = ?", LONG_AGO)

    words = "stopped at 20" if how == signal.SIGTERM else "has not been seen since 2026-01-01"
    reason = unhealthy()[0]
    assert reason.startswith("no daemon runs: the one on ")
    assert words in reason
    assert words in shown()

    assert command("pull").returncode == 0
    assert unhealthy() == []
