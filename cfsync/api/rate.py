"""How many requests a second may be made: learned, for the limit is unpublished and moves. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from math import inf
from typing import Literal

from cfsync.api.share import fair_share

START = 10.0
"""Requests a second before anything is known."""

UNBOUND = 10_000.0
"""Without a ceiling it is the requests under way (`Window`) that bound the start, till a 429."""

SEARCH, SEARCH_S = 20.0, 0.25
"""Requests a second from which the search begins then, and the seconds in which it doubles. What
the server can save up is empty at that 429 and again at the next: what passed between the two is
the limit, if the search was quick.
"""

PENALTY, UNDER_WAY_S = 3.0, 0.3
"""A 429 that does not lower the rate costs so many requests more, or 429s would go on till it does;
but not those that were under way when it fell.
"""

BURST = 10.0
"""Requests that an idle budget lets go at once, if they are no more than a second's worth."""

SLOWEST = 0.5
"""Requests a second that are left whatever happens, so that better times are noticed."""

HOLD = 0.97
"""How close to the learned limit the steady state stays."""

USED = 0.8
"""A 429 says little of the limit where the last second used less of the rate, unless others did."""

CLIMB = 0.1
"""What the first step of a climb is a little more than; each step is 1.3 times the last."""

INSTANT_S = 1e-6
"""Shorter than that is no delay: sums of fractions never come out even."""

WINDOW_S, LATELY_S, CALM_S = 10.0, 1.5, 2.0

ENOUGH = 5
"""So many requests in the last moment tell the rate."""

PROBE_S, GROWS_S = 600.0, 10.0
"""Seconds after which the learned limit is tried 5 % higher; where it held, it is tried again."""


