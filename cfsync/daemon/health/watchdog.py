"""The watchdog: notifies systemd while the daemon makes progress, and logs clock changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog

from cfsync.daemon.health.database_probe import DatabaseProbe
from cfsync.daemon.jobs.runner import Job
from cfsync.daemon.systemd import Notifier

log = structlog.get_logger()

PATIENCE_S = 120.0
"""Seconds without progress after which the daemon is stuck, where systemd sets no WatchdogSec."""

CHECK_S = 1.0
"""Seconds between two checks; fewer where systemd is less patient."""

CLOCK_JUMP_S = 5.0
"""Seconds by which wall clock and monotonic clock must part before the wall clock was changed."""


def find_stuck(
    database: DatabaseProbe, running: Iterable[Job], *, patience: float, call_s: float
) -> str | None:
    """What makes no progress: the SQL thread, or a pass that waits for nothing known, such as
    another program's lock; None if nothing is stuck. A call may take `call_s` seconds. (The event
    loop works, or this would not run.)
    """
    if database.silence_s > patience:
        return f"the SQL thread is silent for {database.silence_s:.0f} s"
    if database.lock_wait_age_s <= patience:
        return None
    stuck = [j for j in running if j.monitor is not None and j.monitor.is_stuck(patience + call_s)]
    return f"no progress of {stuck[0]}" if stuck else None


class Watchdog:
    """Sends systemd a keep-alive and a status line.

    `find_stuck(patience)` returns what makes no progress, None if nothing is stuck; `status` the
    line that `systemctl status` shows.
    """

    def __init__(
        self,
        notifier: Notifier,
        *,
        find_stuck: Callable[[float], str | None],
        status: Callable[[], str],
    ) -> None:
        self._notifier = notifier
        self._find_stuck = find_stuck
        self._status = status
        self._patience = notifier.watchdog_s or PATIENCE_S
        self._clock_offset = _clock_offset()

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            self._check()
            await asyncio.sleep(min(CHECK_S, self._patience / 4))

    def _check(self) -> None:
        if abs(_clock_offset() - self._clock_offset) > CLOCK_JUMP_S:
            log.warning("clock.set", seconds=round(_clock_offset() - self._clock_offset))
            self._clock_offset = _clock_offset()
        stuck = self._find_stuck(self._patience)
        if stuck is None:
            self._notifier.alive()
        else:
            log.error("daemon.stuck", reason=stuck)
        self._notifier.status(f"stuck: {stuck}" if stuck else self._status())


def _clock_offset() -> float:
    return time.time() - time.monotonic()
