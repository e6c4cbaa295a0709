"""How far an import is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cfsync.cli.row_bars import row_bars


@contextmanager
def bars(rows: int | None = None) -> Iterator[Callable[[str, int], None]]:
    """Shows how many rows are done, of `rows` where that is known: else of as many as the first
    kind of work has found.
    """
    done: dict[str, int] = {}
    with row_bars() as show:

        def progress(what: str, n: int) -> None:
            total = rows or next((done[first] for first in done if first != what), None)
            done[what] = done.get(what, 0) + n
            show(what, done[what], total)

        yield progress
