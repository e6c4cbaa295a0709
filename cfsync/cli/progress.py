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

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from cfsync.sync.context import Progress

LINE_EVERY = 10.0
"""Seconds between two log lines of one resource."""

log = structlog.get_logger()


class _Totals:
    """For each resource, the records read so far and the share of its lists that was walked."""

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


class LogLines:
    """Progress as log lines."""

    def __init__(self) -> None:
        self._totals = _Totals()
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
        self._totals = _Totals()
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
