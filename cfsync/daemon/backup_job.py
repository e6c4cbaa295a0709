"""Backups that the daemon makes by itself, where `backup.dir` is set."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from cfsync.config import Settings
from cfsync.errors import CfsyncError
from cfsync.mirror import backups

log = structlog.get_logger()

LOOK_S = 60.0
"""Seconds between two looks at whether a backup is due."""

AGAIN = timedelta(minutes=10)
"""Between two attempts of one that fails."""


class BackupJob:
    """Backs up the mirror when the newest copy in the folder is `backup.every` old. So a daemon
    that is restarted makes none too early.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._url = settings.database.url
        self._settings = settings
        self._clock = clock
        #: Why the last attempt failed; '' where it did not.
        self.problem = ""
        self._failed_at: datetime | None = None
        self._made_at: datetime | None = None

    async def run(self) -> None:
        """Make a backup if one is due. A failure is logged, and tried again after AGAIN."""
        now = self._clock()
        if self._settings.backup.dir is None or _is_within(AGAIN, self._failed_at, now):
            return
        try:
            if not await asyncio.to_thread(self._is_due, now):
                return
            done = await self._back_up(self._settings.backup.dir, now)
        except CfsyncError as error:
            self._failed_at, self.problem = now, str(error)
            log.error("backup.failed", error=str(error))
        else:
            self._failed_at, self._made_at, self.problem = None, now, ""
            log.info("backup.made", file=done.file, bytes=done.size, removed=len(done.removed))

    async def _back_up(self, folder: Path, now: datetime) -> backups.Backup:
        """Cancelled, it ends soon: else the daemon would have to wait for the thread."""
        stopped, keep = threading.Event(), self._settings.backup.keep
        try:
            return await asyncio.to_thread(
                backups.back_up, self._url, folder, now, keep=keep, is_stopped=stopped.is_set
            )
        finally:
            stopped.set()

    def _is_due(self, now: datetime) -> bool:
        """A copy from the future, which a clock that was ahead has left, says nothing."""
        assert self._settings.backup.dir is not None
        every = timedelta(seconds=self._settings.backup.every)
        made_at = backups.newest(self._url, self._settings.backup.dir)
        return not (_is_within(every, made_at, now) or _is_within(every, self._made_at, now))


def _is_within(span: timedelta, at: datetime | None, now: datetime) -> bool:
    """Whether `at` is at most so long ago, and not in the future."""
    return at is not None and timedelta(0) <= now - at < span
