"""Backups: whole and checked copies of the mirror in a folder, of which the oldest are removed.

A backup is a file that only its owner can read, `NAME-20261130T054500Z.db` (SQLite) or `.dump`
(PostgreSQL). It appears under its name when it is whole. The secrets of webhook endpoints are in it
on PostgreSQL only; on SQLite they stay in their own file (`secrets_table`).
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cfsync.errors import Interrupted, MirrorError, UsageError
from cfsync.mirror import migrate
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.dialect.backup_method import IsStopped, never
from cfsync.mirror.db.dialect.place import Place

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(?P<stem>.+)-(?P<at>\d{8}T\d{6}Z)\.(db|dump)")
_PART = ".part"
_LEFT_BEHIND = timedelta(days=1)
"""An unfinished file of this age is nobody's any more."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made."""

    #: The file's absolute path.
    file: str
    #: Bytes.
    size: int
    #: The names of older ones that were removed.
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """A mirror that was made from a backup."""

    #: The file's absolute path, or the database's name.
    place: str
    #: The revision that the backup's schema has.
    revision: str
    #: Where the file is that held the mirror before; None: there was none, or a server holds it.
    before: str | None


def back_up(
    url: str,
    folder: Path,
    now: datetime,
    *,
    keep: int | None = None,
    is_stopped: IsStopped = never,
) -> Backup:
    """Write a backup into the folder, check it, and keep the newest `keep` ones (None: all).

    Takes as long as copying takes; the mirror can be written to meanwhile. Raises
    MirrorError, Interrupted where it is stopped, and UsageError for a folder that can't be written.
    """
    place = place_of(url)
    place.prepare(must_exist=True)
    stem = _stem(place)
    target = folder.absolute() / f"{stem}-{now.astimezone(UTC):{_STAMP}}{place.backups().suffix}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_unfinished(folder, stem, now)
        size = _write(place, target, is_stopped)
        old = surplus((file.name for file in folder.iterdir()), stem, keep)
        old = [name for name in old if name != target.name]  # others may be from the future
        for name in old:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        where = error.filename2 or error.filename or folder
        raise UsageError(f"{where} can't be written: {error.strerror}") from error
    return Backup(str(target), size, tuple(old))


def _write(place: Place, target: Path, is_stopped: IsStopped) -> int:
    number, name = tempfile.mkstemp(_PART, f".{target.stem}.", target.parent)
    os.close(number)
    part = Path(name)
    try:
        place.backups().write(part, is_stopped)
        place.backups().revision(part, is_stopped)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        size = part.stat().st_size
        part.replace(target)
    except MirrorError as error:
        if is_stopped():
            raise Interrupted("stopped: no backup was made") from error
        raise
    finally:
        part.unlink(missing_ok=True)
    return size


def _remove_unfinished(folder: Path, stem: str, now: datetime) -> None:
    """Remove what a killed process has left of the mirror's backups."""
    for part in folder.glob(f".{stem}-*Z.*{_PART}"):
        with suppress(FileNotFoundError):
            if now - datetime.fromtimestamp(part.stat().st_mtime, UTC) > _LEFT_BEHIND:
                part.unlink()


def newest(url: str, folder: Path) -> datetime | None:
    """When the newest backup in the folder was made; None: there is none. Raises UsageError."""
    try:
        names = [file.name for file in folder.iterdir()] if folder.exists() else []
    except OSError as error:
        raise UsageError(f"{folder} can't be read: {error.strerror}") from error
    found = dated(names, _stem(place_of(url)))
    return datetime.strptime(max(found)[0], _STAMP).replace(tzinfo=UTC) if found else None


def files(url: str, folder: Path) -> list[Path]:
    """The mirror's backups in the folder, the oldest first; none where it can't be read."""
    try:
        names = [file.name for file in folder.iterdir()]
    except OSError:
        return []
    return [folder / name for _, name in sorted(dated(names, _stem(place_of(url))))]


def dated(names: Iterable[str], stem: str) -> list[tuple[str, str]]:
    """(stamp, name) of those names that are backups of the mirror `stem`. Pure."""
    found = ((_NAME.fullmatch(name), name) for name in names)
    return [(match["at"], name) for match, name in found if match and match["stem"] == stem]


def surplus(names: Iterable[str], stem: str, keep: int | None) -> list[str]:
    """The backups of the mirror `stem` that are older than the newest `keep` ones. Pure."""
    return [] if keep is None else [name for _, name in sorted(dated(names, stem))[:-keep]]


def _stem(place: Place) -> str:
    """The mirror's name as the begin of a file name."""
    name = place.file.stem if place.file else place.url.database or "cfsync"
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def restore(
    url: str, file: Path, now: datetime, confirm: Callable[[str], object] = lambda _: None
) -> Restored:
    """Make the mirror from a backup; until it is migrated and recovered, nothing can be pushed.
    What an SQLite file held before stays beside it under another name; a PostgreSQL database must
    be empty.

    `confirm` is called with the backup's revision once it is read and found whole; nothing is done
    where it raises. Raises MirrorError and UsageError.
    """
    place = place_of(url)
    revision = _check(place, file)
    confirm(revision)
    before = place.backups().put_back(file, f"before-{now.astimezone(UTC):{_STAMP}}")
    return Restored(str(place), revision, str(before) if before else None)


def _check(place: Place, file: Path) -> str:
    """Read a whole backup, and see that it can be put in the mirror's place. Returns the revision
    of its schema.
    """
    if not file.is_file():
        raise UsageError(f"there is no file {file}")
    place.check()
    place.backups().check_target()
    revision = place.backups().revision(file)
    if revision not in migrate.REVISIONS:
        raise MirrorError(f"{file} was made by a newer cfsync ({revision}): upgrade cfsync")
    return revision
