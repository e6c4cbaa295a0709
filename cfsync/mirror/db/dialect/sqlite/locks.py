"""The locks of an SQLite mirror: files beside it. The library is loaded when one is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cfsync.mirror.db.dialect.place import Lost
from cfsync.mirror.db.errors import Away

if TYPE_CHECKING:
    from filelock import FileLock


class FilePushLocks:
    """One lock for all names. Passes of one process share it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @cached_property
    def _lock(self) -> FileLock:
        from filelock import FileLock

        return FileLock(self._file, thread_local=False)

    @asynccontextmanager
    async def hold(self, names: Sequence[str], lost: Lost) -> AsyncIterator[Collection[str]]:
        from filelock import Timeout

        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            yield ()
            return
        except OSError as error:
            raise Away(f"{self._file} can't be locked: {error.strerror}") from None
        try:
            yield names
        finally:
            self._lock.release()
