"""What has to be done now and then, apart from passes. No error ends it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from cfsync.config import RetentionSettings
from cfsync.daemon.jobs import backoff
from cfsync.daemon.jobs.runner import Job, Trouble
from cfsync.errors import Interrupted, MirrorError
from cfsync.mirror import migrate, retention
from cfsync.mirror.coordination import pauses
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Away
from cfsync.values import time_text

log = structlog.get_logger()

LONGEST_S = 15.0
"""Seconds between two attempts at what fails."""


@dataclass(frozen=True, slots=True)
class Duty:
    """To be done every so many seconds; the first time after `first`."""

    name: str
    every: float
    do: Callable[[], Awaitable[object]]
    first: float = 0.0


async def forever(duty: Duty) -> None:
    """Do it, wait, do it again."""
    await asyncio.sleep(duty.first)
    failures = 0
    while True:
        try:
            await duty.do()
        except Exception as error:
            failures += 1
            log.warning("duty.failed", duty=duty.name, error=backoff.text_of(error))
            await asyncio.sleep(min(LONGEST_S, 2.0**failures * (0.5 + random.random() / 2)))  # noqa: S311
        else:
            failures = 0
            await asyncio.sleep(duty.every)


async def prune(mirror: Mirror, settings: RetentionSettings) -> None:
    """Forget what is old, a few hundred rows at a time, so that nobody waits for it."""
    for kind in retention.KINDS:
        keep, total = getattr(settings, kind), 0
        while pruned := await mirror.write(retention.prune, kind, keep):
            total += pruned
            await asyncio.sleep(0.05)
        if total:
            log.info("rows.pruned", kind=kind, rows=total)


async def check_schema(books: Mirror) -> None:
    """Raise Interrupted where the schema is no more this program's."""
    with suppress(Away):
        try:
            await migrate.check(books)
        except Away:
            raise
        except MirrorError as error:
            raise Interrupted(str(error)) from error


class TroubleBook:
    """Keeps in the mirror what troubles the jobs, for `cfsync status`; writes only differences."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Trouble | None] = {}

    async def keep(self, books: Mirror, jobs: Iterable[Job], mine: Collection[str]) -> None:
        now = {(j.name, j.resource): j.trouble for j in jobs if j.resource in mine}
        news = {key: t for key, t in now.items() if key not in self._kept or self._kept[key] != t}
        if news:
            await books.write(_keep, news)
        self._kept = now


def _keep(tx: Tx, news: dict[tuple[str, str], Trouble | None]) -> None:
    for (name, resource), trouble in news.items():
        if trouble is None:
            pauses.end_troubles(tx, [resource], name)
        else:
            since = _text(trouble.at)
            kept = pauses.Trouble(name, resource, trouble.kind, trouble.text, since)
            pauses.keep_trouble(tx, kept)


def _text(at: float) -> str:
    """Canonical text of a Unix time."""
    return time_text(datetime.fromtimestamp(at, UTC))
