"""Share one rate limit among all processes on one database: each hands on what it learned and the
pauses that it met, and takes a fair share of what the others leave.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from math import inf

from cfsync.api.rate import Rate
from cfsync.mirror.coordination import rate_limit
from cfsync.mirror.db.engine import Mirror

READ_S = 1.0
"""Seconds between two reads of what the others use."""

REPORT_S = 10.0
"""Seconds after which a process reports its use again, though it has not changed."""

PAUSE_S = 5.0
"""Seconds below which a pause is over before the others would know of it."""

NEWS = 0.3
"""Requests a second: a change of use by more than this, and by a fifth, is reported at once."""


class Sharing:
    """This process among those that share the account's rate limit."""

    def __init__(
        self, rate: Rate, mirror: Mirror, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._mirror, self._clock = rate, mirror, clock
        self._process = secrets.token_hex(4)
        self._kept: dict[str, float] | None = None  # as it was read or saved last
        self._reported: tuple[float, float] | None = None  # when, and what use
        self._pause_end = -inf  # of the last pause that was read or saved

    async def begin(self) -> None:
        """Load what was learned before, and what the others use."""
        found, now = await self._mirror.read(rate_limit.snapshot, self._process), self._clock()
        if found.learned:
            self._rate.restore(found.learned, now=now, age=found.age)
        self._take(now, found)

    async def turn(self) -> None:
        """To be called every READ_S: report what is new here, load what is new elsewhere."""
        if self._kept is None:
            await self.begin()
        now, before = self._clock(), self._rate.state()
        news = self._news(now)
        use = self._rate.use(now)
        if news or self._is_due(now, use):
            self._reported = (now, use)
            found = await self._mirror.write(rate_limit.report_use, self._process, use, news)
        else:
            found = await self._mirror.read(rate_limit.snapshot, self._process)
        if found.learned != before == self._rate.state():  # else it is reported next time
            self._rate.adopt(now, found.learned)
        self._take(now, found)

    async def end(self) -> None:
        """Save what was learned for the next process."""
        news = self._news(self._clock())
        if news or self._reported:
            await self._mirror.write(rate_limit.remove, self._process, news)

    def _take(self, now: float, found: rate_limit.SharedLimit) -> None:
        self._kept = found.learned
        self._rate.share(now, found.others)
        if found.pause:
            self._rate.pause(now, found.pause)
            self._pause_end = self._rate.paused_until

    def _news(self, now: float) -> dict[str, float] | None:
        """What was learned here since the last read, and a pause that began since; None if nothing,
        which overwrites nobody's.
        """
        state = self._rate.state()
        news = {} if self._kept in (None, state) else state
        end = self._rate.paused_until
        if end - now >= PAUSE_S and end - self._pause_end >= PAUSE_S:
            news = news | {rate_limit.PAUSE: end - now}
        return news or None

    def _is_due(self, now: float, use: float) -> bool:
        if self._reported is None:
            return True
        at, reported = self._reported
        return now - at >= REPORT_S or abs(use - reported) > max(NEWS, reported / 5)