class Rate:
    """The learned rate. What happened goes in with its time in seconds, by any clock that never
    goes back; out comes how long the next request has to wait.

    It doubles every second until the ceiling or the first 429; without a ceiling it is unbound
    till then, begins low after it and doubles four times a second. A 429 takes it to 0.9 of what
    the last 10 s achieved (or the last moment, if that was more), at most once in 2 s, and to half
    where they go on. A pause that the server asks for earns nothing. After the first such fall it
    climbs ever faster, since what was achieved while it doubled says little; from the second on it
    is steady just below what the server let pass, and after 10 minutes tries 5 % more, and more
    every 10 s till the next 429. Only a second that used the rate raises it.

    `ceiling` is in requests a second, 0 for none; `reserve` is the share of a learned rate that is
    left to other programs. What is learned is the limit of the account: where other processes use
    it too (`share`), this one takes its fair share.
    """

    def __init__(self, *, ceiling: float = 0.0, reserve: float = 0.0) -> None:
        self._ceiling = ceiling or inf
        self._kept = 1.0 - reserve
        self._phase: Literal["unbound", "doubling", "climbing", "steady"]
        self._phase, self._rate = ("doubling", START) if ceiling else ("unbound", UNBOUND)
        self._step_s = 1.0 if ceiling else SEARCH_S
        self._learned = 0.0
        self._climb = 0.0
        self._others: tuple[float, ...] = ()
        self._probe_s = PROBE_S
        self._passed = _Times()
        self._refused = _Times()
        self._tokens = inf  # an idle budget has saved up what may be saved
        self._now = self._stepped = self._fell = self._paused = self._moved = -inf

    @property
    def per_second(self) -> float:
        """Requests a second that may be made now."""
        is_learned = self._phase in ("climbing", "steady")
        rate = self._rate * self._kept if is_learned else self._rate
        return fair_share(min(rate, self._ceiling), self._others)

    def delay(self, now: float) -> float:
        """Seconds until the next request may go, 0 for now."""
        self._advance(now)
        delay = max((1.0 - self._tokens) / self.per_second, self._paused - now)
        return delay if delay > INSTANT_S else 0.0

    def sent(self, now: float) -> None:
        self._advance(now)
        self._tokens -= 1.0

    def answered(self, now: float) -> None:
        """A request got an answer other than 429: the limit let it pass."""
        self._passed.add(now)

    def limited(self, now: float, retry_after: float | None = None) -> None:
        """A 429. With `retry_after`, everybody waits so many seconds."""
        self._advance(now)
        self._refused.add(now)
        self._tokens = min(self._tokens, 0.0)
        calm = UNDER_WAY_S if self._phase == "doubling" else CALM_S
        if now - self._fell >= calm and now >= self._paused:
            self._fall(now)
        elif now - self._fell >= UNDER_WAY_S:
            self._tokens = max(self._tokens - PENALTY, -self.per_second / 2)
        if retry_after:
            self._paused = max(self._paused, now + retry_after)

    def state(self) -> dict[str, float]:
        """What is worth keeping, for `restore`: the account's rate, and its learned limit or 0."""
        return {"rate": self._rate, "learned": self._learned if self._phase == "steady" else 0.0}

    def restore(self, state: Mapping[str, float], *, now: float = 0.0, age: float = inf) -> None:
        """`age`: seconds since it was learned; a limit that was just tried is not tried again."""
        self._fell = now - age
        self._rate, self._learned = max(SLOWEST, state["rate"]), state["learned"]
        if self._learned:
            self._phase = "steady"
        elif self._rate < UNBOUND:
            self._phase = "doubling"

    def adopt(self, now: float, state: Mapping[str, float]) -> None:
        """Another process that uses the same limit has just learned this of it."""
        if state.get("learned"):
            self.restore(state)
            self._settle(now)

    def share(self, now: float, others: Collection[float]) -> None:
        """Other processes use the same limit: so many requests a second each of them."""
        if abs(sum(others) - sum(self._others)) > self.per_second / 4:
            self._moved = now
        self._others = tuple(others)

    def use(self, now: float) -> float:
        """Requests a second that were answered lately, if only by a 429; where they may be few, in
        a longer time.
        """
        span = LATELY_S if self.per_second * LATELY_S >= ENOUGH else WINDOW_S
        return (self._passed.since(now - span) + self._refused.since(now - span)) / span

    def _advance(self, now: float) -> None:
        """Earn what the time since the last look was worth, and in time another rate."""
        elapsed = max(0.0, now - max(self._now, self._paused))
        rate = self.per_second
        self._tokens = min(self._tokens + elapsed * rate, max(1.0, min(BURST, rate)))
        self._now = max(now, self._now)
        step = self._step_s if self._phase == "doubling" else 1.0
        if self._stepped == -inf:
            self._stepped = now
        elif now - self._stepped >= step:
            self._stepped = now
            span = max(step, 2.0 / rate)
            if self._passed.since(now - span) >= rate * span / 2:
                self._grow(now)

    def _grow(self, now: float) -> None:
        if self._phase == "unbound":
            return
        if self._phase == "doubling":
            self._rate = min(self._rate * 2, self._ceiling)
        elif self._phase == "climbing":
            self._climb = min(self._climb * 1.3, 0.5)
            self._rate *= 1.0 + self._climb
        elif now - self._fell >= self._probe_s:
            self._fell, self._probe_s = now, GROWS_S
            self._learned *= 1.05
        else:
            self._rate = max(self._rate, min(self._rate * 1.1, self._learned * HOLD))

    def _fall(self, now: float) -> None:
        passed, refused = self._passed.since(now - 1.0), self._refused.since(now - 1.0)
        goes_on = now - self._fell < 2 * CALM_S and refused > passed / 3
        used = (passed + refused) / self.per_second
        if self._phase == "unbound":
            self._phase, self._rate = "doubling", SEARCH
        elif goes_on or used < 1 / 4:
            self._rate, self._phase = self._rate / 2, "climbing"
        else:
            # by now the server has nothing left that it had saved up
            elsewhere = sum(self._others)
            self._learned = min(max(self._rate, elsewhere), self._achieved(now) + elsewhere)
            self._rate = 0.9 * self._learned
            is_known = self._phase != "doubling" and (used >= USED or self._others)
            self._phase = "steady" if is_known else "climbing"
        self._rate = max(SLOWEST, self._rate)
        self._stepped, self._climb = now, CLIMB
        self._settle(now)

    def _settle(self, now: float) -> None:
        """Wait before the next try; not for long if others came or went, who met the limit too."""
        self._fell = now
        self._probe_s = GROWS_S if now - self._moved < WINDOW_S else PROBE_S

    def _achieved(self, now: float) -> float:
        """Requests a second that passed in the last 10 s, or since the last fall or pause, or just
        now.
        """
        began = max(self._fell, self._paused)
        long_ago = max(now - WINDOW_S, began, self._passed.first)
        just_now = max(now - LATELY_S, began)
        return max(
            self._passed.since(long_ago) / max(0.5, now - long_ago),
            self._passed.since(just_now) / max(0.5, now - just_now),
        )


class _Times:
    """When something happened, as far back as a window goes."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    @property
    def first(self) -> float:
        return self._times[0] if self._times else inf

    def add(self, now: float) -> None:
        self._times.append(now)
        while self._times[0] < now - WINDOW_S:
            self._times.popleft()

    def since(self, start: float) -> int:
        return sum(1 for time in self._times if time >= start)
