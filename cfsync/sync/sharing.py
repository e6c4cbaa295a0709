"""One rate limit for all processes on one database: what was learned is handed on, and each takes a
fair share of what the others leave.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from cfsync.api.rate import Rate
from cfsync.mirror import budget
from cfsync.mirror.engine import Mirror

LOOK_S = 1.0
"""Seconds between two looks at what the others use."""

SAY_S = 10.0
"""Seconds after which a process says what it uses though that is the same."""

NEWS = 1.0
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
        self._kept, others = await self._mirror.read(budget.look, self._process)
        if self._kept:
            self._rate.restore(self._kept)
        self._rate.share(self._clock(), others)

    async def turn(self) -> None:
        """Once every LOOK_S: say what is new here, learn what is new there."""
        if self._kept is None:
            await self.begin()
        now, state = self._clock(), self._rate.state()
        use = self._rate.use(now)
        if state != self._kept or self._is_news(now, use):
            self._said = (now, use)
            found, others = await self._mirror.write(budget.say, self._process, use, state)
        else:
            found, others = await self._mirror.read(budget.look, self._process)
            if found != state:
                self._rate.adopt(now, found)
        self._kept = found
        self._rate.share(now, others)

    async def end(self) -> None:
        """Keep what was learned for the next process."""
        state = self._rate.state()
        if self._said is not None or self._kept not in (None, state):
            await self._mirror.write(budget.leave, self._process, state)

    def _is_news(self, now: float, use: float) -> bool:
        if self._said is None:
            return True
        at, said = self._said
        return now - at >= SAY_S or abs(use - said) > max(NEWS, said / 5)
