"""Exports tables and views to files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cfsync.errors import UsageError
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.export import files, relations
from cfsync.mirror.export.files import Export, Exported
from cfsync.mirror.export.formats import Format
from cfsync.mirror.row_progress import RowProgress, untold
from cfsync.sync.selection import earliest

DEFAULT = Format.CSV


async def export(
    mirror: Mirror,
    names: Sequence[str],
    *,
    format_name: str = DEFAULT,
    since: str | None = None,
    folder: Path,
    is_stopped: Callable[[], bool] = lambda: False,
    progress: RowProgress = untold,
) -> list[Exported]:
    """Write a file for each of the tables and views, or for all tables, from one state of the
    mirror. `since`: a time or an age; `progress` is called in another thread.

    Raises UsageError for what there isn't, and Interrupted where it is stopped.
    """
    if format_name not in tuple(Format):
        raise UsageError(f"--format takes {', '.join(Format)}, not {format_name!r}")
    wanted = relations.chosen(names)
    if since is not None:
        relations.check_dated(wanted)

    def write(tx: Tx) -> list[Exported]:
        begin = earliest(since, clock.now(tx))
        made = Export(wanted, Format(format_name), folder, begin, progress)
        return files.write(tx, made, is_stopped)

    return await mirror.read(write)
