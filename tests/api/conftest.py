"""A server that gives the answers it is told to, and a client with a clock of its own."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from cfsync.api import Api, Budget, Rate, Retry
from cfsync.config import ApiSettings

TOKEN = "secret-token"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (n for n in os.environ if n.lower() in PROXIES):
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", path, "-out", path.with_suffix(".crt")),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@dataclass
class Say:
    """One answer. `body`: bytes as they are, anything else as JSON."""

    body: Any = field(default_factory=list)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "application/json; charset=utf-8"

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)

    async def __call__(self, _request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": self.kind, **self.headers}
        return web.Response(status=self.status, body=self.content, headers=headers)


Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Seen:
    method: str
    path: str  # as it came, still quoted, without the query
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Fake:
    """Gives the answers in order, the last one for ever, and notes what came."""

    def __init__(self, *answers: Answering) -> None:
        self.answers = list(answers)
        self.seen: list[Seen] = []

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        body = await request.read()
        self.seen.append(
            Seen(request.method, path, dict(request.query), dict(request.headers), body)
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)  # type: ignore[arg-type]

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        """Its URL, without a path."""
        runner = web.ServerRunner(web.Server(self, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
            yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    def ask(self, use: Callable[[Api], Awaitable[Any]], **options: Any) -> Any:
        """What `use` gives with a client of this server; `options` are the client's."""

        async def main() -> Any:
            async with self.serving() as url, client(f"{url}/api/v2", **options) as api:
                return await use(api)

        return asyncio.run(main())


class Time:
    """Passes only while somebody sleeps, which takes none of the real one."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def client(
    url: str,
    *,
    time: Time | None = None,
    timeout_s: float = 5.0,
    max_concurrency: int = 16,
    settings: Mapping[str, Any] | None = None,
    **options: Any,
) -> Api:
    time = time or Time()
    given = ApiSettings(
        base_url=url,
        token=TOKEN,
        max_requests_per_second=0,
        timeout_s=timeout_s,
        max_concurrency=max_concurrency,
        **(settings or {}),
    )
    budget = Budget(
        Rate(ceiling=given.max_requests_per_second, reserve=given.reserve),
        concurrency=max_concurrency,
        max_pause=options.get("retry", Retry()).total,
        clock=time,
        sleep=time.sleep,
    )
    return Api(given, **{"budget": budget, **options})
