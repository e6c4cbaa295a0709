"""The rate limit: a token bucket."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cfsync.sandbox.api.answers import Answer, answer


@dataclass
class Limit:
    """`per_second` 0 means no limit. `retry_after`: seconds named in a 429, None for no header."""

    per_second: float = 0.0
    burst: float = 10.0
    retry_after: float | None = None
    clock: Callable[[], float] = time.monotonic
    _tokens: float = 0.0
    _at: float | None = None

    def refusal(self) -> Answer | None:
        """Count one request; the 429 if it is one too many."""
        if not self.per_second or self._take():
            return None
        return too_many(self.retry_after)

    def _take(self) -> bool:
        now = self.clock()
        idle = self.burst if self._at is None else (now - self._at) * self.per_second
        self._tokens = min(self.burst, self._tokens + idle)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def too_many(retry_after: float | None) -> Answer:
    refused = answer(429, {"error": "Too many requests"})
    if retry_after is None:
        return refused
    return Answer(429, refused.body, {"Retry-After": f"{retry_after:g}"})
