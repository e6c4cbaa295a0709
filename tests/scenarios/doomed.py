"""A process that is killed at one of the points that its pass comes to."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from cfsync.api import Api
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror
from cfsync.sync.context import Context
from tests.push.conftest import Account, now
from tests.scenarios.fault_scenes import SCENES, quiet_logs


@dataclass
class Points:
    """Who counts the points of a pass, and pulls the plug at number `last` (from 1; 0: never)."""

    last: int = 0
    seen: list[str] = field(default_factory=list)

    def reached(self, what: str) -> None:
        self.seen.append(what)
        if len(self.seen) == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, mirror: Mirror) -> None:
        sa.event.listen(mirror._engine, "before_cursor_execute", lambda *_: self.reached("sql"))
        sa.event.listen(mirror._engine, "commit", lambda _: self.reached("commit"))

    def sending(self) -> None:
        self.reached("call")

    def waiting(self, _why: str) -> AbstractContextManager[object]:
        return nullcontext()

    def answered(self, *_: object) -> None:
        self.reached("answer")


@dataclass
class Doomed(Account):
    """A process that works on an account, watched at every step."""

    points: Points = field(default_factory=Points)

    def run(self, do: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> Any:
        async def main() -> Any:
            settings = self.configured()
            async with Api(settings.api, random=random.Random(1), retry=self.retry) as api:
                watched = api.for_pass(stop=asyncio.Event(), watcher=self.points)
                started_at = await self.mirror.read(clock.now)
                context = Context(watched, self.mirror, settings, started_at=started_at)
                return await do(context, *args, **kwargs)

        return asyncio.run(main())


def live(name: str, url: str, settings: dict[str, str], last: int, out: Any) -> None:
    """The life of one process: a pass, up to its point. What it came to goes out, if it lives."""
    quiet_logs()
    mirror = Mirror.open(url, must_exist=True, clock=now)
    points = Points(last)
    points.watch(mirror)
    SCENES[name].do(Doomed(None, mirror, settings, None, points=points))  # type: ignore[arg-type]
    out.send(points.seen)
    mirror.close()
