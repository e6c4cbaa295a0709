"""The announcement: keeps saying in the mirror that this daemon runs, until it is stopped."""

from __future__ import annotations

from cfsync.mirror.coordination import daemons
from cfsync.mirror.db.engine import Mirror


class Announcement:
    """Says that this process runs; `started_at` is by the database's clock."""

    def __init__(self, mirror: Mirror, started_at: str) -> None:
        self._process = daemons.this_process()
        self._mirror = mirror
        self._started_at = started_at
        self._ended = False

    async def renew(self) -> None:
        """Give a sign of life."""
        if not self._ended:
            await self._mirror.write(daemons.announce, self._process, self._started_at)

    async def end(self) -> None:
        """Say that it was stopped."""
        self._ended = True
        await self._mirror.write(daemons.end, self._process)
