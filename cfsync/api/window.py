"""`Window`: how many requests may be in flight, learned as TCP learns its window. Pure."""

from __future__ import annotations

from math import inf

START = 2.0
"""Requests in flight before anything is known."""

OPENING = 1.0
"""What each answer adds until the first sign of overload: that doubles it in a round trip."""

SHORT_S = 0.05
"""An answer that took fewer seconds adds proportionally less: with short round trips more requests
in flight gain little, and all of them are refused when the rate limit is reached.
"""


class Window:
    """The learned concurrency, up to `most`. A sign of overload (no answer, or a gateway's answer
    in its place) halves it; from then on a whole window of answers adds one place. Requests that
    were sent before it was halved don't halve it again. Times are in seconds, by any clock that
    never goes back.

    A 429 is no sign of overload: it is about requests per second, which `Rate` learns.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._size = min(START, self._most)
        self._halved = -inf

    @property
    def size(self) -> int:
        """The number of requests that may be in flight; at least 1."""
        return int(self._size)

    def answered(self, took: float) -> None:
        """A request was answered after so many seconds."""
        opening = OPENING * min(1.0, took / SHORT_S)
        more = opening if self._halved == -inf else 1.0 / self._size
        self._size = min(self._size + more, self._most)

    def overloaded(self, sent: float, now: float) -> None:
        """The request sent at that time met a server that can't keep up."""
        if sent >= self._halved:
            self._size = max(1.0, self._size / 2)
            self._halved = now
