"""How many requests may be under way at once: learned, as TCP learns its window. Pure."""

from __future__ import annotations

from math import inf

START = 2.0
"""Requests under way before anything is known."""

OPENING = 1.0
"""What each answer adds until the first sign of overload: twice as many in a round trip."""

SHORT_S = 0.05
"""An answer that came faster adds in proportion less: where the way is short, more at once win
little, and all that are under way when a rate limit is met are refused.
"""


class Window:
    """The learned concurrency, up to `most`. A sign of overload (no answer, or that of a gateway
    which got none) halves it, and from then on a whole window of answers adds one place. What was
    sent before it was halved says nothing new. Times are in seconds, by any clock that never goes
    back.

    A 429 is no such sign: it speaks of requests a second, and `Rate` learns those.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._size = min(START, self._most)
        self._halved = -inf

    @property
    def size(self) -> int:
        """Requests that may be under way; at least 1."""
        return int(self._size)

    def answered(self, took: float) -> None:
        opening = OPENING * min(1.0, took / SHORT_S)
        more = opening if self._halved == -inf else 1.0 / self._size
        self._size = min(self._size + more, self._most)

    def overloaded(self, sent: float, now: float) -> None:
        """The request of the time `sent` has met a server that can't keep up."""
        if sent >= self._halved:
            self._size = max(1.0, self._size / 2)
            self._halved = now
