"""The locks of an SQLite mirror: files beside it. The library is loaded when one is taken."""

from __future__ import annotations

import glob
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cfsync.mirror.db.dialect.place import Files, Lost
from cfsync.mirror.db.errors import Away

if TYPE_CHECKING:
    from filelock import FileLock


_LOCKS = ("run", "push", "migrate")


def files_of(mirror: Path) -> Files:
    """See `Place.files`."""
    names = (f"{mirror}{end}" for end in ("", "-wal", "-shm"))
    copies = mirror.parent.glob(f"{glob.escape(mirror.name)}.before-*")
    locks = (f"{mirror}.{kind}-lock" for kind in _LOCKS)
    return Files(
        [path for path in (*map(Path, names), *sorted(copies)) if path.exists()],
        [path for path in map(Path, locks) if path.exists()],
    )


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
