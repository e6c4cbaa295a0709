"""One call with all that belongs to it: a place in the budget, the repeats, a line in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import orjson
import structlog

from cfsync import tracing
from cfsync.api import codec, gateway
from cfsync.api.budget import Budget
from cfsync.api.codec import Answer
from cfsync.api.retry import Retry
from cfsync.api.transport import Transport
from cfsync.errors import GatewayRefused, Interrupted, TokenRefused, Transient, Unreachable

log = structlog.get_logger()

OVERLOADED = (502, 503, 504)
"""Statuses of a gateway that got no answer from the server behind it, or of a busy server."""

WARN_AFTER = 3
"""Failures of one call after which a warning in the log says why nothing happens."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the API."""

    #: In capital letters.
    method: str
    #: Below the base URL; begins with `/`.
    path: str
    #: What logs show in place of the path: it holds no ids.
    route: str
    #: Sent in the URL. The log never shows it.
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    #: Sent as JSON; None for no body.
    body: Any = None
    #: The lower, the earlier it is sent.
    priority: int = 0
    #: ClickFunnels lets few calls of this kind run at once: its 429 means nothing for the others.
    has_own_limit: bool = False
    #: What makes data of the body of the answer.
    parse: codec.Parse = codec.parse

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Watcher(Protocol):
    """Observes the calls of one pass."""

    def sending(self) -> None:
        """Called before each request; may raise to prevent it."""

    def waiting(self, why: str) -> AbstractContextManager[object]:
        """Entered while a call waits for its turn ("budget") or to be repeated ("back-off")."""

    def answered(self, priority: int, status: int, seconds: float) -> None:
        """Called after each request; `status` is 0 where no answer came."""


class NoWatcher:
    """Observes nothing."""

    def sending(self) -> None:
        pass

    def waiting(self, why: str) -> AbstractContextManager[object]:  # noqa: ARG002
        return nullcontext()

    def answered(self, priority: int, status: int, seconds: float) -> None:
        pass


class Sender:
    """What the lanes of one process share: the connections, the budget, the count of requests.

    `stop` ends every wait; `random` spreads the waits before repeats.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        budget: Budget,
        retry: Retry,
        stop: asyncio.Event,
        random: Random,
    ) -> None:
        self.requests = 0
        self.watcher: Watcher = NoWatcher()
        self.budget = budget
        self.stop = stop
        self._transport = transport
        self._retry = retry
        self._random = random

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def send(self, request: Request) -> Answer:
        """The answer. The call is repeated where that can do no harm, and once with another token
        where this one is refused and its source gives another. Raises Interrupted instead of
        waiting once `stop` is set, and the error that the last answer is.
        """
        content = None if request.body is None else orjson.dumps(request.body)
        token = self._transport.token
        try:
            return await self._send(request, content)
        except GatewayRefused:
            raise
        except TokenRefused:  # so nothing was done
            if not await self._transport.renew_token(token):
                raise
        log.info("token.changed")
        return await self._send(request, content)

    async def _send(self, request: Request, content: bytes | None) -> Answer:
        attempt, waited = 0, 0.0
        while True:
            attempt += 1
            try:
                await self._acquire(request.priority)
                return await self._exchange(request, content)
            except Transient as error:
                delay = self._retry.delay(
                    error,
                    attempt,
                    repeatable=request.method == "GET",
                    waited=waited,
                    jitter=self._random.random(),
                )
                if delay is None:
                    raise
                if attempt == WARN_AFTER:
                    log.warning(
                        "request.repeated",
                        method=request.method,
                        route=request.route,
                        why=error.text,
                    )
            waited += delay
            await self._unless_stopped(self.budget.sleep(delay), "back-off")

    async def _acquire(self, priority: int) -> None:
        if self.stop.is_set():
            raise Interrupted("stopped; everything is kept")
        if not self.budget.try_acquire():
            await self._wait_for_place(priority)
        try:
            self.watcher.sending()
        except BaseException:
            self.budget.release()
            raise

    async def _wait_for_place(self, priority: int) -> None:
        place = asyncio.ensure_future(self.budget.acquire(priority))
        try:
            await self._unless_stopped(place, "budget")
        except BaseException:
            # a wait that ends at the moment when it got its place must give the place back
            if place.done() and not place.cancelled() and place.exception() is None:
                self.budget.release()
            raise

    async def _exchange(self, request: Request, content: bytes | None) -> Answer:
        began, status = self.budget.clock(), 0
        self.requests += 1
        try:
            reply = await self._transport.send(request.method, request.path, request.query, content)
            status = reply.status
        except Unreachable:
            self.budget.overloaded(began)
            raise
        finally:
            self.budget.release()
            self._report(request, status, self.budget.clock() - began)
        wait = self._retry.bounded(status, codec.retry_after(reply.headers))
        if status == 429 and not request.has_own_limit:
            self.budget.rate_limited(wait)
        elif status in OVERLOADED:
            self.budget.overloaded(began)
        else:
            self.budget.answered(began)
        call, body, token_setting = str(request), reply.content, self._transport.token_setting
        if self._transport.is_gateway and (
            error := gateway.own_error(call, status, body, wait, token_setting)
        ):
            raise error
        headers, parse = reply.headers, request.parse
        return codec.read(call, status, headers, body, wait, parse, token_setting)

    def _report(self, request: Request, status: int, seconds: float) -> None:
        self.watcher.answered(request.priority, status, seconds)
        tracing.request_done(request.method, request.route, status, seconds)
        ms = round(seconds * 1000)
        log.debug("request.done", method=request.method, route=request.route, status=status, ms=ms)

    async def _unless_stopped(self, wait: Awaitable[object], why: str) -> None:
        """Wait for that; raises Interrupted as soon as `stop` is set."""
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
