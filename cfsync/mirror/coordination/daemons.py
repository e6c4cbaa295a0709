"""Daemons announce themselves in the mirror, so that a command can tell whether one runs.

Each is a row of `cf_daemons` that it renews every RENEW_S seconds. One that is stopped says so; one
that is killed is only no longer seen. A running daemon deletes the rows of those that were stopped,
and in the end of those that have gone, since it goes on with their work.
"""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from cfsync.mirror.db import clock, statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import DAEMONS
from cfsync.times import later, seconds

RENEW_S = 10.0
"""Seconds between two signs of life."""
MISSED_S = 60.0
"""Seconds without a sign of life after which a daemon is gone."""
FORGOTTEN_S = 86_400.0
"""Seconds after which one that has gone is forgotten, where another runs."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that runs as a daemon. `name` is its own alone, also after a restart."""

    name: str
    host: str
    pid: int


def this_process() -> Process:
    """The process that asks; it has another name each time."""
    host, pid = socket.gethostname(), os.getpid()
    return Process(f"{host}:{pid}:{secrets.token_hex(4)}", host, pid)


@dataclass(frozen=True, slots=True)
class Daemon(Process):
    """A daemon as the mirror knows it; its times are canonical text, by the database's clock."""

    started_at: str
    seen_at: str
    #: When it was stopped; None: it runs, or has gone without a word.
    ended_at: str | None

    def gone_at(self, now: str) -> str | None:
        """Since when it has not been running; None: it runs."""
        if self.ended_at is None and seconds(self.seen_at, now) <= MISSED_S:
            return None
        return self.ended_at or self.seen_at


def announce(tx: Tx, process: Process, started_at: str) -> None:
    """Say that a daemon runs, and forget others that needn't be known any more."""
    now = clock.now(tx)
    row = asdict(process) | {"started_at": started_at, "seen_at": now, "ended_at": None}
    statements.upsert(tx, DAEMONS, [row])
    d = DAEMONS.c
    over = sa.or_(d.ended_at.is_not(None), d.seen_at < later(now, -FORGOTTEN_S))
    others = sa.true() if tx.dialect.has_one_daemon else over
    tx.conn.execute(sa.delete(DAEMONS).where(d.name != process.name, others))


def end(tx: Tx, process: Process) -> None:
    """Say that a daemon has been stopped."""
    mine = DAEMONS.c.name == process.name
    tx.conn.execute(sa.update(DAEMONS).where(mine).values(ended_at=clock.now(tx)))


def known(tx: Tx) -> list[Daemon]:
    """All that are known, the one that was seen last first."""
    found = tx.conn.execute(sa.select(DAEMONS).order_by(DAEMONS.c.seen_at.desc())).mappings()
    return [Daemon(**row) for row in found]
