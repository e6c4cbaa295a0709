"""Startup: connects to the database, which may not be available yet."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from cfsync.config import Settings
from cfsync.daemon.health.database_probe import DatabaseProbe
from cfsync.daemon.jobs import backoff
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.db.errors import Away

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Connections:
    """The daemon's database connections, each with its own thread: none waits for another."""

    #: For the passes.
    mirror: Mirror
    #: For leases, pauses and the rate limit.
    control: Mirror
    #: For health, checks and pruning, which may take long: no lease waits for them.
    checks: Mirror
    #: For webhooks and the hints that they bring.
    webhooks: Mirror
    #: When they were opened, by the database's clock; canonical text.
    started_at: str

    def close(self) -> None:
        self.webhooks.close()
        self.checks.close()
        self.control.close()
        self.mirror.close()


async def connect(
    settings: Settings, open_mirror: Callable[[Settings], Mirror], database: DatabaseProbe
) -> Connections:
    """Connect to the database; wait for it as long as it takes. Raises MirrorError for problems
    that waiting does not solve.
    """
    failures = 0
    while True:
        try:
            return await asyncio.to_thread(_connect, settings, open_mirror)
        except Away as error:
            failures += 1
            database.set_problem(str(error))
            jitter = random.random()  # noqa: S311
            await asyncio.sleep(backoff.delay("database", failures, jitter=jitter))


def _connect(settings: Settings, open_mirror: Callable[[Settings], Mirror]) -> Connections:
    """In a thread, since connecting may take a while."""
    with ExitStack() as on_error:
        mirror = open_mirror(settings)
        on_error.callback(mirror.close)
        control, checks, webhooks = (_another(settings.database.url, on_error) for _ in range(3))
        started_at = asyncio.run(control.read(clock.now))
        on_error.pop_all()
        return Connections(mirror, control, checks, webhooks, started_at)


def _another(url: str, on_error: ExitStack) -> Mirror:
    connection = Mirror.open(url, must_exist=True, clock=lambda: datetime.now(UTC))
    on_error.callback(connection.close)
    return connection
