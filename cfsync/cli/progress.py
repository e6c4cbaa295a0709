"""Shows how far a pass is: progress bars on a terminal, occasional log lines elsewhere.

A bar stands for a resource: all its lists together, in all workspaces; in a push, all its edits.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from cfsync.cli.changing import Change
from cfsync.cli.text import plural
from cfsync.records import Listing
from cfsync.sync.progress import Far, Progress, Totals

if TYPE_CHECKING:
    from rich.progress import TaskID

    from cfsync.cli.bars import Bars

LINE_EVERY = 10.0
"""Seconds between two log lines of one resource."""

log = structlog.get_logger()


class _Announcing(Progress):
    """Tells a person what is about to be sent, and how to take it back, if that is wanted."""

    def __init__(self, *, announced: bool = False) -> None:
        self._announced = announced

    def announce(self, batch: int, edits: Mapping[str, int]) -> None:
        if self._announced:
            of = ", ".join(f"{plural(n, 'edit')} of {name}" for name, n in edits.items())
            will = f"sending {of} to ClickFunnels, as batch {batch}"
            back = f"`cfsync revert {batch}` takes them back"
            Change(will, "`cfsync plan` shows what waits", back).say()


class LogLines(_Announcing):
    """Progress as log lines."""

    def __init__(self, *, announced: bool = False) -> None:
        super().__init__(announced=announced)
        self._totals = Totals()
        self._logged_at: dict[str, float] = {}

    def begin(self, lists: Mapping[str, int], rows: Mapping[str, int]) -> None:
        self._totals.begin(lists, rows)

    def at(self, listing: Listing, *, records: int, fraction: float | None) -> None:
        self._log_walk(listing.resource, self._totals.at(listing, records, fraction))

    def walked(self, listing: Listing) -> None:
        self._log_walk(listing.resource, self._totals.walked(listing))

    def sending(self, resource: str, *, done: int, of: int) -> None:
        self._log("push.going", resource, {"edits": done, "of": of})

    def _log_walk(self, resource: str, far: Far) -> None:
        found: dict[str, Any] = {"records": far.records}
        if far.rows:
            found["of"] = far.rows
        if far.fraction is not None:
            found["percent"] = round(100 * far.fraction)
        self._log("walk.going", resource, found)

    def _log(self, event: str, resource: str, found: Mapping[str, Any]) -> None:
        now = time.monotonic()
        if now - self._logged_at.setdefault(resource, now) >= LINE_EVERY:
            self._logged_at[resource] = now
            log.info(event, resource=resource, **found)


class TerminalBars(_Announcing):
    """Progress as bars, and a line that sums up what is read. A bar whose end nobody knows just
    shows activity; one that has come to its end goes.
    """

    def __init__(self, bars: Bars, *, announced: bool = False) -> None:
        super().__init__(announced=announced)
        self._bars = bars
        self._totals = Totals()
        self._tasks: dict[str, TaskID] = {}

    def begin(self, lists: Mapping[str, int], rows: Mapping[str, int]) -> None:
        self._totals.begin(lists, rows)

    def at(self, listing: Listing, *, records: int, fraction: float | None) -> None:
        self._show_walk(listing.resource, self._totals.at(listing, records, fraction))

    def walked(self, listing: Listing) -> None:
        self._show_walk(listing.resource, self._totals.walked(listing))

    def sending(self, resource: str, *, done: int, of: int) -> None:
        self._show(f"{resource} (edits)", Far(done, of, done / of, is_done=done >= of))

    def _show_walk(self, resource: str, far: Far) -> None:
        if resource in self._tasks or not far.is_done:
            self._show(resource, far)
        walked, lists = self._totals.lists
        records = plural(self._totals.records, "record")
        self._bars.below = f"{records} read; {walked:,} of {plural(lists, 'list')} done"

    def _show(self, name: str, far: Far) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=None, count=0, of=far.rows)
        self._bars.update(
            self._tasks[name],
            total=None if far.fraction is None else 1.0,
            completed=far.fraction or 0.0,
            visible=not far.is_done,
            count=far.records,
            of=far.rows,
        )


@contextmanager
def show_progress(*, bars: bool, announced: bool = False) -> Iterator[Progress]:
    """Where a pass reports its progress: bars if wanted and standard error is a terminal, else log
    lines. `announced`: a push says before what it sends.
    """
    if not (bars and sys.stderr.isatty()):
        yield LogLines(announced=announced)
        return
    from cfsync.cli.bars import new_bars

    with new_bars() as live:
        yield TerminalBars(live, announced=announced)
