"""`Budget`: which request may be sent next, by priority, rate limit and requests in flight."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from cfsync.api.pause import Pause
from cfsync.api.rate import Rate
from cfsync.api.retry import Retry
from cfsync.api.turns import Turns
from cfsync.api.window import Window
from cfsync.config import ApiSettings
from cfsync.errors import RateLimited


class Budget:
    """The requests that one process may make now, shared by all its lanes. Each request acquires a
    place before it is sent and releases it after its answer. Of those that wait, `Turns` says which
    priority goes next: the lowest number, but for the guaranteed shares. Among equals the one that
    came first goes first.

    `rate` limits the requests per second, `concurrency` those in flight. `max_pause`, in seconds:
    where the next request would have to wait longer, all that wait end with RateLimited. `clock`
    gives seconds and never goes back.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        concurrency: int,
        max_pause: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.rate = rate
        self.clock = clock
        self.sleep = sleep
        self._window = Window(concurrency)
        self._in_flight = 0
        self._max_pause = max_pause
        self._waiting: dict[int, deque[asyncio.Future[None]]] = {}  # by priority, none is empty
        self._turns = Turns()
        self._released = asyncio.Event()
        self._pause = Pause(rate)
        self._admitting: asyncio.Task[None] | None = None

    def free_places(self, priority: int) -> int:
        """How many requests of that priority could be sent now; 0 if the next one would wait behind
        others of the same priority, or one whose turn it is.
        """
        if not self._waiting:
            return self._free
        if priority in self._waiting:
            return 0
        return 1 if self._turns.next({*self._waiting, priority}) == priority else 0

    def try_acquire(self) -> bool:
        """Take a place if one is free now, and whether it was; `release` gives it back."""
        if self._waiting or not self._free:
            return False
        self._take(self.clock())
        return True

    async def acquire(self, priority: int) -> None:
        """Wait for a place; `release` gives it back. Raises RateLimited on a pause that is longer
        than `max_pause`.
        """
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(priority, deque()).append(turn)
        if self._admitting is None or self._admitting.done():
            self._admitting = asyncio.create_task(self._admit())
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            else:
                self._leave(priority, turn)
            raise

    @property
    def pause_left(self) -> float:
        """The seconds that are left of a pause that the server has asked for."""
        return max(0.0, self.rate.paused_until - self.clock())

    def release(self) -> None:
        """Give back the place of a request that is over."""
        self._in_flight -= 1
        self._pause.released(self._in_flight)
        self._released.set()

    def answered(self, sent: float) -> None:
        """The request sent at that time got an answer other than 429, be it an error."""
        now = self.clock()
        self._window.answered(now - sent)
        self.rate.answered(now)
        self._pause.answered(sent)

    def rate_limited(self, retry_after: float | None) -> None:
        """A request was answered with 429. `retry_after`: seconds that the server asked to wait."""
        self.rate.limited(self.clock(), retry_after)
        self._pause.limited(self.clock(), self._in_flight)

    def overloaded(self, sent: float) -> None:
        """The request sent at that time met a server that can't keep up."""
        self._window.overloaded(sent, self.clock())

    async def _admit(self) -> None:
        """Hand out places, as long as anybody waits. Who is next is decided only when a place is
        free: a push that arrives while a backfill waits goes before it.
        """
        while self._waiting:
            self._pause.notice(self.clock())
            delay = self.rate.delay(self.clock())
            if delay > self._max_pause:
                self._refuse_waiting(delay)
            elif delay > 0.0:
                await self.sleep(delay)
            elif self._is_full:
                self._released.clear()
                await self._released.wait()
            else:
                priority = self._turns.next(self._waiting)
                turn = self._pop(priority)
                if not turn.done():
                    self._turns.took(priority)
                    self._take(self.clock())
                    turn.set_result(None)

    def _leave(self, priority: int, turn: asyncio.Future[None]) -> None:
        """Nobody waits for this turn any longer: it must not count as one that waits."""
        waiting = self._waiting.get(priority, deque())
        if turn in waiting:
            waiting.remove(turn)
            if not waiting:
                del self._waiting[priority]

    def _pop(self, priority: int) -> asyncio.Future[None]:
        """The first that waits with that priority."""
        waiting = self._waiting[priority]
        turn = waiting.popleft()
        if not waiting:
            del self._waiting[priority]
        return turn

    @property
    def _free(self) -> int:
        if self.rate.delay(self.clock()) > 0.0:
            return 0
        return max(0, self._most - self._in_flight)

    @property
    def _is_full(self) -> bool:
        return self._in_flight >= self._most

    @property
    def _most(self) -> int:
        """The requests that may be in flight."""
        return min(self._window.size, self._pause.most)

    def _take(self, now: float) -> None:
        self._in_flight += 1
        self.rate.sent(now)

    def _refuse_waiting(self, delay: float) -> None:
        while self._waiting:
            turn = self._pop(min(self._waiting))
            if not turn.done():
                turn.set_exception(RateLimited(retry_after=delay))


def budget_for(settings: ApiSettings, retry: Retry) -> Budget:
    """The budget of a client with these settings."""
    return Budget(
        Rate(ceiling=settings.max_requests_per_second, reserve=settings.reserve),
        concurrency=settings.max_concurrency,
        max_pause=retry.total,
    )
