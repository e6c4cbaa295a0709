"""Other programs at an SQLite mirror: who waits for the right to write polls, in the end ten times
a second, and would miss the moments between transactions that follow one another at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

import sqlalchemy as sa

SEEN_S = 10.0
"""A program that wrote so lately is expected to write again."""

LONGEST_S = 0.15
"""Nobody who polls is away for longer."""


class Neighbours:
    """Leaves others as much time as the last transaction took, where others write at all."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._seen = self._ended = -inf
        self._took = 0.0

    @contextmanager
    def spared(self, conn: sa.Connection) -> Iterator[None]:
        """For one transaction, which begins here and is to end within."""
        now = time.monotonic()
        if now - self._seen < SEEN_S:
            time.sleep(max(0.0, self._ended + min(self._took, LONGEST_S) - now))
        version = int(conn.exec_driver_sql("PRAGMA data_version").scalar_one())
        began = time.monotonic()
        if self._version not in (None, version):
            self._seen = began
        self._version = version
        try:
            yield
        finally:
            self._ended = time.monotonic()
            self._took = self._ended - began
