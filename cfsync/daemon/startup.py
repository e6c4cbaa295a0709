"""Before the daemon can do anything: the database, which may not be there yet."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from cfsync.config import Settings
from cfsync.daemon.health.watchdog import SqlThread
from cfsync.daemon.jobs import backoff
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.db.errors import Away

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sides:
    """`mirror` is what passes write through; `books` another connection of its own thread, for
    leases, pauses and health, and `inbox` one for what webhooks bring. `started_at`: by the
    database's clock.
    """

    mirror: Mirror
    books: Mirror
    inbox: Mirror
    started_at: str

    def close(self) -> None:
        self.inbox.close()
        self.books.close()
        self.mirror.close()


async def open_sides(
    settings: Settings, opened: Callable[[Settings], Mirror], sql: SqlThread
) -> Sides:
    """Wait until the database is there. Raises MirrorError for what no waiting can mend."""
    failures = 0
    while True:
        try:
            return await asyncio.to_thread(_open, settings, opened)
        except Away as error:
            failures += 1
            sql.say(str(error))
            jitter = random.random()  # noqa: S311
            await asyncio.sleep(backoff.delay("database", failures, jitter=jitter))


def _open(settings: Settings, opened: Callable[[Settings], Mirror]) -> Sides:
    """Off the loop, since a connection may take its time."""
    with ExitStack() as on_error:
        mirror = opened(settings)
        on_error.callback(mirror.close)
        books, inbox = (_another(settings.database.url, on_error) for _ in range(2))
        sides = Sides(mirror, books, inbox, asyncio.run(books.read(clock.now)))
        on_error.pop_all()
        return sides


def _another(url: str, on_error: ExitStack) -> Mirror:
    connection = Mirror.open(url, must_exist=True, clock=lambda: datetime.now(UTC))
    on_error.callback(connection.close)
    return connection
