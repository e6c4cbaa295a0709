"""What keeps every process from its database for a while."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import psycopg

from tests.conftest import Postgres, Sql
from tests.scenarios.daemons import small_disk
from tests.scenarios.daemons.crew import Crew
from tests.scenarios.machine import Machine

HOW_IT_STOPS = {"stopped": signal.SIGINT, "crashed": signal.SIGQUIT}
PAGE = 4096
TAKE_ALL = "LOCK TABLE contacts, products, cf_outbox, cf_runs IN EXCLUSIVE MODE"


@dataclass
class Outages:
    """`server`: where there is one, it is this round's alone as long as the round is played."""

    machine: Machine
    crew: Crew
    server: Postgres | None

    def playable(self, how: str) -> str:
        """A server's disk can be filled where it is its own; elsewhere the server is stopped."""
        server = self.server
        is_lacking = how == "full" and server and not small_disk.is_at(server.folder)
        return "stopped" if is_lacking else how

    @contextmanager
    def of(self, how: str) -> Iterator[Outage]:
        """Begin it when you like; it ends with the block."""
        outage = Outage(self._work(how))
        try:
            yield outage
        finally:
            outage.end()

    def _work(self, how: str) -> AbstractContextManager[None]:
        sql = self.machine.account.sql
        assert isinstance(sql, Sql)
        match how:
            case "locked":
                return _locked(sql)
            case "full" if self.server:
                return self._full_server(self.server)
            case "full":
                return self._full(PAGE)
            case "nearly full":
                return self._full(_size_of_log(sql) + 2 * PAGE)
        return self._stopped(how)

    @contextmanager
    def _stopped(self, how: str) -> Iterator[None]:
        """Nobody can connect; what was not committed is gone."""
        assert self.server is not None
        self.server.stop(HOW_IT_STOPS[how])
        yield
        self.server.start()
        self._connect_again()

    @contextmanager
    def _full_server(self, server: Postgres) -> Iterator[None]:
        """It ends where it has no room for its log."""
        with small_disk.filled(server.folder):
            yield
        with suppress(psycopg.OperationalError):  # it may still recover, or end
            server.wait()
        if server.has_ended():
            server.start()
        self._connect_again()

    def _connect_again(self) -> None:
        for sql in (self.machine.user, self.machine.account.sql):
            assert isinstance(sql, Sql)
            sql.conn.close()
            sql.connect()

    @contextmanager
    def _full(self, size: int) -> Iterator[None]:
        """No file of the daemons can become longer than that."""
        processes = [daemon.process for daemon in self.crew.running.values()]
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        for process in processes:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, hard))
        yield
        for process in processes:
            if process.poll() is None:
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))


def _size_of_log(sql: Sql) -> int:
    """With room for two more pages of it, a commit is cut off in the middle."""
    return Path(f"{sql.path}-wal").stat().st_size


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
