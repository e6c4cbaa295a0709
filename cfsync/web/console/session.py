"""What every page needs: the mirror on a connection of its own, settings, shell and messages."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import htpy as h
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cfsync.config import Settings
from cfsync.config.sources import Source
from cfsync.errors import UsageError
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.reports import status, waiting
from cfsync.resources import Resource, named
from cfsync.sync.walk_progress import WalkState
from cfsync.web.console.connections import Connection
from cfsync.web.console.html.parts import words as texts
from cfsync.web.console.html.parts.layout import Shell

P = ParamSpec("P")
T = TypeVar("T")

COUNTS_S = 30.0
"""Seconds for which the numbers of rows are remembered: counting a million takes a while."""

MANY, FEW_S = 50_000, 2.0
"""Fewer rows than these, which takes 2 ms, are counted again after so many seconds."""

MESSAGES, MESSAGE_BYTES = 3, 600
"""Messages that a session holds at most, and bytes of each: browsers drop a cookie that is longer
than 4,096 bytes.
"""


@dataclass(frozen=True, slots=True)
class DaemonControl:
    """What the daemon of the same process offers."""

    #: Starts a pass of a resource now, by their names; returns why it can't, '' where it runs.
    start_pass: Callable[[str, str], str]
    #: How far the running walks have come.
    progress: Callable[[], Sequence[WalkState]]
    #: The mirror on the connection of its passes; None while it has none.
    mirror: Callable[[], Mirror | None] = lambda: None


@dataclass
class Console:
    """The state of the console of one process."""

    settings: Settings
    #: Where each of them is from.
    sources: Sequence[Source]
    #: For pages: it can't write, and waits for no writer.
    reader: Connection
    #: For buttons and forms, where the daemon has none for them.
    writer: Connection
    #: None: no daemon runs in this process.
    daemon: DaemonControl | None = None
    _has_many: bool = False
    _remembered: dict[str, tuple[float, asyncio.Task[Any]]] = field(default_factory=dict)
    #: Makes the pages: one after the other, so that few of them are in memory at once.
    _maker: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="console")
    )

    @property
    def access_token(self) -> str | None:
        secret = self.settings.web.access_token
        return secret.get_secret_value() if secret else None

    @property
    def read_only(self) -> bool:
        return self.settings.web.read_only

    @property
    def place(self) -> Place:
        return place_of(self.settings.database.url)

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(tx, ...)` on one unchanging state of the mirror. Raises MirrorError."""
        async with self.reader.use() as mirror:
            return await mirror.read(fn, *args, **kwargs)

    def writing(self) -> AbstractAsyncContextManager[Mirror]:
        """The mirror, for what somebody decides: on the daemon's connection, since another one that
        writes takes 23 MB on SQLite, and would wait for the same lock. Raises MirrorError.
        """
        mirror = self.daemon.mirror() if self.daemon else None
        return self.writer.use() if mirror is None else nullcontext(mirror)

    def close(self) -> None:
        self._maker.shutdown()
        self.reader.close()
        self.writer.close()

    async def html(
        self, make: Callable[..., h.Element], *args: Any, status_code: int = 200
    ) -> Response:
        """A page, made in a thread: the event loop need not wait for the milliseconds it takes."""
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(self._maker, lambda: str(make(*args)))
        return HTMLResponse(text, status_code)

    async def remembered(
        self, key: str, keep_s: float, read: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        """What `read` returns, or returned less than `keep_s` seconds ago. Who asks meanwhile waits
        for the same reading.
        """
        known = self._remembered.get(key)
        if known is None or (known[1].done() and time.monotonic() - known[0] > keep_s):
            known = (time.monotonic(), asyncio.create_task(read()))
            self._remembered[key] = known
        try:
            value: T = await asyncio.shield(known[1])
        except Exception:
            self._remembered.pop(key, None)
            raise
        return value

    def forget(self) -> None:
        """Read all again with the next page: something was changed."""
        self._remembered.clear()

    async def shell(self, request: Request, words: str = "") -> Shell:
        """What is around a page. Takes the messages out of the session, unless it is the script
        that renews a page: they are for somebody who looks.
        """
        is_shown = request.headers.get("sec-fetch-dest", "document") == "document"
        messages = request.session.pop("messages", []) if is_shown else ()
        return Shell(
            database=str(self.place),
            name=Path(self.place.url.database or "").name,
            waiting=sum((await self.read(waiting.counts)).values()),
            rows=await self.rows(),
            mirrored=await self.mirrored(),
            messages=[(kind, text) for kind, text in messages],
            has_login=self.access_token is not None,
            read_only=self.read_only,
            has_daemon=self.daemon is not None,
            words=words,
        )

    async def resource(self, name: str) -> Resource:
        """A list that is mirrored, or was. Raises UnknownResource, or UsageError for another."""
        resource = named(name)
        if resource.name not in await self.mirrored():
            raise UsageError(
                f"{texts.words(resource.name)} are not mirrored: set"
                f" resources.{resource.name}.enabled to true and start cfsync again; it then reads"
                " the whole list"
            )
        return resource

    async def mirrored(self) -> Collection[str]:
        """The lists that are mirrored, and those of which rows are left."""
        return self.settings.wanted | {name for name, n in (await self.rows()).items() if n}

    async def rows(self) -> Mapping[str, int]:
        """Resource -> how many rows there are, or were a while ago."""
        return await self.remembered("rows", COUNTS_S if self._has_many else FEW_S, self._count)

    async def _count(self) -> Mapping[str, int]:
        found = await self.read(status.row_counts)
        self._has_many = sum(found.values()) > MANY
        return found


UNNAMED = "console"
"""Who does something where nobody has given a name."""


def person(request: Request, settings: Settings) -> str:
    """Who does something: as a trusted proxy says, or the name given at the login."""
    header = settings.web.user_header
    name = request.headers.get(header, "") if header else str(request.session.get("name", ""))
    return plain_name(name) or UNNAMED


def plain_name(name: str) -> str:
    """A name as it can stand in a log and in any database, from a form or a header. Pure."""
    with suppress(UnicodeError):  # a header's bytes come as Latin-1
        name = name.encode("latin-1").decode()
    return "".join(c for c in name if c.isprintable()).strip()[:60]


def say(request: Request, kind: str, text: str) -> None:
    """Leave a message for the next page. `kind`: `ok` or `bad`."""
    while len(json.dumps(text)) > MESSAGE_BYTES:
        text = text[: len(text) * 2 // 3] + "…"
    request.session["messages"] = [*request.session.get("messages", []), [kind, text]][-MESSAGES:]
