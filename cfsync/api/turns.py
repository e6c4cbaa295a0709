"""`Turns`: who is next where several wait for a place in the budget. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum


class Priority(IntEnum):
    """Who may spend the budget first: the lower number."""

    PUSH = 0
    EVENTS = 1
    PULL = 2
    BACKFILL = 3
    SWEEP = 4


PLACE = 100
"""What a place costs, in the unit of the shares."""

SHARES: Mapping[int, int] = {
    Priority.EVENTS: 10,
    Priority.PULL: 10,
    Priority.BACKFILL: 5,
    Priority.SWEEP: 5,
}
"""The places of a hundred that a lane gets at least, if it wants them."""

MOST = 150
"""The most that a lane saves up: it waits less than five turns of others for what is due to it."""


class Turns:
    """Places go to the best priority, but for each lane's guaranteed share: a lane is credited with
    its share of every place that is handed out, and is next when that makes a whole place. What an
    idle lane does not use goes to the others, and it saves up no more than `MOST`.
    """

    def __init__(self, shares: Mapping[int, int] = SHARES) -> None:
        self._shares = shares
        self._credit = dict.fromkeys(shares, 0)

    def next(self, waiting: Collection[int]) -> int:
        """The priority whose turn it is, of those that wait."""
        owed = [p for p in waiting if self._credit.get(p, 0) >= PLACE]
        return min(owed, key=lambda p: (-self._credit[p], p)) if owed else min(waiting)

    def took(self, priority: int) -> None:
        """That priority got a place for which it waited."""
        for p, share in self._shares.items():
            paid = PLACE if p == priority else 0
            self._credit[p] = max(0, min(MOST, self._credit[p] + share) - paid)
