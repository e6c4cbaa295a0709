"""How far running walks have come, with a rate and the time that is left. Pure, but for the clock
that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cfsync.records import Listing
from cfsync.sync.context import Progress


class WalkTotals:
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


@dataclass(frozen=True, slots=True)
class WalkState:
    """How far one walk has come."""

    pass_name: str
    resource: str
    #: Records read so far.
    records: int
    #: The part that is read, 0 to 1; None: it can't be told.
    fraction: float | None
    #: Records read in a second.
    per_second: float
    #: Seconds until it ends, at this rate; None: it can't be told yet.
    left_s: float | None


class Walk:
    """A running walk; what its pass reports its progress to."""

    def __init__(self, pass_name: str, resource: str, clock: Callable[[], float]) -> None:
        self._pass_name, self._resource, self._clock = pass_name, resource, clock
        self._totals = WalkTotals()
        self._began_at = clock()
        self._records, self._fraction = 0, 0.0
        #: The part that an earlier pass had read.
        self._first: float | None = None

    def at(self, listing: Listing, *, records: int, fraction: float) -> None:
        self._note(*self._totals.note(listing, records=records, fraction=fraction))

    def walked(self, listing: Listing, *, of: int) -> None:
        self._note(*self._totals.note(listing, fraction=1.0, of=of))

    def _note(self, records: int, fraction: float) -> None:
        self._records, self._fraction = records, fraction
        if self._first is None:
            self._first = fraction

    @property
    def state(self) -> WalkState | None:
        """None: it has read nothing yet."""
        if self._first is None:
            return None
        passed, done = max(0.001, self._clock() - self._began_at), self._fraction - self._first
        left = passed * (1.0 - self._fraction) / done if done > 0.0 else None
        return WalkState(
            self._pass_name,
            self._resource,
            self._records,
            self._fraction or None,
            self._records / passed,
            left,
        )


class Walks:
    """The walks that run in this process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running: dict[tuple[str, str], Walk] = {}

    def begin(self, pass_name: str, resource: str) -> Progress:
        walk = Walk(pass_name, resource, self._clock)
        self._running[pass_name, resource] = walk
        return walk

    def end(self, pass_name: str, resource: str) -> None:
        self._running.pop((pass_name, resource), None)

    @property
    def states(self) -> Sequence[WalkState]:
        """Of the walks that have read something."""
        return [state for walk in self._running.values() if (state := walk.state)]
