"""Requests under a rate limit, in a time of their own."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from math import inf
from random import Random

from cfsync.api.rate import Rate
from cfsync.api.window import Window


class Load:
    """As many requests as the rate and the window let go, each answered `latency` seconds later;
    `refuse(now)` decides which are a 429, that says `retry_after`.
    """

    def __init__(
        self,
        rate: Rate,
        refuse: Callable[[float], bool],
        *,
        latency: float = 0.1,
        retry_after: float | None = None,
    ):
        self.rate = rate
        self.refuse = refuse
        self.latency = latency
        self.retry_after = retry_after
        self.window = Window(16)
        self.now = 0.0
        self.sent: list[float] = []
        self.refused: list[float] = []
        self._answers: list[tuple[float, int, bool, float]] = []
        self._order = count()
        self._random = Random(7)

    def run(self, until: float, window: Window | None = None) -> Load:
        self.window = window or self.window
        while self.now < until:
            self._send()
            is_full = len(self._answers) >= self.window.size
            delay = inf if is_full else self.rate.delay(self.now)
            due = self._answers[0][0] if self._answers else inf
            if due <= self.now + delay:
                self._answer()
            else:
                self.now += delay
        return self

    def _send(self) -> None:
        while len(self._answers) < self.window.size and self.rate.delay(self.now) == 0.0:
            self.rate.sent(self.now)
            self.sent.append(self.now)
            passes = not self.refuse(self.now)
            took = self.latency * (0.5 + self._random.random())
            heapq.heappush(self._answers, (self.now + took, next(self._order), passes, took))

    def _answer(self) -> None:
        self.now, _, passes, took = heapq.heappop(self._answers)
        if passes:
            self.window.answered(took)
            self.rate.answered(self.now)
        else:
            self.refused.append(self.now)
            self.rate.limited(self.now, self.retry_after)

    def sent_in(self, start: float, end: float) -> int:
        return sum(1 for t in self.sent if start <= t < end)


class TokenBucket:
    """A server's limit: what refuses a request that comes too early."""

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second = per_second
        self.burst = burst
        self.passed = 0
        self._tokens, self._at = burst, 0.0

    def __call__(self, now: float) -> bool:
        earned = (now - self._at) * self.per_second
        self._tokens = min(self.burst, self._tokens + earned)
        self._at = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        self.passed += 1
        return False
