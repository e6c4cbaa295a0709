"""How long changes took from ClickFunnels' `updated_at` to the mirror, counted in classes. Pure.

The two times are from two clocks: ClickFunnels' and the mirror's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

BOUNDS_S = (0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14_400, 86_400, 604_800)
"""The longest delay of each class, in seconds."""

LONGER_MS = 10**12
"""The class of all that took longer."""

UNMEASURED = 0
"""The class of what has no meaningful delay: a first walk, the answer to our own write."""

_BOUNDS_MS = tuple(int(1000 * bound) for bound in BOUNDS_S)

Counts = Mapping[int, int]
"""Bound in ms -> how many."""


def count_by_class(times: Iterable[str | None], now: str) -> Counter[int]:
    """How many records with these `updated_at` (canonical text) are in each class."""
    at = datetime.fromisoformat(now)
    return Counter(UNMEASURED if t is None else bound_of(t, at) for t in times)


def bound_of(updated_at: str, at: datetime) -> int:
    """The class of a record written at `at`; a change with a time in the future took no time."""
    ms = (at - datetime.fromisoformat(updated_at)).total_seconds() * 1000
    found = bisect_left(_BOUNDS_MS, ms)
    return _BOUNDS_MS[found] if found < len(_BOUNDS_MS) else LONGER_MS


def quantile(counts: Counts, share: float) -> float | None:
    """Seconds within which that share (0 to 1) of what was measured came: the bound of a class,
    infinity for the last one. None if nothing was measured.
    """
    measured = sorted((bound, n) for bound, n in counts.items() if bound != UNMEASURED and n)
    left = share * sum(n for _, n in measured)
    for bound, n in measured:
        left -= n
        if left <= 0:
            return float("inf") if bound == LONGER_MS else bound / 1000
    return None
