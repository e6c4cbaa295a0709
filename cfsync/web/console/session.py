"""What every page needs: the mirror on a connection of its own, settings, shell and messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import htpy as h
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cfsync.config import Settings
from cfsync.config.sources import Source
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.progress import runs
from cfsync.mirror.reports import status
from cfsync.web.console.html.layout import Shell

T = TypeVar("T")

COUNTS_S = 30.0
"""Seconds for which the numbers of rows are remembered: counting a million takes a while."""

MESSAGES = 5
"""Messages that a session holds at most."""


@dataclass(frozen=True, slots=True)
class DaemonControl:
    """What the daemon of the same process offers."""

    #: Starts a pass of a resource now, by their names; False: this process doesn't run it.
    start_pass: Callable[[str, str], bool]
    #: How much of each list the running walks have read: resource -> 0 to 1.
    progress: Callable[[], Mapping[str, float]]


@dataclass
class Console:
    """The state of the console of one process."""

    settings: Settings
    sources: Callable[[], list[Source]]
    #: Opens the mirror. Raises MirrorError while it can't be.
    open_mirror: Callable[[], Mirror]
    #: None: no daemon runs in this process.
    daemon: DaemonControl | None = None
    _mirror: Mirror | None = None
    _remembered: dict[str, tuple[float, Any]] = field(default_factory=dict)

    @property
    def access_token(self) -> str | None:
        secret = self.settings.web.access_token
        return secret.get_secret_value() if secret else None

    @property
    def read_only(self) -> bool:
        return self.settings.web.read_only

    @property
    def mirror(self) -> Mirror:
        if self._mirror is None:
            self._mirror = self.open_mirror()
        return self._mirror

    def close(self) -> None:
        if self._mirror is not None:
            self._mirror.close()

    async def remembered(self, key: str, keep_s: float, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` returns, or returned less than `keep_s` seconds ago."""
        known = self._remembered.get(key)
        if known is None or time.monotonic() - known[0] > keep_s:
            known = (time.monotonic(), await read())
            self._remembered[key] = known
        value: T = known[1]
        return value

    def forget(self) -> None:
        """Read all again with the next page: something was changed."""
        self._remembered.clear()

    async def shell(self, request: Request, words: str = "") -> Shell:
        """What is around a page. Takes the messages out of the session."""
        rows = await self.remembered("rows", COUNTS_S, self._count)
        return Shell(
            database=str(self.mirror.place),
            waiting=await self.mirror.read(runs.waiting),
            rows=rows,
            messages=[(kind, text) for kind, text in request.session.pop("messages", [])],
            has_login=self.access_token is not None,
            read_only=self.read_only,
            has_daemon=self.daemon is not None,
            words=words,
        )

    async def _count(self) -> Mapping[str, int]:
        return await self.mirror.read(status.row_counts)


UNNAMED = "console"
"""Who does something where nobody has given a name."""


def person(request: Request, settings: Settings) -> str:
    """Who does something: as a trusted proxy says, or the name given at the login."""
    header = settings.web.user_header
    name = request.headers.get(header) if header else request.session.get("name")
    return name[:60] if name else UNNAMED


def say(request: Request, kind: str, text: str) -> None:
    """Leave a message for the next page. `kind`: `ok` or `bad`."""
    request.session["messages"] = [*request.session.get("messages", []), [kind, text]][-MESSAGES:]


async def html(make: Callable[..., h.Element], *args: Any, status_code: int = 200) -> Response:
    """A page, made in a thread: the event loop need not wait for the milliseconds it takes."""
    return HTMLResponse(await asyncio.to_thread(lambda: str(make(*args))), status_code)
