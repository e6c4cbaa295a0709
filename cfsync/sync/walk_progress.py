"""How far running walks have come, with a rate and the time that is left. Pure, but for the clock
that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cfsync.records import Listing
from cfsync.sync.progress import Far, Progress, Totals


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


class Walk(Progress):
    """A running walk; what its pass reports its progress to."""

    def __init__(self, pass_name: str, resource: str, clock: Callable[[], float]) -> None:
        self._pass_name, self._resource, self._clock = pass_name, resource, clock
        self._totals = Totals()
        self._began_at = clock()
        self._records, self._fraction = 0, 0.0
        #: The part that an earlier pass had read.
        self._first: float | None = None

    def begin(self, lists: Mapping[str, int], rows: Mapping[str, int]) -> None:
        self._totals.begin(lists, rows)

    def at(self, listing: Listing, *, records: int, fraction: float | None) -> None:
        self._note(self._totals.at(listing, records, fraction))

    def walked(self, listing: Listing) -> None:
        self._note(self._totals.walked(listing))

    def _note(self, far: Far) -> None:
        self._records, self._fraction = far.records, far.fraction or 0.0
        if self._first is None:
            self._first = self._fraction

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
