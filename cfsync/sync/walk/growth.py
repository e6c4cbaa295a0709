"""Stops a walk that reads far more records than the mirror knows, such as one of a server that
serves pages for ever.
"""

from __future__ import annotations

from cfsync.errors import Endless
from cfsync.mirror.lists import missing_rows
from cfsync.records import Listing
from cfsync.resources import RESOURCES
from cfsync.sync.context import Context
from cfsync.sync.report import Report

FREE = 10_000
"""Unexpected records that every list may have."""

TIMES = 10
"""How many times the records that the mirror knew a list may have."""


class Growth:
    """How many records a walk of a list has read that nothing let expect."""

    def __init__(self, context: Context, report: Report, listing: Listing) -> None:
        self._context, self._report, self._listing = context, report, listing
        self._read, self._most = 0, FREE

    async def count(self, records: int) -> None:
        """Count records that were read and written. Raises Endless where they are too many."""
        self._read += records
        if self._read > self._most:
            self._most = FREE + TIMES * await self._known()
        if self._read > self._most:
            raise Endless(
                f"more than {self._most:,} new records came and the list went on, so the rest was"
                f" left; if ClickFunnels really has them, run cfsync backfill"
                f" {self._listing.resource} --restart"
            )

    async def _known(self) -> int:
        """How many records the mirror had of the list's workspace when this pass began."""
        resource = RESOURCES[self._listing.resource]
        rows = await self._context.mirror.read(
            missing_rows.row_count, resource, self._listing.workspace_id
        )
        new = (
            self._report.counts[resource.name]["new"] if resource.name in self._report.counts else 0
        )
        return max(0, rows - new)
