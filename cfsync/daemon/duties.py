"""The duties: what the daemon does again and again beside its passes. An error of one is said and
ends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import structlog

from cfsync.daemon import chores
from cfsync.daemon.assembly import Parts
from cfsync.daemon.chores import Duty, TroubleBook
from cfsync.daemon.health.observer import LOOK_S
from cfsync.errors import Interrupted
from cfsync.mirror.coordination import pauses
from cfsync.mirror.db import notifications
from cfsync.sync.account import known_workspaces
from cfsync.sync.context import Context
from cfsync.sync.rate_sharing import LOOK_S as SHARE_S

log = structlog.get_logger()

HOUR_S, DAY_S = 3600.0, 86400.0
SCHEMA_S, SOON_S = 5.0, 1.0
"""Seconds between two turns."""

PRUNE_FIRST_S = 600.0
"""After a start there is better to do; and who restarts each night still has it done."""


class Duties:
    """`end` is called when the schema has been changed under the daemon; `gone` tells how."""

    def __init__(self, parts: Parts, end: Callable[[], None]) -> None:
        self.gone: Interrupted | None = None
        self._parts = parts
        self._end = end
        self._troubles = TroubleBook()
        self._had: set[str] = set()

    def before_contact(self) -> Iterator[Duty]:
        yield Duty("database", SOON_S, self._ask_database)
        yield Duty("webhooks", SOON_S, self._parts.inbox.load_keys)

    def after_contact(self) -> Iterator[Duty]:
        parts = self._parts
        yield Duty("budget", SHARE_S, parts.sharing.turn)
        yield Duty("leases", parts.settings.daemon.lease_ttl / 3, self._turn)
        yield Duty("pauses", SOON_S, self._look_at_pauses)
        yield Duty("news", SOON_S, self._listen)
        yield Duty("events", SOON_S, partial(parts.follower.keep, parts.runner))
        yield Duty("push", SOON_S, partial(parts.pusher.keep, parts.runner))
        yield Duty("contact", SOON_S, self._keep_contact)
        yield Duty("health", LOOK_S, self._observe)
        yield Duty("schema", SCHEMA_S, self._check_schema)
        yield Duty("retention", DAY_S, self._prune, first=PRUNE_FIRST_S)
        yield Duty("summary", HOUR_S, self._sum_up, first=HOUR_S)

    async def quiet(self) -> None:
        """End what is under way: the token is refused."""
        self._parts.runner.stop()
        await self._parts.runner.drain(self._parts.settings.api.timeout_s)

    async def _listen(self) -> None:
        """Hear of edits and of hints, until the connection is lost (MirrorError)."""
        async for _ in notifications.changes(self._parts.sides.mirror.place):
            self._parts.pusher.wake.set()
            self._parts.follower.wake.set()

    async def _ask_database(self) -> None:
        if await self._parts.sql.ask(self._parts.sides.mirror):
            self._parts.runner.wake("database")

    async def _keep_contact(self) -> None:
        await self._parts.contact.remake(self.quiet)
        self._parts.runner.wake("token")
        self._had = set()
        await self._turn()

    async def _turn(self) -> None:
        """Hold on to what this daemon runs, which is nothing so long as the token is refused."""
        parts = self._parts
        if parts.contact.token_ok:
            await parts.rights.turn(parts.runner.is_busy)
        elif self._had:
            await parts.rights.end(())
        now = set(parts.rights.names) if parts.contact.token_ok else set()
        gained, lost, self._had = now - self._had, self._had - now, now
        if gained or lost:
            log.info("leases.changed", gained=sorted(gained), lost=sorted(lost))
        parts.runner.stop(lambda job: job.resource in lost)
        for job in parts.runner.of("pull"):
            if job.resource in gained:
                parts.runner.start(job)
        parts.pusher.wake.set()

    async def _look_at_pauses(self) -> None:
        parts = self._parts
        before, now = parts.host.paused, await parts.sides.books.read(pauses.paused)
        parts.host.paused = now
        if set(before) != set(now):
            paused, resumed = set(now) - set(before), set(before) - set(now)
            log.info("pauses.changed", paused=sorted(paused), resumed=sorted(resumed))
        parts.runner.stop(lambda job: job.resource in now)
        for job in parts.runner.of("pull"):
            if job.resource in before and job.resource not in now:
                parts.runner.start(job)
                parts.pusher.wake.set()
        mine = list(parts.rights.names)
        await self._troubles.keep(parts.sides.books, parts.runner.jobs.values(), mine)

    async def _observe(self) -> None:
        parts = self._parts
        context = Context(parts.contact.api, parts.sides.books, parts.settings)
        parts.observer.workspaces = await known_workspaces(context)
        await parts.observer.look()

    async def _check_schema(self) -> None:
        try:
            await chores.check_schema(self._parts.sides.books)
        except Interrupted as gone:
            self.gone = gone
            self._end()

    async def _prune(self) -> None:
        await chores.prune(self._parts.sides.books, self._parts.settings.retention)

    async def _sum_up(self) -> None:
        now = self._parts.observer.edits
        self._parts.journal.sum_up(**{f"edits_{state}": n for state, n in now.items()})
