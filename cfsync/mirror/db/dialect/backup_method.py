"""How one kind of database is copied to a file, and made from it again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from cfsync.errors import MirrorError

MARK = (
    "INSERT INTO cf_meta (key, value) VALUES ('restored', '1')"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
"""Marks a mirror as made from a backup (`meta.RESTORED`)."""

IsStopped = Callable[[], bool]


def never() -> bool:
    return False


class BackupMethod(ABC):
    """Makes and reads the backups of one database. All methods raise MirrorError; once
    `is_stopped`, those that take long raise some error soon.
    """

    suffix: ClassVar[str]
    """The end of a backup's file name."""

    @abstractmethod
    def write(self, file: Path, is_stopped: IsStopped = never) -> None:
        """Copy the database, as it is at one moment, into an empty file. Programs may go on to
        write to it.
        """

    @abstractmethod
    def revision(self, file: Path, is_stopped: IsStopped = never) -> str:
        """The revision of the schema in a backup. Reads all of it; an error says that it is damaged
        or no backup of a mirror.
        """

    @abstractmethod
    def check_target(self) -> None:
        """Raise UsageError or MirrorError where a backup can't be put in the database's place."""

    @abstractmethod
    def put_back(self, file: Path, label: str) -> Path | None:
        """Make the database from a backup. All of it happens or nothing.

        Returns where the file is now that held the database before; None: there was none. `label`:
        a part of its name.
        """


def not_a_backup(file: Path) -> MirrorError:
    return MirrorError(f"{file} is no backup of a mirror, or is damaged: give another file")
