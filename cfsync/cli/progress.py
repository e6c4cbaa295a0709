"""Shows how far a pass is: progress bars on a terminal, occasional log lines elsewhere.

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
from cfsync.sync.walk_progress import WalkTotals

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from cfsync.sync.context import Progress

LINE_EVERY = 10.0
"""Seconds between two log lines of one resource."""

log = structlog.get_logger()


class LogLines:
    """Progress as log lines."""

    def __init__(self) -> None:
        self._totals = WalkTotals()
        self._logged_at: dict[str, float] = {}

    def at(self, listing: Listing, *, records: int, fraction: float) -> None:
        self._log(listing, *self._totals.note(listing, records=records, fraction=fraction))

    def walked(self, listing: Listing, *, of: int) -> None:
        self._log(listing, *self._totals.note(listing, fraction=1.0, of=of))

    def _log(self, listing: Listing, records: int, fraction: float) -> None:
        now = time.monotonic()
        if now - self._logged_at.setdefault(listing.resource, now) >= LINE_EVERY:
            self._logged_at[listing.resource] = now
            log.info(
                "walk.going",
                resource=listing.resource,
                records=records,
                percent=round(100 * fraction),
            )


class TerminalBars:
    """Progress as bars. Of lists that hang below other records, the number is known only when the
    first one has been walked; until then such a bar just shows activity.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._totals = WalkTotals()
        self._tasks: dict[str, TaskID] = {}

    def at(self, listing: Listing, *, records: int, fraction: float) -> None:
        records, fraction = self._totals.note(listing, records=records, fraction=fraction)
        self._bars.update(self._task(listing.resource), completed=fraction, records=records)

    def walked(self, listing: Listing, *, of: int) -> None:
        records, fraction = self._totals.note(listing, fraction=1.0, of=of)
        task = self._task(listing.resource)
        self._bars.update(task, total=1.0, completed=fraction, records=records)

    def _task(self, resource: str) -> TaskID:
        if resource not in self._tasks:
            total = None if ALL[resource].nested else 1.0
            self._tasks[resource] = self._bars.add_task(resource, total=total, records=0)
        return self._tasks[resource]


@contextmanager
def show_progress(bars: bool) -> Iterator[Progress]:
    """Where a pass reports its progress: bars if wanted and standard error is a terminal, else log
    lines.
    """
    if not (bars and sys.stderr.isatty()):
        yield LogLines()
        return
    from cfsync.cli.bars import new_bars

    with new_bars() as live:
        yield TerminalBars(live)
