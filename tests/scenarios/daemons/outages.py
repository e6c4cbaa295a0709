"""What keeps every process from its database for a while."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Lock

from tests.conftest import Postgres, Sql
from tests.scenarios.machine import Machine

HOW_IT_STOPS = {"stopped": signal.SIGINT, "crashed": signal.SIGQUIT}
TAKE_ALL = "LOCK TABLE contacts, products, cf_outbox, cf_runs IN EXCLUSIVE MODE"


@dataclass
class Outages:
    """`server`: where there is one, it is this round's alone as long as the round is played."""

    machine: Machine
    server: Postgres | None

    @contextmanager
    def of(self, how: str) -> Iterator[Outage]:
        """Begin it when you like; it ends with the block."""
        sql = self.machine.account.sql
        assert isinstance(sql, Sql)
        outage = Outage(self._stopped(how) if how in HOW_IT_STOPS else _locked(sql))
        try:
            yield outage
        finally:
            outage.end()

    @contextmanager
    def _stopped(self, how: str) -> Iterator[None]:
        """Nobody can connect; what was not committed is gone."""
        assert self.server is not None
        self.server.stop(HOW_IT_STOPS[how])
        yield
        self.server.start()
        for sql in (self.machine.user, self.machine.account.sql):
            assert isinstance(sql, Sql)
            sql.conn.close()
            sql.connect()


@contextmanager
def _locked(sql: Sql) -> Iterator[None]:
    """Another program has begun to change something, and takes its time."""
    other = sql.again()
    other("BEGIN IMMEDIATE" if sql.is_sqlite else "BEGIN")
    if not sql.is_sqlite:
        other(TAKE_ALL)
    yield
    other("ROLLBACK")
    other.conn.close()


class Outage:
    """One that may begin in another thread, once."""

    def __init__(self, work: AbstractContextManager[None]) -> None:
        self._work, self._lock, self._has_begun = work, Lock(), False

    def begin(self) -> None:
        with self._lock:
            if not self._has_begun:
                self._has_begun = True
                self._work.__enter__()

    def end(self) -> None:
        with self._lock:
            if self._has_begun:
                self._work.__exit__(None, None, None)
