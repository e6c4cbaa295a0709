"""The courier: brings events to the webhook endpoints, signed and repeated as ClickFunnels does it,
and as badly as the network that a test asks for. It goes to loopback addresses only.
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
"""Seconds from one attempt to the next; then it is given up."""

TAKEN = frozenset((*range(200, 208), 226))
"""Answers by which an event counts as delivered."""

PATIENCE_S = 10.0
"""Seconds that an endpoint may take to answer."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """An event on its way to one endpoint; `wait`: seconds before it sets out."""

    event_id: str
    url: str
    secret: str
    body: bytes
    wait: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """`number` counts from 0; `status` 0: no answer."""

    event_id: str
    url: str
    number: int
    status: int


class Courier:
    """What can go wrong on the way, as shares of all deliveries: `lose` (the sender takes it for
    delivered), `double` (sent twice), `forge` (signed with another secret). Each waits up to
    `spread` seconds, so that they come out of order. `pace`: how many seconds one of the sender's
    between two attempts lasts. `tried` holds what was done, `under_way` counts what is not over.
    """

    def __init__(self, random: Random, clock: Callable[[], datetime]) -> None:
        self.lose = self.double = self.forge = self.spread = 0.0
        self.pace = 1.0
        self.tried: list[Attempt] = []
        self.under_way = 0
        self._random = random
        self._clock = clock
        self._mail: deque[Parcel] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def take(self, event: Values, endpoints: Iterable[Values]) -> None:
        """Send an event of the log to these endpoints. From any thread, under the world's lock."""
        body = orjson.dumps(payload(event))
        for endpoint in endpoints:
            if _is_loopback(endpoint["url"]) and self._random.random() >= self.lose:
                for _ in range(1 + (self._random.random() < self.double)):
                    self._mail.append(self._parcel(event["uuid"], endpoint, body))
                    self.under_way += 1
        if self._loop is not None and self._mail:
            self._loop.call_soon_threadsafe(self._news.set)

    def _parcel(self, event_id: str, endpoint: Values, body: bytes) -> Parcel:
        secret = endpoint["webhook_secret"]
        if self._random.random() < self.forge:
            secret = secret[::-1] + "x"
        return Parcel(event_id, endpoint["url"], secret, body, self._random.random() * self.spread)

    async def run(self) -> None:
        """Deliver, until cancelled."""
        self._loop = asyncio.get_running_loop()
        timeout = aiohttp.ClientTimeout(PATIENCE_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as on:
                while True:
                    while self._mail:
                        on.create_task(self._bring(session, self._mail.popleft()))
                    self._news.clear()
                    await self._news.wait()
        finally:
            self._loop = None

    async def _bring(self, session: aiohttp.ClientSession, parcel: Parcel) -> None:
        await asyncio.sleep(parcel.wait)
        for number, pause in enumerate((*RETRIES_S, 0)):
            status = await self._hand_over(session, parcel)
            self.tried.append(Attempt(parcel.event_id, parcel.url, number, status))
            if status in TAKEN:
                break
            await asyncio.sleep(pause * self.pace)
        self.under_way -= 1

    async def _hand_over(self, session: aiohttp.ClientSession, parcel: Parcel) -> int:
        headers = signed(parcel.secret, parcel.body, int(self._clock().timestamp()))
        try:
            async with session.post(
                parcel.url, data=parcel.body, headers=headers, ssl=False, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    def as_json(self) -> dict[str, Any]:
        return {"under_way": self.under_way, "tried": [asdict(attempt) for attempt in self.tried]}


def payload(event: Values) -> dict[str, Any]:
    """What is delivered of an event of the log."""
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
