"""The console's connections to the mirror: opened with the first use, closed when nobody looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cfsync.mirror.db import allocator
from cfsync.mirror.db.engine import Mirror

IDLE_S = 60.0
"""Seconds after the last use until a connection is closed. On SQLite one holds the whole schema,
parsed, in memory.
"""


class Connection:
    """One connection, with a thread of its own. All of its methods but `close` are for the event
    loop, which never waits for the database.
    """

    def __init__(self, open_mirror: Callable[[], Mirror]) -> None:
        #: Opens the mirror. Raises MirrorError while it can't be.
        self._open = open_mirror
        self._mirror: Mirror | None = None
        self._opening: asyncio.Task[Mirror] | None = None
        self._users = 0
        self._idle: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Mirror]:
        """The mirror, while the block runs. Raises MirrorError."""
        self._users += 1
        try:
            yield await self._opened()
        finally:
            self._users -= 1
            if self._idle is not None:
                self._idle.cancel()
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._close_idle)

    async def _opened(self) -> Mirror:
        if self._mirror is None:
            if self._opening is None:
                self._opening = asyncio.create_task(asyncio.to_thread(self._open))
            try:
                self._mirror = await asyncio.shield(self._opening)
            finally:
                if self._opening is not None and self._opening.done():
                    self._opening = None
        return self._mirror

    def _close_idle(self) -> None:
        if not self._users and self._mirror is not None:
            mirror, self._mirror = self._mirror, None
            asyncio.get_running_loop().run_in_executor(None, _close, mirror)

    def close(self) -> None:
        """Wait for what runs, then disconnect."""
        if self._mirror is not None:
            self._mirror.close()
            self._mirror = None


def _close(mirror: Mirror) -> None:
    mirror.close()
    allocator.give_back()  # what SQLite keeps of a schema is many small pieces
