"""An id space, cut in ranges that are walked side by side. Pure.

Ids may be anything (other workspaces and other records share them), so no cut is fair for long: a
walker that has nothing left takes the far half of the longest range that is being walked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WORTH_RECORDS = 80
"""A range is halved only while it seems to hold so many records: four pages."""


@dataclass(slots=True)
class Range:
    """Ids in (cursor, upper]; `upper` None: to the end of the list, whatever it is. `cursor` 0:
    from its beginning.
    """

    part: int
    cursor: int
    upper: int | None
    taken: bool = False
    done: bool = False


class Ranges:
    """The ranges of one list; `end`: its last id, as far as is known."""

    def __init__(self, ranges: Iterable[Range], *, end: int) -> None:
        self.all = list(ranges)
        self.end = end
        self._records = 0
        self._ids = 0
        self._first: int | None = None

    def take(self) -> tuple[Range | None, Range | None]:
        """A range to walk, and the one whose far half it was (None: it was nobody's yet).

        (None, None) where nothing is left that is worth a walker of its own.
        """
        for range_ in self.all:
            if not range_.taken and not range_.done:
                range_.taken = True
                return range_, None
        longest = max((r for r in self.all if not r.done), key=self._left, default=None)
        if longest is None or self._left(longest) * self._density() < WORTH_RECORDS:
            return None, None
        return self._halve(longest), longest

    def advance(self, range_: Range, ids: list[int], *, done: bool) -> None:
        """A page with these ids of the range was walked."""
        if ids:
            self._records += len(ids)
            self._ids += ids[-1] - ids[0] + 1
            self._first = ids[0] if self._first is None else min(self._first, ids[0])
            range_.cursor = ids[-1]
        range_.done = done

    @property
    def fraction(self) -> float:
        """How much of the id space is walked, 0 to 1."""
        left = sum(self._left(r) for r in self.all if not r.done)
        return 1.0 - min(1.0, left / max(1, self.end - (self._first or 0)))

    def _density(self) -> float:
        """Records an id, where walked so far; 0 before the first page."""
        return self._records / max(1, self._ids)

    def _left(self, range_: Range) -> int:
        return max(0, (self.end if range_.upper is None else range_.upper) - range_.cursor)

    def _halve(self, range_: Range) -> Range:
        middle = range_.cursor + self._left(range_) // 2
        half = Range(max(r.part for r in self.all) + 1, middle, range_.upper, taken=True)
        range_.upper = middle
        self.all.append(half)
        return half
