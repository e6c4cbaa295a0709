"""What has to be known of a whole file, on disk: the last line of each record, and which records
were deleted earlier.

SQLite keeps it in a nameless file of its own, which nobody else can open and which is gone at the
end; as long as it is small, it is in memory alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from types import TracebackType
from typing import Any


class Seen:
    """Keys of records, with what is known about them. To be closed, as a context manager does."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA cache_size = -1000")
        self._file.execute("CREATE TABLE last (key PRIMARY KEY, line) WITHOUT ROWID")
        self._file.execute("CREATE TABLE gone (key PRIMARY KEY, reason) WITHOUT ROWID")
        self._file.execute("BEGIN")

    def __enter__(self) -> Seen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._file.close()

    def note_lines(self, keys: Iterable[tuple[Any, int]]) -> None:
        """Note keys with their lines; of the same key the last one counts."""
        self._file.executemany("INSERT OR REPLACE INTO last VALUES (?, ?)", keys)

    def note_gone(self, keys: Iterable[tuple[Any, str]]) -> None:
        """Note keys of records that were deleted, with the words about it."""
        self._file.executemany("INSERT OR REPLACE INTO gone VALUES (?, ?)", keys)

    def last_lines(self, keys: Sequence[Any]) -> Mapping[Any, int]:
        """Key -> the last line with it."""
        return self._find("SELECT key, line FROM last", keys)

    def gone(self, keys: Sequence[Any]) -> Mapping[Any, str]:
        """Key -> the words about the record that had it; only for those that were deleted."""
        return self._find("SELECT key, reason FROM gone", keys)

    def _find(self, select: str, keys: Sequence[Any]) -> Mapping[Any, Any]:
        marks = ", ".join("?" * len(keys))
        with closing(self._file.execute(f"{select} WHERE key IN ({marks})", list(keys))) as found:
            return dict(found)
