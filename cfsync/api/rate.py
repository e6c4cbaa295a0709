"""`Rate`: requests per second, learned because the API's limit is unpublished and varies. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from math import inf
from typing import Literal

from cfsync.api.random_refusals import RandomRefusals
from cfsync.api.share import fair_share

START = 10.0
"""Requests per second before anything is known."""

UNBOUND = 10_000.0
"""Requests per second without a ceiling, until the first 429: in effect, no limit but `Window`."""

SEARCH, SEARCH_S = 20.0, 0.25
"""Requests per second with which the search for the limit begins after that 429, and the seconds
in which it doubles. At both this 429 and the next one the server has no saved-up requests left, so
what it let pass between the two is the limit, if the search was quick.
"""

PENALTY, UNDER_WAY_S = 3.0, 0.3
"""The requests that a 429 costs if it doesn't lower the rate: without that, 429s would go on. A 429
within so many seconds after the rate fell was in flight at that time and costs nothing.
"""

BURST = 10.0
"""The most requests that are sent at once after a pause; never more than a second's worth."""

SLOWEST = 0.5
"""The lowest rate, in requests per second: enough to notice that the limit has risen."""

HOLD = 0.97
"""The part of the learned limit that is used in the steady phase."""

USED = 0.8
"""A 429 tells the limit only if the last second used this part of the rate, or others used it."""

CLIMB = 0.1
"""Where a climb starts, as a part of the rate; each step is 1.3 times the one before."""

INSTANT_S = 1e-6
"""A shorter delay counts as none: sums of floats are never exact."""

WINDOW_S, LATELY_S, CALM_S = 10.0, 1.5, 2.0
"""Seconds: how far back times are kept, what is recent, and between two falls of the rate."""

ENOUGH = 5
"""From so many recent requests on their rate is known."""

PROBE_S, GROWS_S = 600.0, 10.0
"""Seconds after which a limit 5 % higher is tried, and after which it is tried again if it held."""


