"""The numbers of changes that are no edits: they are of the sequence of `cf_outbox`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import sqlalchemy as sa


class ChangeNumbers(ABC):
    """The part of a dialect that hands them out."""

    @abstractmethod
    def take_numbers(self, conn: sa.Connection, count: int) -> Sequence[int]:
        """The next numbers."""

    def skip_numbers(self, conn: sa.Connection, count: int) -> None:
        """Leave out the next numbers."""
        self.take_numbers(conn, count)

    def tidy_numbers(self, conn: sa.Connection) -> None:
        """Forget what kept changes in order that everybody sees by now, or on another server."""
        return
