"""The database probe: whether the SQL thread answers, and whether the database can be used."""

from __future__ import annotations

import time

import structlog

from cfsync.errors import MirrorError
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.write_pause import Waits

log = structlog.get_logger()

_NOT_OPENED = "not opened yet"


class DatabaseProbe:
    """The last answer of the mirror's SQL thread. "The database can't be reached" is an answer as
    well: a restart of the daemon would not help.
    """

    def __init__(self) -> None:
        #: Why the database can't be used; '' if it can.
        self.problem = _NOT_OPENED
        self._answered_at: float | None = None
        self._waits = Waits()

    @property
    def silence_s(self) -> float:
        """Seconds since the last answer, or since the thread last began to wait for a lock of
        another program's; 0 before the first probe, while a migration may run.
        """
        if self._answered_at is None:
            return 0.0
        return min(time.monotonic() - self._answered_at, self.lock_wait_age_s)

    @property
    def lock_wait_age_s(self) -> float:
        """Seconds since the thread last began to wait for a lock of another program's."""
        return time.monotonic() - self._waits.began_at

    async def probe(self, mirror: Mirror) -> bool:
        """Run a statement. Returns whether the database has just become available again."""
        before, self._waits = self.problem, mirror.waits
        self._answered_at = self._answered_at or time.monotonic()
        try:
            await mirror.read(_select_one)
        except MirrorError as error:
            self.set_problem(str(error))
        else:
            self.set_problem("")
        self._answered_at = time.monotonic()
        return bool(before) and not self.problem

    def set_problem(self, problem: str) -> None:
        """Note why the database can't be used, '' if it can, and log the change."""
        if problem and problem != self.problem:
            log.warning("database.unavailable", error=problem)
        if not problem and self.problem not in ("", _NOT_OPENED):
            log.info("database.available")
        self.problem = problem


def _select_one(tx: Tx) -> None:
    tx.conn.exec_driver_sql("SELECT 1")
