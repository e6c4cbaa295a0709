"""Somebody who looks at the console of a mirror, and clicks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cfsync.config import load
from cfsync.config.sources import Source
from cfsync.mirror.db.engine import Mirror
from cfsync.web.console import app
from cfsync.web.console.connections import Connection
from cfsync.web.console.session import Console, DaemonControl
from tests.push.conftest import (  # noqa: F401  # fixtures
    Account,
    account,
    contact,
    filled_postgres,
    filled_sqlite,
    mirror_url,
    served,
    two,
)
from tests.web.console import form_reader


@dataclass
class Visitor:
    """A browser without JavaScript: it keeps cookies and sends forms of the same origin."""

    console: Console
    host: str = "127.0.0.1:8787"
    headers: dict[str, str] = field(default_factory=lambda: {"Sec-Fetch-Site": "same-origin"})
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def __post_init__(self) -> None:
        self._app = app.create(self.console)

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport,
                base_url=f"http://{self.host}",
                cookies=self.cookies,
                headers=self.headers,
            ) as client:
                try:
                    return await client.request(method, path, **given)
                finally:
                    self.cookies = client.cookies

        return asyncio.run(answer())

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def see(self, path: str) -> str:
        """The text of a page that exists."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def press(self, path: str, choice: str, **form: Any) -> str:
        """Press a button, agree where the page shows first what it would do, and return the page
        that follows.
        """
        answer = self.ask("POST", path, data={"choice": choice, **form})
        if answer.status_code == 200:
            answer = self.agree(path, answer.text)
        assert answer.status_code == 303, answer.text
        return self.see(answer.headers["location"].partition("#")[0])

    def agree(self, path: str, shown: str, choice: str = "") -> httpx.Response:
        """Press the button of a page that shows first what a button would do, or the one that says
        another `choice`.
        """
        form: dict[str, list[str]] = {}
        for name, value in form_reader.sent(shown, path):
            form.setdefault(name, []).append(value)
        assert form["sure"] == ["1"]
        first = re.findall('class="main" name="choice" value="([a-z_]+)"', shown)
        form["choice"] = [choice] if choice else form.get("choice", first)
        return self.ask("POST", path, data=form)


@pytest.fixture
def visit(account: Account, mirror_url: str) -> Iterator[Callable[..., Visitor]]:  # noqa: F811
    """`visit(CFSYNC_WEB__CONSOLE="read-only", ...)`: a visitor, with these settings."""
    opened: list[Mirror] = []

    def connection(*, read_only: bool) -> Connection:
        def open_mirror() -> Mirror:
            mirror = Mirror.open(
                mirror_url,
                must_exist=True,
                clock=lambda: datetime.now(UTC),
                read_only=read_only,
            )
            opened.append(mirror)
            return mirror

        return Connection(open_mirror)

    def make(daemon: DaemonControl | None = None, **settings: str) -> Visitor:
        configured = load(environ=account.settings | settings)
        sources = [Source("web.access_token", "***", "CFSYNC_WEB__ACCESS_TOKEN")]
        reader, writer = connection(read_only=True), connection(read_only=False)
        return Visitor(Console(configured, sources, reader, writer, daemon))

    yield make
    for mirror in opened:
        mirror.close()


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    return visit()
