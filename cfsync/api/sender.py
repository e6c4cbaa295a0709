"""One call: its place in the budget, its repeats, its line in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any

import orjson
import structlog

from cfsync.api import codec
from cfsync.api.budget import Budget, Rate
from cfsync.api.codec import Answer
from cfsync.api.retry import Retry
from cfsync.api.transport import Transport
from cfsync.config import ApiSettings
from cfsync.errors import Interrupted, Transient

log = structlog.get_logger()


class Sender:
    """What the lanes of one process share: the connections, the budget, the count of requests."""

    def __init__(
        self,
        settings: ApiSettings,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
        random: Random,
        budget: Budget | None,
        stop: asyncio.Event,
        retry: Retry,
    ) -> None:
        self.requests = 0
        self.budget = budget or Budget(
            Rate(ceiling=settings.max_requests_per_second, reserve=settings.reserve),
            concurrency=settings.max_concurrency,
            clock=clock,
            sleep=sleep,
            patience=retry.total,
        )
        self._transport = Transport(settings)
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._stop = stop
        self._retry = retry

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        route: str,
        query: Mapping[str, str],
        body: Any,
        priority: int,
    ) -> Answer:
        """The answer to one call, which is repeated where that can do no harm. `route` is what the
        log says of the path. Raises Interrupted rather than wait once `stop` is set.
        """
        content = None if body is None else orjson.dumps(body)
        attempt, waited = 0, 0.0
        while True:
            attempt += 1
            try:
                await self._enter(priority)
                return await self._exchange(method, path, route, query, content)
            except Transient as error:
                delay = self._retry.delay(
                    error,
                    attempt,
                    repeatable=method == "GET",
                    waited=waited,
                    jitter=self._random.random(),
                )
                if delay is None:
                    raise
            waited += delay
            await self._unless_stopped(self._sleep(delay))

    async def _enter(self, priority: int) -> None:
        if self._stop.is_set():
            raise Interrupted("stopped; everything is kept")
        if not self.budget.enter_now():
            await self._unless_stopped(self.budget.enter(priority))

    async def _exchange(
        self, method: str, path: str, route: str, query: Mapping[str, str], content: bytes | None
    ) -> Answer:
        began, status = self._clock(), 0
        self.requests += 1
        try:
            reply = await self._transport.send(method, path, query, content)
            status = reply.status
        finally:
            self.budget.leave()
            ms = round((self._clock() - began) * 1000)
            log.debug("request.done", method=method, route=route, status=status, ms=ms)
        if status == 429:
            self.budget.refused(codec.retry_after(reply.headers))
        else:
            self.budget.passed()
        return codec.read(f"{method} {path}", status, reply.headers, reply.content)

    async def _unless_stopped(self, wait: Awaitable[object]) -> None:
        """Wait for that; raises Interrupted at once when `stop` is set first."""
        work, stop = asyncio.ensure_future(wait), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Interrupted("stopped; everything is kept")
            work.result()
        finally:
            work.cancel()
            stop.cancel()
            await asyncio.wait({work, stop})
