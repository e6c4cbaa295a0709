"""The files of an export: written beside their places, and put there when all are whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from cfsync.errors import Interrupted, UsageError
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.export import relations
from cfsync.mirror.export.formats import Format, writer
from cfsync.mirror.export.relations import Relation
from cfsync.mirror.row_progress import RowProgress, untold


@dataclass(frozen=True, slots=True)
class Exported:
    """A table or a view as a file."""

    name: str
    rows: int
    #: The file's absolute path.
    path: str


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be exported."""

    relations: Sequence[Relation]
    format: Format
    folder: Path
    #: Canonical time; '': all rows.
    since: str = ""
    progress: RowProgress = untold

    def place(self, relation: Relation) -> Path:
        return self.folder.absolute() / f"{relation.name}.{self.format}"


def write(tx: Tx, export: Export, is_stopped: Callable[[], bool]) -> list[Exported]:
    """Write all files, of one state of the database, for their owner alone. An error leaves those
    that were there as they were. Raises UsageError, and Interrupted where it is stopped.
    """
    tx.dialect.take_any_time(tx.conn)
    try:
        export.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as unfinished:
            written = []
            for relation in relations.with_own_columns(tx, export.relations):
                place = export.place(relation)
                number, name = tempfile.mkstemp(".part", f".{place.name}.", place.parent)
                unfinished.callback(_remove, name)
                rows = _write_one(tx, export, relation, number, is_stopped)
                written.append((name, Exported(relation.name, rows, str(place))))
            for name, one in written:
                Path(name).replace(one.path)
    except OSError as error:
        where = error.filename2 or error.filename or export.folder
        raise UsageError(f"{where} can't be written: {error.strerror}") from error
    return [one for _, one in written]


def _remove(name: str) -> None:
    """Of those that are in their places, nothing is left beside."""
    with suppress(OSError):
        Path(name).unlink(missing_ok=True)


def _write_one(
    tx: Tx, export: Export, relation: Relation, number: int, is_stopped: Callable[[], bool]
) -> int:
    """Returns how many rows there were. `number`: of the open file."""
    count = 0
    total = None if export.progress is untold else relations.count(tx, relation, export.since)
    with os.fdopen(number, "wb") as file:
        with (
            closing(writer(export.format, file, relation)) as out,
            closing(relations.rows(tx, relation, export.since)) as found,
        ):
            for rows in found:
                if is_stopped():
                    raise Interrupted("stopped: no file was written")
                out.write(rows)
                count += len(rows)
                export.progress(relation.name, count, total)
        file.flush()
        os.fsync(file.fileno())
    return count
