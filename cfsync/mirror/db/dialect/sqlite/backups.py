"""Backups of an SQLite file: by SQLite's online backup."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from cfsync.errors import MirrorError, UsageError
from cfsync.mirror.db.dialect.backup_method import (
    MARK,
    BackupMethod,
    IsStopped,
    never,
    not_a_backup,
)

_BUSY_S = 30.0

_PAGES, _STEPS = 1000, 100_000
"""Pages that are copied, and steps of a check, between two looks at whether it is stopped."""


class SQLiteBackups(BackupMethod):
    """`file`: the mirror."""

    suffix = ".db"

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, file: Path, is_stopped: IsStopped = never) -> None:
        def check(*_: int) -> None:
            if is_stopped():
                raise sqlite3.OperationalError("stopped")

        try:
            with closing(_read_only(self._file)) as mirror, closing(sqlite3.connect(file)) as copy:
                # In one transaction: else each commit of another program begins the copy anew.
                mirror.execute("BEGIN")
                mirror.execute("SELECT 1 FROM sqlite_schema").fetchone()
                mirror.backup(copy, pages=_PAGES, progress=check, sleep=0)
                copy.execute(MARK)
                copy.commit()
                # A copy in one piece: with WAL, each reader would make files beside it.
                copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise MirrorError(f"{self._file} can't be copied to {file.parent}: {error}") from error

    def revision(self, file: Path, is_stopped: IsStopped = never) -> str:
        try:
            with closing(_read_only(file, immutable=True)) as copy:
                copy.set_progress_handler(is_stopped, _STEPS)
                (state,) = copy.execute("PRAGMA quick_check(1)").fetchone()
                (revision,) = copy.execute("SELECT version_num FROM cf_schema").fetchone()
        except (sqlite3.Error, TypeError) as error:
            raise not_a_backup(file) from error
        if state != "ok":
            raise not_a_backup(file)
        return str(revision)

    def check_target(self) -> None:
        with hold_locks(self._file):
            pass

    def put_back(self, file: Path, label: str) -> Path | None:
        """The file beside the mirror that holds its secrets stays."""
        new = self._file.with_name(f".{self._file.name}.part")
        try:
            with hold_locks(self._file):
                shutil.copyfile(file, new)
                _finish(new, like=self._file if self._file.exists() else self._file.parent)
                before = self._put_aside(label)
                new.replace(self._file)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise MirrorError(f"{self._file} can't be replaced: {error.strerror}") from error
        return before

    def _put_aside(self, label: str) -> Path | None:
        """Give the file a second name, under which it stays. Its log goes into it, or, where that
        can't be, with it: over another file it would be played into that.
        """
        if not self._file.exists():
            return None
        before = self._file.with_name(f"{self._file.name}.{label}")
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._file, timeout=0)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        log = Path(f"{self._file}-wal")
        if log.exists() and log.stat().st_size:
            shutil.copyfile(log, f"{before}-wal")
        before.hardlink_to(self._file)
        for part in ("-wal", "-shm"):
            Path(f"{self._file}{part}").unlink(missing_ok=True)
        return before


@contextmanager
def hold_locks(file: Path) -> Iterator[None]:
    """Keep pushes and migrations away from a mirror. The lock of the daemon is the caller's. Raises
    UsageError where one is at work.
    """
    from filelock import FileLock, Timeout

    with ExitStack() as held:
        for kind in ("push", "migrate"):
            try:
                held.enter_context(FileLock(f"{file}.{kind}-lock", blocking=False))
            except Timeout:
                raise UsageError(f"cfsync works on {file}: stop it first") from None
            except OSError as error:
                where = f"{file}.{kind}-lock"
                raise UsageError(f"{where} can't be locked: {error.strerror}") from None
        yield


def _read_only(file: Path, *, immutable: bool = False) -> sqlite3.Connection:
    options = "mode=ro&immutable=1" if immutable else "mode=ro"
    return sqlite3.connect(f"{file.absolute().as_uri()}?{options}", uri=True, timeout=_BUSY_S)


def _finish(file: Path, like: Path) -> None:
    """Make the file durable, and let the same people use it as `like`."""
    found = like.stat()
    file.chmod(found.st_mode & 0o660)
    with suppress(PermissionError):
        os.chown(file, found.st_uid, found.st_gid)
    with file.open("rb") as written:
        os.fsync(written.fileno())
