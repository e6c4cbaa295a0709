"""`Dialect`: the SQL that each database has in its own way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db.dialect.census_sql import CensusSql
from cfsync.mirror.db.dialect.change_numbers import ChangeNumbers
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.dialect.stored import Stored
from cfsync.mirror.db.dialect.view_sql import ViewSql
from cfsync.mirror.db.errors import Busy, Constrained

Row = Mapping[str, Any]
OwnColumns = Sequence[tuple[str, str | None]]  # name, SQL of the default


@dataclass(frozen=True, slots=True)
class Server:
    """What holds the mirror, in a few words, and what is wrong with it, a line each."""

    text: str
    problems: tuple[str, ...]


class Dialect(ChangeNumbers):
    """The SQL of one kind of database. Stateless: one object serves all mirrors."""

    name: ClassVar[str]
    """SQLAlchemy's name for it; also that of its package in `mirror.capture`."""

    tries: ClassVar[int]
    """How often a transaction is run when others are in its way."""
    has_one_daemon: ClassVar[bool]
    """Whether a mirror belongs to one daemon, which may also migrate it unasked."""
    private: ClassVar[Collection[str]]
    """The tables and sequences that only this kind of database needs."""
    read_options: ClassVar[Mapping[str, Any]]
    """SQLAlchemy's execution options for a transaction that reads one unchanging state."""

    id_in: ClassVar[str]
    """SQL after a column: whether it is in the parameter `ids`, which is an `id_list`."""
    stored: ClassVar[Mapping[Literal["timestamp", "money", "json"], Stored]]
    """How the values are held whose column types differ."""
    views: ClassVar[ViewSql]
    census: ClassVar[CensusSql]
    """The SQL that differs of views, and of a census."""

    # --- connecting, errors ---

    @abstractmethod
    def place(self, url: sa.URL) -> Place:
        """Where `url` leads. Raises MirrorError for a URL that can't hold a mirror."""

    @abstractmethod
    def is_contention(self, error: sa.exc.DBAPIError) -> bool:
        """Whether the same transaction may succeed when it is run again."""

    @abstractmethod
    def is_refusal(self, error: sa.exc.DBAPIError) -> bool:
        """Whether a constraint or trigger, such as one of the user's, refuses what was written."""

    @abstractmethod
    def check_deferred(self, conn: sa.Connection) -> None:
        """Check now the constraints that would be checked at the commit, where that is possible."""

    @abstractmethod
    def deferred_refusals(
        self, conn: sa.Connection, error: sa.exc.DBAPIError
    ) -> dict[tuple[str, int], str]:
        """(table, id) -> the words, of rows refused at the commit and not by `check_deferred`."""

    @abstractmethod
    def has_ended(self, conn: sa.Connection) -> bool:
        """Whether an error has ended the transaction, so that no savepoint of it is left."""

    def lock_holders(self, conn: sa.Connection, error: sa.exc.DBAPIError) -> str:
        """Who holds a lock that did not come: ` (TABLE: process PID, PROGRAM)`; '' if unknown."""
        return ""

    @abstractmethod
    def failure(self, error: sa.exc.DBAPIError, where: str) -> MirrorError | None:
        """One line for a person if the database can't be used; None: the statement is wrong."""

    @abstractmethod
    def message(self, error: sa.exc.DBAPIError) -> str:
        """The database's own words, which name tables and constraints and show no values."""

    def refusal(self, conn: sa.Connection, error: sa.exc.DBAPIError) -> str:
        """The words for what a constraint or trigger has refused."""
        return self.message(error)

    @abstractmethod
    def keys_in_the_way(self, conn: sa.Connection, table: str, row: int, words: str) -> list[str]:
        """The foreign keys of the user's that have refused, in these words, another id of a row."""

    @abstractmethod
    def before_retry(self, where: str, attempt: int) -> None:
        """Wait, or warn, before a transaction is run again. `attempt` counts from 1."""

    # --- the transaction ---

    @abstractmethod
    def mark(self, conn: sa.Connection) -> None:
        """Mark what this transaction writes as cfsync's own, which the triggers let pass."""

    @abstractmethod
    def unmark(self, conn: sa.Connection) -> None:
        """Take the mark off: the triggers treat what is written next as a user's edit."""

    @abstractmethod
    def take_any_time(self, conn: sa.Connection) -> None:
        """Lift the limit of a statement's time for this transaction, which reads."""

    @abstractmethod
    def name_program(self, conn: sa.Connection, name: str) -> bool:
        """Name the program whose edits this transaction captures, where edits note that."""

    @abstractmethod
    def before_commit(self, conn: sa.Connection) -> None:
        """Leave no mark behind where it would outlast the transaction."""

    @abstractmethod
    def write_pause(self) -> Callable[[sa.Connection], AbstractContextManager[None]]:
        """What stands around each writing transaction of a mirror, to let other programs write."""

    @abstractmethod
    def next_rev(self, conn: sa.Connection) -> int:
        """Take the next number of the sequence of `cf_rev`."""

    @abstractmethod
    def highest_rev(self, conn: sa.Connection) -> int:
        """The highest `cf_rev` that was taken; 0 before the first."""

    @abstractmethod
    def server_time(self, conn: sa.Connection) -> str | None:
        """The time by the server's clock, canonical text; None: there is no server."""

    # --- rows ---

    @abstractmethod
    def insert(self, table: sa.Table) -> Any:
        """SQLAlchemy's INSERT that knows `on_conflict_do_nothing`."""

    @abstractmethod
    def upsert(
        self,
        conn: sa.Connection,
        table: sa.Table,
        rows: Sequence[Row],
        stamp: Row,
        keep: tuple[str, ...],
    ) -> None:
        """Insert or update rows; see `statements.upsert`. There is at least one row."""

    @abstractmethod
    def differing_ids(
        self, conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]
    ) -> list[int]:
        """The ids of rows, with just these columns, that the table does not hold as given."""

    own_value: ClassVar[str]
    """SQL: the value of a user's own `{column}` to be written back; NULL: the `{default}`."""

    @abstractmethod
    def own_columns(self, conn: sa.Connection, table: sa.Table) -> OwnColumns:
        """The columns that the user has added to a table."""

    @abstractmethod
    def param(self, name: str) -> str:
        """A named parameter in SQL for the driver."""

    @abstractmethod
    def id_list(self, ids: Sequence[int]) -> Any:
        """The value of the parameter `ids` of `id_in`."""

    @abstractmethod
    def lock_rows(self, conn: sa.Connection, table: sa.Table, ids: Sequence[int]) -> set[int]:
        """Lock the rows that exist; return the ids of those that another program holds."""

    @abstractmethod
    def serialize_writers(self, conn: sa.Connection, table: sa.Table) -> None:
        """Make other cfsync processes that write to the table wait for this transaction's end."""

    @abstractmethod
    def new_local_id(self, conn: sa.Connection, table: sa.Table) -> int:
        """An id for a row that ClickFunnels does not know, as the database gives one itself."""

    # --- whole databases ---
    @abstractmethod
    def relations(self, conn: sa.Connection) -> set[str]:
        """The names of all tables, views and the like where the mirror's are, or would be."""

    @abstractmethod
    def may_create(self, conn: sa.Connection) -> bool:
        """Whether this role may create the mirror's tables."""

    @abstractmethod
    def notify(self, conn: sa.Connection) -> None:
        """Wake what waits in `Place.changes`, at the commit."""

    @abstractmethod
    def describe(self, conn: sa.Connection) -> Server:
        """The version, and whether the database is whole and lets this role do what a pass does."""

    @abstractmethod
    def create_secrets(self, conn: sa.Connection) -> None:
        """Make the table of the secrets where it is missing."""

    @abstractmethod
    def clear_replaced(self, conn: sa.Connection) -> None:
        """Empty the table in which triggers keep replaced rows for a moment, if there is one."""

    @abstractmethod
    def overwrite_deleted(self, conn: sa.Connection) -> None:
        """Have deleted text overwritten in the file, from here on and on this connection."""

    # --- the same everywhere ---

    def declared_types(self, conn: sa.Connection, table: str) -> Mapping[str, str]:
        """Column -> its type as declared, where a database takes any; {}: it has only its own."""
        return {}

    def explained(self, error: sa.exc.DBAPIError, where: str, by: str = "") -> MirrorError | None:
        """The one line for a person; None for an error that is a fault of the statement itself."""
        if self.is_contention(error):
            return Busy(f"{where} is locked by another program{by}; end its long transactions")
        if self.is_refusal(error):
            return Constrained(self.message(error))
        return self.failure(error, where)
