"""Delivers events to webhook endpoints, signed and retried as ClickFunnels does it, and with the
failures that a test asks for. Delivers to loopback addresses only.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from cfsync.sandbox.seeds.records import Values

RETRIES_S = (1, 15, 60, 300, 900, 3600, 43_200, 86_400)
"""Seconds between attempts; after the last one the delivery is given up."""

DELIVERED = frozenset((*range(200, 208), 226))
"""Status codes that count as delivered."""

TIMEOUT_S = 10.0
"""Seconds to wait for an endpoint's answer."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event for one endpoint; `wait`: seconds before the first attempt."""

    event_id: str
    url: str
    secret: str
    body: bytes
    wait: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """`number` counts from 0; `status` is 0 if there was no answer."""

    event_id: str
    url: str
    number: int
    status: int


class Courier:
    """Delivers webhooks. Shares of all deliveries that fail: `lose` (never sent), `double` (sent
    twice), `forge` (signed with a wrong secret). Each delivery waits up to `spread` seconds, so
    they arrive out of order. `pace` scales the pauses between attempts. `tried` holds all attempts,
    `under_way` counts unfinished deliveries.
    """

    def __init__(self, random: Random, clock: Callable[[], datetime]) -> None:
        self.lose = self.double = self.forge = self.spread = 0.0
        self.pace = 1.0
        self.tried: list[Attempt] = []
        self.under_way = 0
        self._random = random
        self._clock = clock
        self._queue: deque[Delivery] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()

    def enqueue(self, event: Values, endpoints: Iterable[Values]) -> None:
        """Queue an event for these endpoints. From any thread, with the world's lock held."""
        body = orjson.dumps(payload(event))
        for endpoint in endpoints:
            if _is_loopback(endpoint["url"]) and self._random.random() >= self.lose:
                for _ in range(1 + (self._random.random() < self.double)):
                    self._queue.append(self._delivery(event["uuid"], endpoint, body))
                    self.under_way += 1
        if self._loop is not None and self._queue:
            self._loop.call_soon_threadsafe(self._wake.set)

    def _delivery(self, event_id: str, endpoint: Values, body: bytes) -> Delivery:
        secret = endpoint["webhook_secret"]
        if self._random.random() < self.forge:
            secret = secret[::-1] + "x"
        return Delivery(
            event_id, endpoint["url"], secret, body, self._random.random() * self.spread
        )

    async def run(self) -> None:
        """Deliver, until cancelled."""
        self._loop = asyncio.get_running_loop()
        timeout = aiohttp.ClientTimeout(TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                asyncio.TaskGroup() as group,
            ):
                while True:
                    while self._queue:
                        group.create_task(self._deliver(session, self._queue.popleft()))
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._loop = None

    async def _deliver(self, session: aiohttp.ClientSession, delivery: Delivery) -> None:
        await asyncio.sleep(delivery.wait)
        for number, pause in enumerate((*RETRIES_S, 0)):
            status = await self._post(session, delivery)
            self.tried.append(Attempt(delivery.event_id, delivery.url, number, status))
            if status in DELIVERED:
                break
            await asyncio.sleep(pause * self.pace)
        self.under_way -= 1

    async def _post(self, session: aiohttp.ClientSession, delivery: Delivery) -> int:
        headers = signed(delivery.secret, delivery.body, int(self._clock().timestamp()))
        try:
            async with session.post(
                delivery.url, data=delivery.body, headers=headers, ssl=False, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    def as_json(self) -> dict[str, Any]:
        return {"under_way": self.under_way, "tried": [asdict(attempt) for attempt in self.tried]}


def payload(event: Values) -> dict[str, Any]:
    """The body that is delivered for a logged event."""
    same = ("data", "subject_id", "subject_type", "created_at", "api_version", "workspace_id")
    return {
        "event_id": event["uuid"],
        "event_type": event["event_type_id"],
        "page_id": None,
        "funnel_id": None,
        **{name: event[name] for name in same},
    }


def signed(secret: str, body: bytes, at: int) -> dict[str, str]:
    """The headers of a delivery; `at` is Unix time in seconds."""
    text = f"{at}.".encode() + body
    return {
        "Content-Type": "application/json",
        "X-Webhook-ClickFunnels-Timestamp": str(at),
        "X-Webhook-ClickFunnels-Signature": hmac.digest(secret.encode(), text, "sha256").hex(),
    }


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
