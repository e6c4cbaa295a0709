"""How far a walk is: bars with rate and time left on a terminal, a log line now and then elsewhere.

A bar stands for a resource: all its lists together, in all workspaces.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from cfsync.records import Listing
from cfsync.resources import ALL

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from cfsync.sync.context import Progress

LINE_EVERY = 10.0
"""Seconds between two log lines of one resource."""

log = structlog.get_logger()


class _Walks:
    """What is known of each resource's lists: records read, and the share of each list walked."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[int, tuple[int, float]]] = {}
        self._sums: dict[str, tuple[int, float]] = {}

    def note(
        self, listing: Listing, *, fraction: float, records: int | None = None, of: int = 1
    ) -> tuple[int, float]:
        """(records, fraction) of the listing's whole resource, which has `of` lists or more."""
        lists = self._lists.setdefault(listing.resource, {})
        before, share = lists.get(listing.parent_id, (0, 0.0))
        now = before if records is None else records
        lists[listing.parent_id] = now, fraction
        total, shares = self._sums.get(listing.resource, (0, 0.0))
        total, shares = total + now - before, shares + fraction - share
        self._sums[listing.resource] = total, shares
        return total, shares / max(of, len(lists))


class Lines:
    """Progress as log lines."""

    def __init__(self) -> None:
        self._walks = _Walks()
        self._told: dict[str, float] = {}

    def at(self, listing: Listing, *, records: int, fraction: float) -> None:
        self._tell(listing, *self._walks.note(listing, records=records, fraction=fraction))

    def walked(self, listing: Listing, *, of: int) -> None:
        self._tell(listing, *self._walks.note(listing, fraction=1.0, of=of))

    def _tell(self, listing: Listing, records: int, fraction: float) -> None:
        now = time.monotonic()
        if now - self._told.setdefault(listing.resource, now) >= LINE_EVERY:
            self._told[listing.resource] = now
            log.info(
                "walk.going",
                resource=listing.resource,
                records=records,
                percent=round(100 * fraction),
            )


class OnTerminal:
    """Progress as bars. How many lists hang below other records is known when the first is walked;
    until then the bars of those only show that something moves.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._walks = _Walks()
        self._tasks: dict[str, TaskID] = {}

    def at(self, listing: Listing, *, records: int, fraction: float) -> None:
        records, fraction = self._walks.note(listing, records=records, fraction=fraction)
        self._bars.update(self._task(listing.resource), completed=fraction, records=records)

    def walked(self, listing: Listing, *, of: int) -> None:
        records, fraction = self._walks.note(listing, fraction=1.0, of=of)
        task = self._task(listing.resource)
        self._bars.update(task, total=1.0, completed=fraction, records=records)

    def _task(self, resource: str) -> TaskID:
        if resource not in self._tasks:
            total = None if ALL[resource].nested else 1.0
            self._tasks[resource] = self._bars.add_task(resource, total=total, records=0)
        return self._tasks[resource]


@contextmanager
def shown(bars: bool) -> Iterator[Progress]:
    """Where progress goes while a pass runs; `bars` only where standard error is a terminal."""
    if not (bars and sys.stderr.isatty()):
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            elapsed = task.finished_time or task.elapsed
            speed = task.fields["records"] / elapsed if elapsed else 0
            return Text(f"{speed:,.0f}/s")

    look = (
        TextColumn("{task.description:<22}"),
        BarColumn(),
        TextColumn("{task.fields[records]:>9,}"),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*look, console=Console(stderr=True), transient=True) as live:
        yield OnTerminal(live)
