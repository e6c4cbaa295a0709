"""A bar for each kind of work on rows, on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cfsync.mirror.row_progress import RowProgress


@contextmanager
def row_bars() -> Iterator[RowProgress]:
    """May be told from any thread. The first word of it makes the bars appear, so that a question
    can be asked before.
    """
    if not sys.stderr.isatty():
        from cfsync.mirror.row_progress import untold

        yield untold
        return
    from cfsync.cli.bars import new_bars

    tasks: dict[str, Any] = {}
    live = new_bars()

    def show(what: str, done: int, total: int | None) -> None:
        if what not in tasks:
            live.start()
            tasks[what] = live.add_task(what, total=total, count=0, of=total)
        live.update(tasks[what], completed=done, count=done)

    try:
        yield show
    finally:
        if tasks:
            live.stop()
