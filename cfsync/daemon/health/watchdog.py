"""The heart: beats while the daemon makes progress, for systemd's watchdog, and says how it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog

from cfsync.daemon.jobs.runner import Job
from cfsync.daemon.systemd import Notifier
from cfsync.errors import MirrorError
from cfsync.mirror.db.engine import Mirror, Tx

log = structlog.get_logger()

PATIENCE_S = 120.0
"""Seconds without progress that are borne where systemd names none (WatchdogSec)."""

BEAT_S = 1.0
JUMP_S = 5.0
"""By so much the wall clock must go another way than the monotonic one to have been set."""


_UNOPENED = "not opened yet"


class SqlThread:
    """Whether the mirror's thread answers, and its database. That the database is away is an answer
    too: a restart would not bring it back.
    """

    def __init__(self) -> None:
        self.database = _UNOPENED
        self._answered_at: float | None = None

    @property
    def silence_s(self) -> float:
        """Seconds since the last answer; 0 before it was first asked, while a migration may run."""
        return 0.0 if self._answered_at is None else time.monotonic() - self._answered_at

    async def ask(self, mirror: Mirror) -> bool:
        """Returns whether the database has just come back."""
        before = self.database
        self._answered_at = self._answered_at or time.monotonic()
        try:
            await mirror.read(_nothing)
        except MirrorError as error:
            self.say(str(error))
        else:
            self.say("")
        self._answered_at = time.monotonic()
        return bool(before) and not self.database

    def say(self, database: str) -> None:
        """Note why the database can't be used, '' if it can."""
        if database and database != self.database:
            log.warning("database.away", error=database)
        if not database and self.database not in ("", _UNOPENED):
            log.info("database.there")
        self.database = database


def _nothing(tx: Tx) -> None:
    tx.conn.exec_driver_sql("SELECT 1")


def stuck(sql: SqlThread, running: Iterable[Job], *, patience: float, call_s: float) -> str | None:
    """What does not advance, if anything: the SQL thread, or a pass that is in no named wait. A
    call may take `call_s` seconds. That the loop turns is proved by being asked.
    """
    if sql.silence_s > patience:
        return f"the SQL thread is silent for {sql.silence_s:.0f} s"
    late = [j for j in running if j.pulse is not None and j.pulse.is_stuck(patience + call_s)]
    return f"no progress of {late[0]}" if late else None


class Heart:
    """`set_right` is called when somebody has set the wall clock."""

    def __init__(
        self,
        notifier: Notifier,
        *,
        why_stuck: Callable[[float], str | None],
        status: Callable[[], str],
        set_right: Callable[[], None],
    ) -> None:
        self._notifier = notifier
        self._why_stuck = why_stuck
        self._status = status
        self._set_right = set_right
        self._patience = notifier.watchdog_s or PATIENCE_S
        self._offset = _offset()

    async def beat(self) -> None:
        while True:
            self._beat_once()
            await asyncio.sleep(min(BEAT_S, self._patience / 4))

    def _beat_once(self) -> None:
        if abs(_offset() - self._offset) > JUMP_S:
            log.warning("clock.set", seconds=round(_offset() - self._offset))
            self._offset = _offset()
            self._set_right()
        reason = self._why_stuck(self._patience)
        if reason is None:
            self._notifier.alive()
        else:
            log.error("daemon.stuck", reason=reason)
        self._notifier.status(f"stuck: {reason}" if reason else self._status())


def _offset() -> float:
    return time.time() - time.monotonic()
