"""Connections that are silent or slow keep nobody out, with TLS and without."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from cfsync.config import WebSettings
from cfsync.hints import Hint
from cfsync.sandbox.faults.courier import signed
from cfsync.web import app, connection, server
from cfsync.web.connection import origin, slowest
from cfsync.web.metrics import Metrics
from cfsync.web.receiver import Receiver
from tests.web.test_web import FRESH, WELL, _free_port, _with_certificate

WORKSPACE, SECRET = 42, "whsec-0123456789abcdef"
MOST = 12
GENUINE = 10
HEAD = f"POST /webhooks/{WORKSPACE} HTTP/1.1\r\nHost: x\r\n"
HEALTH = WELL.__class__(database_problem="", schema="0001", resources={"contacts": FRESH})


@dataclass(frozen=True)
class At:
    """A connection as the rule sees it."""

    address: str
    since: float
    is_read: bool = False


@pytest.mark.parametrize(
    ("connections", "closed"),
    [
        ([At("a", 3), At("a", 1), At("a", 2)], 1),
        ([At("a", 1, is_read=True), At("a", 2)], 1),
        ([At("a", 1, is_read=True), At("a", 2, is_read=True)], 0),
        ([At("a", 1), At("b", 2), At("b", 3)], 1),
        ([At("a", 1), At("b", 2, is_read=True), At("b", 3, is_read=True), At("a", 2)], 0),
    ],
)
def test_the_slowest_of_the_most_crowded_address_is_closed(
    connections: list[At], closed: int
) -> None:
    assert slowest(connections) is connections[closed]


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("", ""),
    ],
)
def test_the_addresses_of_one_network_count_as_one(address: str, same: str) -> None:
    assert origin(address) == origin(same)
    assert origin("192.0.2.1") != origin("192.0.2.2")
    assert origin("2001:db8::1") != origin("2001:db8:0:1::1")


@dataclass
class Served:
    """A web server, what its certificate is trusted by, and the connections that attack it."""

    port: int
    tls: ssl.SSLContext | None
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def attack(self, kind: str, source: str = "127.0.0.2") -> asyncio.StreamReader:
        """A connection of that kind, which never ends what it begins."""
        tls = None if kind == "silent" else self.tls
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=tls, local_addr=(source, 0)
        )
        self.writers.append(writer)
        with suppress(OSError):
            writer.write(BEGINNINGS[kind])
            await writer.drain()
        return reader

    async def deliver(self, number: int) -> int:
        body = json.dumps({"event_id": f"e{number}", "event_type": "contact.updated"}).encode()
        headers = signed(SECRET, body, int(time.time()))
        async with httpx.AsyncClient(verify=self.tls or False, timeout=30) as client:
            path = f"{self.url}/webhooks/{WORKSPACE}"
            return (await client.post(path, content=body, headers=headers)).status_code

    async def health(self) -> int:
        async with httpx.AsyncClient(verify=self.tls or False, timeout=30) as client:
            return (await client.get(f"{self.url}/healthz")).status_code


BEGINNINGS = {
    "silent": b"",
    "one byte": b"P",
    "slow head": HEAD.encode(),
    "slow body": f"{HEAD}Content-Length: 900\r\n\r\n{{".encode(),
}

Store = Callable[[Hint], Awaitable[bool]]


async def at_once(_: Hint) -> bool:
    return True


@asynccontextmanager
async def serving(path: Path, *, tls: bool, store: Store = at_once) -> AsyncIterator[Served]:
    settings = WebSettings(listen=f"127.0.0.1:{_free_port()}")
    context = None
    if tls:
        settings = _with_certificate(path)
        context = ssl.create_default_context(cafile=settings.tls_cert)
        context.check_hostname = False
    receiver = Receiver(str)
    receiver.secrets, receiver.store = {WORKSPACE: (SECRET,)}, store
    application = app.create(lambda: HEALTH, Metrics(lambda: HEALTH), receiver, None)
    async with server.serving(application, settings):
        served = Served(int(settings.listen.rpartition(":")[2]), context)
        yield served
        for writer in served.writers:
            writer.transport.abort()


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", MOST)


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Whether the server closes a connection; waits for it."""
    async with asyncio.timeout(30):
        with suppress(OSError):
            await reader.read()
    return True


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("kind", BEGINNINGS)
def test_genuine_deliveries_and_health_get_through(tmp_path: Path, kind: str, tls: bool) -> None:
    async def main() -> list[int]:
        async with serving(tmp_path, tls=tls) as served:
            first = await served.attack(kind)
            for _ in range(MOST):
                await served.attack(kind)
            assert await is_closed(first)
            statuses = [await served.health()]
            for number in range(GENUINE):
                await served.attack(kind)
                statuses.append(await served.deliver(number))
            return [*statuses, await served.health()]

    assert asyncio.run(main()) == [200] * (GENUINE + 2)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_delivery_that_has_arrived_is_answered(tmp_path: Path, tls: bool) -> None:
    async def main() -> int:
        arrived, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(_: Hint) -> bool:
            arrived.set()
            await go_on.wait()
            return True

        async with serving(tmp_path, tls=tls, store=slowly) as served:
            delivery = asyncio.create_task(served.deliver(1))
            await arrived.wait()
            first = await served.attack("silent", "127.0.0.1")
            for _ in range(MOST):
                await served.attack("silent", "127.0.0.1")
            assert await is_closed(first)
            go_on.set()
            return await delivery

    assert asyncio.run(main()) == 200


def test_the_connections_of_one_address_keep_no_other_out(tmp_path: Path) -> None:
    async def main() -> bool:
        async with serving(tmp_path, tls=False) as served:
            patient = await served.attack("slow head", "127.0.0.3")
            many = [await served.attack("slow head", "127.0.0.4") for _ in range(2 * MOST)]
            assert await is_closed(many[0])
            return patient.at_eof()

    assert asyncio.run(main()) is False


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("kind", BEGINNINGS)
def test_what_does_not_arrive_in_time_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, tls: bool
) -> None:
    monkeypatch.setattr(connection, "HANDSHAKE_S", 0.3)
    monkeypatch.setattr(connection, "RECEIVE_S", 0.6)

    async def main() -> bool:
        async with serving(tmp_path, tls=tls) as served:
            return await is_closed(await served.attack(kind))

    assert asyncio.run(main())


def test_the_server_stops_at_once_whatever_handshakes_are_open(tmp_path: Path) -> None:
    async def main() -> bool:
        async with serving(tmp_path, tls=True) as served:
            silent = await served.attack("silent")
            await served.health()
            left = served.writers.pop()
        closed = await is_closed(silent)
        left.transport.abort()
        return closed

    assert asyncio.run(main())