class Rate:
    """The learned rate. Events go in, each with its time in seconds by any clock that never goes
    back; how long the next request has to wait comes out.

    It doubles every second until the ceiling or the first 429; without a ceiling it is unbound
    until the first 429, begins low after it and doubles four times a second. A 429 lowers it to 0.9
    of what was achieved in the last 10 s (or in the last moment, if that was more), at most once in
    2 s, and to half if 429s go on. A pause that the server asks for saves up no requests. After the
    first fall it climbs ever faster, since what was achieved while it doubled says little; from the
    second one on it is steady just below what the server let pass. After 10 minutes it tries 5 %
    more, and again every 10 s until the next 429. It rises only after a second that used it. Where
    429s come at random (`RandomRefusals`) it climbs again, and only many of them lower it.

    `ceiling` is in requests per second, 0 for none; `reserve` is the part of a learned rate that is
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
        self._passed = _RecentTimes()
        self._refused = _RecentTimes()
        self._tokens = inf  # at the start as many as may be are saved up
        self._random = RandomRefusals()
        self._now = self._stepped = self._fell = self._paused = self._moved = self._tried = -inf

    @property
    def per_second(self) -> float:
        """The requests per second that may be made now."""
        is_learned = self._phase in ("climbing", "steady")
        rate = self._rate * self._kept if is_learned else self._rate
        return fair_share(min(rate, self._ceiling), self._others)

    def delay(self, now: float) -> float:
        """Seconds until the next request may be sent; 0 if it may be sent now."""
        self._advance(now)
        delay = max((1.0 - self._tokens) / self.per_second, self._paused - now)
        return delay if delay > INSTANT_S else 0.0

    def sent(self, now: float) -> None:
        """A request is sent."""
        self._advance(now)
        self._tokens -= 1.0

    def answered(self, now: float) -> None:
        """A request got an answer other than 429: the limit let it pass."""
        self._passed.add(now)

    def limited(self, now: float, retry_after: float | None = None) -> None:
        """A request was answered with 429. With `retry_after`, all wait so many seconds."""
        self._advance(now)
        self._refused.add(now)
        self._tokens = min(self._tokens, 0.0)
        calm = UNDER_WAY_S if self._phase == "doubling" else CALM_S
        if not retry_after and self._random.explains(now, *self._counts(now, LATELY_S)):
            self._probe_s = PROBE_S  # it ends a try of more, as any 429 does
        elif now - self._fell >= calm and now >= self._paused:
            self._fall(now, is_named=bool(retry_after))
        elif now - self._fell >= UNDER_WAY_S:
            self._tokens = max(self._tokens - PENALTY, -self.per_second / 2)
        if retry_after:
            self.pause(now, retry_after)

    @property
    def paused_until(self) -> float:
        """The end of the last pause that the server asked for."""
        return self._paused

    def pause(self, now: float, seconds: float) -> None:
        """All wait so many seconds: the server asked for it, here or in another process."""
        self._paused = max(self._paused, now + seconds)

    def state(self) -> dict[str, float]:
        """What `restore` takes: the account's rate, and its learned limit or 0, both per second."""
        return {"rate": self._rate, "learned": self._learned if self._phase == "steady" else 0.0}

    def restore(self, state: Mapping[str, float], *, now: float = 0.0, age: float = inf) -> None:
        """Go on from an earlier `state`. `age`: seconds since it was learned; a limit that was just
        tried is not tried again.
        """
        self._fell = now - age
        self._rate, self._learned = max(SLOWEST, state["rate"]), state["learned"]
        if self._learned:
            self._phase = "steady"
        elif self._rate < UNBOUND:
            self._phase = "doubling"

    def adopt(self, now: float, state: Mapping[str, float]) -> None:
        """Take over the `state` of another process that has just learned the same limit."""
        if state.get("learned"):
            self.restore(state)
            self._settle(now)

    def share(self, now: float, others: Collection[float]) -> None:
        """Other processes use the same limit; `others` are the requests per second of each."""
        if abs(sum(others) - sum(self._others)) > self.per_second / 4:
            self._moved = now
        self._others = tuple(others)

    def use(self, now: float) -> float:
        """The requests per second that were answered recently, 429s included. A low rate is
        measured over a longer time.
        """
        span = LATELY_S if self.per_second * LATELY_S >= ENOUGH else WINDOW_S
        return (self._passed.since(now - span) + self._refused.since(now - span)) / span

    def _advance(self, now: float) -> None:
        """Save up the requests that the time since the last call allows, and adjust the rate."""
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
            self._rate = min(self._rate * (1.0 + self._climb), UNBOUND)
        elif now - self._fell >= self._probe_s:
            self._fell = self._tried = now
            self._probe_s = GROWS_S
            self._learned *= 1.05
        else:
            self._rate = max(self._rate, min(self._rate * 1.1, self._learned * HOLD))

    def _fall(self, now: float, *, is_named: bool) -> None:
        """`is_named`: the server asked for a pause, so it has a limit."""
        was_steady = self._phase == "steady" and now - self._tried > WINDOW_S
        self._lower(now)
        refused, requests = self._counts(now, WINDOW_S)
        if was_steady and not is_named and self._random.fell(now, refused / requests):
            self._phase = "climbing"

    def _counts(self, now: float, span: float) -> tuple[int, int]:
        """(429s, all answers) of the last so many seconds."""
        refused = self._refused.since(now - span)
        return refused, refused + self._passed.since(now - span)

    def _lower(self, now: float) -> None:
        passed, refused = self._passed.since(now - 1.0), self._refused.since(now - 1.0)
        goes_on = now - self._fell < 2 * CALM_S and refused > passed / 3
        used = (passed + refused) / self.per_second
        if self._phase == "unbound":
            self._phase, self._rate = "doubling", SEARCH
        elif goes_on or used < 1 / 4:
            self._rate, self._phase = self._rate / 2, "climbing"
        else:
            # the server has no saved-up requests left by now
            elsewhere = sum(self._others)
            self._learned = min(max(self._rate, elsewhere), self._achieved(now) + elsewhere)
            self._rate = 0.9 * self._learned
            is_known = self._phase != "doubling" and (used >= USED or self._others)
            self._phase = "steady" if is_known else "climbing"
        self._rate = max(SLOWEST, self._rate)
        self._stepped, self._climb = now, CLIMB
        self._settle(now)

    def _settle(self, now: float) -> None:
        """Set the time of the next try: soon, if other processes have just come or gone."""
        self._fell = now
        self._probe_s = GROWS_S if now - self._moved < WINDOW_S else PROBE_S

    def _achieved(self, now: float) -> float:
        """The requests per second that the limit let pass: in the last 10 s, or since the last fall
        or pause, or in the last moment, whichever is the most.
        """
        began = max(self._fell, self._paused)
        long_ago = max(now - WINDOW_S, began, self._passed.first)
        just_now = max(now - LATELY_S, began)
        return max(
            self._passed.since(long_ago) / max(0.5, now - long_ago),
            self._passed.since(just_now) / max(0.5, now - just_now),
        )


class _RecentTimes:
    """The times of one kind of event in the last WINDOW_S seconds."""

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
