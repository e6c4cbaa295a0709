"""One rate limit for all processes on one database: what was learned is handed on, and each takes a
fair share of what the others leave.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from cfsync.api.rate import Rate
from cfsync.mirror.coordination import rate_limit
from cfsync.mirror.db.engine import Mirror

LOOK_S = 1.0
"""Seconds between two looks at what the others use."""

SAY_S = 10.0
"""Seconds after which a process says what it uses though that is the same."""

NEWS = 0.3
"""Requests a second: a change of the own use by more than that, and by a fifth, is said at once."""


class Sharing:
    """This process among those that share the account's rate limit."""

    def __init__(
        self, rate: Rate, mirror: Mirror, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._mirror, self._clock = rate, mirror, clock
        self._process = secrets.token_hex(4)
        self._kept: dict[str, float] | None = None  # as it was read or saved last
        self._said: tuple[float, float] | None = None  # when, and what use

    async def begin(self) -> None:
        """Take over what was learned, and know of the others."""
        found, now = await self._mirror.read(rate_limit.snapshot, self._process), self._clock()
        if found.learned:
            self._rate.restore(found.learned, now=now, age=found.age)
        self._kept = found.learned
        self._rate.share(now, found.others)

    async def turn(self) -> None:
        """Once every LOOK_S: say what is new here, learn what is new there."""
        if self._kept is None:
            await self.begin()
        now, before, news = self._clock(), self._rate.state(), self._news()
        use = self._rate.use(now)
        if news or self._is_due(now, use):
            self._said = (now, use)
            found = await self._mirror.write(rate_limit.report_use, self._process, use, news)
        else:
            found = await self._mirror.read(rate_limit.snapshot, self._process)
        if found.learned != before == self._rate.state():  # what is learned meanwhile is said next
            self._rate.adopt(now, found.learned)
        self._kept = found.learned
        self._rate.share(now, found.others)

    async def end(self) -> None:
        """Keep what was learned for the next process."""
        news = self._news()
        if news or self._said:
            await self._mirror.write(rate_limit.remove, self._process, news)

    def _news(self) -> dict[str, float] | None:
        """What was learned here since the last look. Nobody else's is overwritten without it."""
        state = self._rate.state()
        return None if self._kept in (None, state) else state

    def _is_due(self, now: float, use: float) -> bool:
        if self._said is None:
            return True
        at, said = self._said
        return now - at >= SAY_S or abs(use - said) > max(NEWS, said / 5)
