"""How a mirror leaves one kind of database, and how another kind takes it in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Counters:
    """The last numbers that a database has given."""

    #: `cf_rev`
    rev: int
    #: table -> of its ids, or of its column `seq`
    of_tables: Mapping[str, int]


class MoveSource(ABC):
    """A database that a mirror leaves."""

    @abstractmethod
    def alone(self) -> AbstractContextManager[sa.Connection]:
        """A transaction, which its user commits, during which nobody else writes and no push runs.
        Raises UsageError where one does.
        """

    @abstractmethod
    def counters(self, conn: sa.Connection) -> Counters:
        """The last numbers that were given."""

    @abstractmethod
    def own_objects(self, conn: sa.Connection) -> list[str]:
        """What users have added to the database, as `table NAME`, `column TABLE.NAME` and so on."""

    @abstractmethod
    def close(self, conn: sa.Connection, words: str) -> None:
        """Have the database refuse, in these words, whatever writes to the mirror's tables or its
        outbox: a user's SQL, and cfsync of any version.
        """


class MoveTarget(ABC):
    """A database that takes a mirror in."""

    @abstractmethod
    def refuse_filled(self, conn: sa.Connection) -> None:
        """Raise UsageError unless there is nothing where the mirror's tables are to be."""

    @abstractmethod
    def load(self, conn: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows, in the order of the table's columns, to a table without triggers. Values are
        canonical, JSON is text. Raises Unheld.
        """

    @abstractmethod
    def set_counters(self, conn: sa.Connection, counters: Counters) -> None:
        """Go on behind these numbers."""


class Unheld(Exception):
    """A value that a table can't hold. `row`: which one of those that were given, from 1; `why`:
    the database's words without the value.
    """

    def __init__(self, column: str, row: int, why: str) -> None:
        super().__init__()
        self.column, self.row, self.why = column, row, why
