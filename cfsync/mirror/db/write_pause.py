"""Pauses between the transactions on an SQLite file, so that other programs can write to it.

A program that waits for the right to write asks for it repeatedly, after a while only ten times a
second. Between transactions that follow one another at once it would never find the file free.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

import sqlalchemy as sa

SEEN_S = 10.0
"""For so long after another program has written, it is expected to write again."""

LONGEST_S = 0.15
"""The longest pause: every program that waits asks at least once in this time."""


@dataclass(slots=True)
class Waits:
    """What is known of a mirror's waits for other programs."""

    #: Monotonic seconds when a transaction was last run again, since others were in its way.
    began_at: float = -inf


class WritePause:
    """Pauses as long as the last transaction took, but only while other programs write too."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._seen = self._ended = -inf
        self._took = 0.0

    @contextmanager
    def before(self, conn: sa.Connection) -> Iterator[None]:
        """Pause if others write. The transaction then begins, and must end within the block."""
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
