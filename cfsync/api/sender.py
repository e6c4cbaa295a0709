"""One call: its place in the budget, its repeats, its line in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from random import Random
from typing import Any, Protocol

import orjson
import structlog

from cfsync.api import codec
from cfsync.api.budget import Budget
from cfsync.api.codec import Answer
from cfsync.api.rate import Rate
from cfsync.api.retry import Retry
from cfsync.api.transport import Transport
from cfsync.config import ApiSettings
from cfsync.errors import Interrupted, Transient, Unreachable

log = structlog.get_logger()

OVERLOADED = (502, 503, 504)
"""Answers of a server that has none, or of what stands before it."""

SAID_AFTER = 3
"""Failures of one call after which somebody who looks on is told why nothing happens."""


class Watcher(Protocol):
    """Who looks on at the calls of one pass."""

    def sending(self) -> None:
        """Before each request; may raise to prevent it."""

    def waiting(self, why: str) -> AbstractContextManager[object]:
        """While a call waits for its turn ("budget") or to be repeated ("back-off")."""

    def answered(self, priority: int, status: int, seconds: float) -> None:
        """After each request; `status` is 0 where none came."""


class Nobody:
    def sending(self) -> None:
        pass

    def waiting(self, why: str) -> AbstractContextManager[object]:  # noqa: ARG002
        return nullcontext()

    def answered(self, priority: int, status: int, seconds: float) -> None:
        pass


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
        self.watcher: Watcher = Nobody()
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
        self.stop = stop
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
                return await self._exchange(method, path, route, query, content, priority)
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
                if attempt == SAID_AFTER:
                    log.warning("request.repeated", method=method, route=route, why=error.text)
            waited += delay
            await self._unless_stopped(self._sleep(delay), "back-off")

    async def _enter(self, priority: int) -> None:
        if self.stop.is_set():
            raise Interrupted("stopped; everything is kept")
        if not self.budget.enter_now():
            await self._wait_for_a_place(priority)
        try:
            self.watcher.sending()
        except BaseException:
            self.budget.leave()
            raise

    async def _wait_for_a_place(self, priority: int) -> None:
        place = asyncio.ensure_future(self.budget.enter(priority))
        try:
            await self._unless_stopped(place, "budget")
        except BaseException:
            # who is given up in the moment in which his turn came has a place that nobody uses
            if place.done() and not place.cancelled() and place.exception() is None:
                self.budget.leave()
            raise

    async def _exchange(
        self,
        method: str,
        path: str,
        route: str,
        query: Mapping[str, str],
        content: bytes | None,
        priority: int,
    ) -> Answer:
        began, status = self._clock(), 0
        self.requests += 1
        try:
            reply = await self._transport.send(method, path, query, content)
            status = reply.status
        except Unreachable:
            self.budget.overloaded(began)
            raise
        finally:
            self.budget.leave()
            seconds = self._clock() - began
            self.watcher.answered(priority, status, seconds)
            ms = round(seconds * 1000)
            log.debug("request.done", method=method, route=route, status=status, ms=ms)
        if status == 429:
            self.budget.refused(codec.retry_after(reply.headers))
        elif status in OVERLOADED:
            self.budget.overloaded(began)
        else:
            self.budget.passed(began)
        return codec.read(f"{method} {path}", status, reply.headers, reply.content)

    async def _unless_stopped(self, wait: Awaitable[object], why: str) -> None:
        """Wait for that; raises Interrupted at once when `stop` is set first."""
        work, stop = asyncio.ensure_future(wait), asyncio.ensure_future(self.stop.wait())
        try:
            with self.watcher.waiting(why):
                await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Interrupted("stopped; everything is kept")
            work.result()
        finally:
            work.cancel()
            stop.cancel()
            await asyncio.wait({work, stop})
