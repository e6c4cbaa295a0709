"""Whose turn it is: the gate that all lanes pass."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from itertools import count

from cfsync.api.rate import Rate
from cfsync.api.window import Window
from cfsync.errors import RateLimited


class Budget:
    """The gate before every request, for all lanes of one process. While some wait, the lowest
    priority number goes first, and among equals who came first. `patience`: the longest pause, in
    seconds, that is sat out; a longer one ends every wait with RateLimited.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        concurrency: int,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
        patience: float,
    ) -> None:
        self.rate = rate
        self._window = Window(concurrency)
        self._under_way = 0
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._left = asyncio.Event()
        self._usher: asyncio.Task[None] | None = None

    def room(self, priority: int) -> int:
        """How many more requests of that priority could be under way; 0 where the next one would
        have to wait for others of its kind, or better.
        """
        if self._waiting:
            return 1 if self._waiting[0][0] > priority else 0  # those behind it give way
        return self._free

    def enter_now(self) -> bool:
        """Take a place if one is free at once; it must be given back by `leave`."""
        if self._waiting or not self._free:
            return False
        self._take(self._clock())
        return True

    async def enter(self, priority: int) -> None:
        """Wait for a place. Raises RateLimited on a pause that is longer than the patience."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._order), turn))
        if self._usher is None or self._usher.done():
            self._usher = asyncio.create_task(self._let_in())
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        self._under_way -= 1
        self._left.set()

    def passed(self, sent: float) -> None:
        """The request of the time `sent` got an answer, if only a no."""
        now = self._clock()
        self._window.answered(now - sent)
        self.rate.ok(now)

    def refused(self, retry_after: float | None) -> None:
        self.rate.limited(self._clock(), retry_after)

    def overloaded(self, sent: float) -> None:
        """The request of the time `sent` met a server that can't keep up."""
        self._window.overloaded(sent, self._clock())

    async def _let_in(self) -> None:
        """Runs while somebody waits. Who goes is chosen only when the time has come: a push that
        arrives meanwhile is before the backfill that waited for it.
        """
        while self._waiting:
            delay = self.rate.delay(self._clock())
            if delay > self._patience:
                self._send_away(delay)
            elif delay > 0.0:
                await self._sleep(delay)
            elif self._is_full:
                self._left.clear()
                await self._left.wait()
            else:
                turn = heapq.heappop(self._waiting)[2]
                if not turn.done():
                    self._take(self._clock())
                    turn.set_result(None)

    @property
    def _free(self) -> int:
        if self.rate.delay(self._clock()) > 0.0:
            return 0
        return max(0, self._window.size - self._under_way)

    @property
    def _is_full(self) -> bool:
        return self._under_way >= self._window.size

    def _take(self, now: float) -> None:
        self._under_way += 1
        self.rate.sent(now)

    def _send_away(self, delay: float) -> None:
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_exception(RateLimited(retry_after=delay))
