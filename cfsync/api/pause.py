"""`Pause`: what a pause that the server has asked for means for the requests in flight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf
from sys import maxsize

import structlog

from cfsync.api.rate import INSTANT_S, Rate
from cfsync.times import time_text

log = structlog.get_logger()

SAID_S = 10.0
"""Seconds below which a pause isn't worth a line in the log."""


class Pause:
    """The last pause of `rate`. After it one request tries, and the rest follow when it succeeds.
    The log says when a long pause begins and when it ends.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._earlier = 0  # of the requests in flight, those that were so before the pause
        self._succeeded = -inf  # when the last request was sent that was let pass
        self._said = -inf  # the end of the pause that the log has told of

    @property
    def most(self) -> int:
        """The most requests that may be in flight."""
        return maxsize if self._is_over else self._earlier + 1

    def limited(self, now: float, in_flight: int) -> None:
        """A request was answered with 429; so many others are still in flight."""
        if self._rate.paused_until > now:
            self._earlier = in_flight
        self.notice(now)

    def released(self, in_flight: int) -> None:
        """A request is over; so many others are still in flight."""
        self._earlier = min(self._earlier, in_flight)

    def answered(self, sent: float) -> None:
        """The request sent at that time was let pass."""
        self._succeeded = max(self._succeeded, sent)
        if self._said != -inf and self._is_over:
            self._said = -inf
            log.info("requests.resumed")

    def notice(self, now: float) -> None:
        """Log a pause that has just begun, here or in another process of this mirror."""
        until = self._rate.paused_until
        if until - now >= SAID_S and until - self._said >= SAID_S:
            self._said = until
            end = datetime.now(UTC) + timedelta(seconds=until - now)
            log.warning(
                "requests.paused",
                seconds=round(until - now),
                until=time_text(end),
                why="ClickFunnels asks to wait (429)",
            )

    @property
    def _is_over(self) -> bool:
        return self._succeeded + INSTANT_S >= self._rate.paused_until
