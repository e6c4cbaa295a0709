"""Share one rate limit among all processes on one database: each hands on what it learned, and
takes a fair share of what the others leave.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from cfsync.api.rate import Rate
from cfsync.mirror.coordination import rate_limit
from cfsync.mirror.db.engine import Mirror

READ_S = 1.0
"""Seconds between two reads of what the others use."""

REPORT_S = 10.0
"""Seconds after which a process reports its use again, though it has not changed."""

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

    async def begin(self) -> None:
        """Load what was learned before, and what the others use."""
        found, now = await self._mirror.read(rate_limit.snapshot, self._process), self._clock()
        if found.learned:
            self._rate.restore(found.learned, now=now, age=found.age)
        self._kept = found.learned
        self._rate.share(now, found.others)

    async def turn(self) -> None:
        """To be called every READ_S: report what is new here, load what is new elsewhere."""
        if self._kept is None:
            await self.begin()
        now, before, news = self._clock(), self._rate.state(), self._news()
        use = self._rate.use(now)
        if news or self._is_due(now, use):
            self._reported = (now, use)
            found = await self._mirror.write(rate_limit.report_use, self._process, use, news)
        else:
            found = await self._mirror.read(rate_limit.snapshot, self._process)
        if found.learned != before == self._rate.state():  # else it is reported next time
            self._rate.adopt(now, found.learned)
        self._kept = found.learned
        self._rate.share(now, found.others)

    async def end(self) -> None:
        """Save what was learned for the next process."""
        news = self._news()
        if news or self._reported:
            await self._mirror.write(rate_limit.remove, self._process, news)

    def _news(self) -> dict[str, float] | None:
        """What was learned here since the last read; None if nothing, which overwrites nobody's."""
        state = self._rate.state()
        return None if self._kept in (None, state) else state

    def _is_due(self, now: float, use: float) -> bool:
        if self._reported is None:
            return True
        at, reported = self._reported
        return now - at >= REPORT_S or abs(use - reported) > max(NEWS, reported / 5)
