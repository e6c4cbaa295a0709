"""How far a pass has come: what it reports, and the sums of it for each resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cfsync.records import Listing

NEARLY = 0.99
"""The largest fraction while a list is open: the number of records may be an old one, and a last
page may come.
"""


class Progress:
    """Where a pass reports how far it has come. This one shows nothing."""

    def begin(self, lists: Mapping[str, int], rows: Mapping[str, int]) -> None:
        """So many lists of each resource are going to be walked. `rows`: how many records an
        earlier walk has found in them, where that is known.
        """

    def at(self, listing: Listing, *, records: int, fraction: float | None) -> None:
        """So many records of a list are read. `fraction`: the part of the list that is walked, 0 to
        1; None where the records so far don't tell.
        """

    def walked(self, listing: Listing) -> None:
        """A list is walked, or can't be read."""

    def announce(self, batch: int, edits: Mapping[str, int]) -> None:
        """So many edits of each resource are about to be sent, as this batch."""

    def sending(self, resource: str, *, done: int, of: int) -> None:
        """So many of a resource's edits are dealt with."""


@dataclass(frozen=True, slots=True)
class Far:
    """How far the walks of one resource are. `rows`: how many records they are known to have;
    `fraction`: 0 to 1, which is the end, None where nobody can tell; `is_done`: no list is left.
    """

    records: int
    rows: int | None
    fraction: float | None
    is_done: bool


@dataclass(slots=True)
class _Sum:
    """The lists of one resource."""

    rows: int | None = None
    lists: int = 0
    walked: int = 0
    records: int = 0
    #: The lists that are being walked: parent -> (records, fraction).
    under_way: dict[int, tuple[int, float | None]] = field(default_factory=dict)

    def far(self) -> Far:
        records = self.records + sum(n for n, _ in self.under_way.values())
        is_done = self.walked >= self.lists and not self.under_way
        rows = self.rows if self.rows and records <= self.rows else None  # there may be more by now
        return Far(records, rows, 1.0 if is_done else self._fraction(records, rows), is_done)

    def _fraction(self, records: int, rows: int | None) -> float | None:
        if rows:
            return min(records / rows, NEARLY)
        shares = [share for _, share in self.under_way.values() if share is not None]
        if self.under_way and not shares and not self.walked:
            return None
        known = max(1, self.lists, self.walked + len(self.under_way))
        return min((self.walked + sum(shares)) / known, NEARLY)


class Totals:
    """The sums of all that is reported, by resource."""

    def __init__(self) -> None:
        self._sums: dict[str, _Sum] = {}

    def begin(self, lists: Mapping[str, int], rows: Mapping[str, int]) -> None:
        for resource, count in lists.items():
            found = self._of(resource)
            found.lists += count
            found.rows = rows.get(resource, found.rows)

    def at(self, listing: Listing, records: int, fraction: float | None) -> Far:
        found = self._of(listing.resource)
        found.under_way[listing.parent_id] = records, fraction
        return found.far()

    def walked(self, listing: Listing) -> Far:
        found = self._of(listing.resource)
        records, _ = found.under_way.pop(listing.parent_id, (0, None))
        found.records += records
        found.walked += 1
        return found.far()

    def forget(self, resource: str) -> None:
        self._sums.pop(resource, None)

    @property
    def lists(self) -> tuple[int, int]:
        """(walked, of so many) lists of all resources."""
        sums = self._sums.values()
        return sum(s.walked for s in sums), sum(max(s.lists, s.walked) for s in sums)

    @property
    def records(self) -> int:
        return sum(s.far().records for s in self._sums.values())

    def _of(self, resource: str) -> _Sum:
        return self._sums.setdefault(resource, _Sum())
