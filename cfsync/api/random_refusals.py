"""`RandomRefusals`: whether 429s come from a limit, or at random from a busy server. Pure."""

from __future__ import annotations

from collections import deque
from math import inf

FALLS, WITHIN_S = 3, 120.0
"""So many falls within so many seconds, each by few 429s and none after the rate had risen, are not
the work of a limit: below a limit that was learned, nothing is refused.
"""

FEW = 0.05
"""The most 429s that are few, as a part of the requests of the last seconds."""

MANY = 0.1
"""From this part on 429s come from a limit, whatever came before."""

BELIEVED_S = 600.0
"""Seconds for which 429s are taken for random once they were found to be."""


class RandomRefusals:
    """Falls of the rate go in, each with its time and the part of the requests that was refused."""

    def __init__(self) -> None:
        self._falls: deque[float] = deque(maxlen=FALLS)
        self._until = -inf

    def fell(self, now: float, share: float) -> bool:
        """The learned rate has fallen without having risen before it. Returns whether this shows
        that 429s come at random.
        """
        if share > FEW:  # a limit was met
            self._falls.clear()
            self._until = -inf
            return False
        self._falls.append(now)
        if len(self._falls) < FALLS or now - self._falls[0] > WITHIN_S:
            return False
        self._until = now + BELIEVED_S
        return True

    def explains(self, now: float, refused: int, requests: int) -> bool:
        """Whether a 429 is one of them; `refused` and `requests` count the last moment, with it."""
        return now < self._until and (refused <= 1 or refused <= MANY * requests)
