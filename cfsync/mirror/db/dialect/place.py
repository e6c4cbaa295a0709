"""`Place`: what holds a mirror, a file or a server, which each database has in its own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import sqlalchemy as sa

from cfsync.mirror.db.dialect.backup_method import BackupMethod
from cfsync.mirror.db.dialect.move_method import MoveSource, MoveTarget

if TYPE_CHECKING:
    from filelock import FileLock

    from cfsync.mirror.db.dialect.base import Dialect

Lost = Callable[[], object]


class Files(NamedTuple):
    """The files of a mirror on this machine."""

    #: Those that hold its records, and copies that stand beside it.
    data: Sequence[Path] = ()
    #: Those that only keep processes apart.
    locks: Sequence[Path] = ()


class PushLocks(Protocol):
    """Locks by name, each held by one process at a time."""

    def hold(
        self, names: Sequence[str], lost: Lost
    ) -> AbstractAsyncContextManager[Collection[str]]:
        """Take those of the locks that no other process holds, until the block or the process ends;
        yields their names. `lost` is called if the server takes them away earlier. Raises Away.
        """


class Place(ABC):
    """A database URL, understood. Its text names the database without user and password."""

    url: sa.URL
    dialect: Dialect
    file: Path | None = None
    """The file that holds the mirror; None: a server holds it."""
    secrets_file: Path | None = None
    """The file that holds its secrets; None: a server holds them."""

    @abstractmethod
    def check(self) -> None:
        """Raise MirrorError, in better words than the driver's, where the mirror can't be."""

    @abstractmethod
    def prepare(self, *, must_exist: bool) -> None:
        """Check the place before the driver opens it, and create it if it may be absent."""

    @abstractmethod
    def engine(self, *, read_only: bool = False) -> sa.Engine:
        """An engine with a single connection; its errors never show parameters. `read_only`: it
        can't write, holds little in memory, and on SQLite can't see the secrets.
        """

    @abstractmethod
    def migration(self) -> AbstractContextManager[sa.Connection]:
        """One transaction in which no other process changes the schema. A second one waits."""

    @abstractmethod
    def changes(self) -> AsyncIterator[None]:
        """Yields when there may be new edits or hints: once it listens, after each commit of
        another program that it hears of, and every `notifications.POLL_S` seconds. Has a
        connection of its own. Raises Away when that is lost.
        """

    @abstractmethod
    def push_locks(self) -> PushLocks:
        """The locks of `coordination.push_lock`. Passes that share the object share its locks."""

    @abstractmethod
    def backups(self) -> BackupMethod:
        """How the database is copied to a file, and made from it again."""

    def move_source(self) -> MoveSource | None:
        """How the mirror moves from here to another kind of database; None: it doesn't."""
        return None

    def move_target(self) -> MoveTarget | None:
        """How a mirror moves here from another kind of database; None: it doesn't."""
        return None

    def files(self) -> Files:
        """Those that are there. The one with the secrets is not among them."""
        return Files()

    def wal_size(self) -> int:
        """Bytes of the write-ahead log beside the file."""
        return 0

    def shrink_wal(self) -> str:
        """Empty a long write-ahead log. Returns where in it a reader holds that up; '': none."""
        return ""

    def run_lock(self) -> FileLock | None:
        """The lock that keeps a second daemon off the mirror; None: there may be several."""
        return None
