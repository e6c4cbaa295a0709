"""A ClickFunnels that is served over real HTTP, a mirror, and passes between the two."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from cfsync.api import Api, Retry
from cfsync.config import Settings, load
from cfsync.mirror.db.engine import Mirror
from cfsync.sandbox import TOKEN, Running, World, running
from cfsync.sync import passes
from cfsync.sync.context import Context
from cfsync.sync.push.conductor import push
from cfsync.sync.report import Report
from tests.conftest import Clock


@dataclass
class Round:
    """Both sides of one account; each pass runs as in a process of its own."""

    served: Running
    mirror: Mirror
    clock: Clock
    settings: dict[str, str]
    sql: Callable[..., list[tuple[Any, ...]]]
    retry: Retry = field(default_factory=Retry)

    @property
    def world(self) -> World:
        return self.served.world

    @property
    def workspace(self) -> int:
        return self.world.workspaces[0]

    def configured(self) -> Settings:
        return load(environ=self.settings)

    def run(
        self,
        do: Callable[..., Any],
        *args: Any,
        stop_when: Callable[[], bool] | None = None,
        **kwargs: Any,
    ) -> Report:
        """Run a pass, and stop it as a signal would as soon as `stop_when` holds."""

        async def main() -> Any:
            settings, stop = self.configured(), asyncio.Event()
            seed = random.Random(1)
            async with Api(settings.api, random=seed, stop=stop, retry=self.retry) as api:
                context = Context(api, self.mirror, settings, stop, started_at="9999")
                running = asyncio.ensure_future(do(context, *args, **kwargs))
                while stop_when and not running.done() and not stop_when():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                if stop_when:
                    stop.set()
                return await running

        report = asyncio.run(main())
        assert isinstance(report, Report)
        return report

    def backfill(self, *names: str, **kwargs: Any) -> Report:
        return self.run(passes.backfill, names, **kwargs)

    def pull(self, *names: str) -> Report:
        return self.run(passes.pull, names)

    def sweep(self, *names: str) -> Report:
        return self.run(passes.sweep, names)

    def push(self, *names: str) -> Report:
        return self.run(push, names)

    def column(self, statement: str, *params: Any) -> list[Any]:
        return [row[0] for row in self.sql(statement, *params)]

    def one(self, statement: str, *params: Any) -> Any:
        (value,) = self.column(statement, *params)
        return value

    def ids(self, table: str) -> list[int]:
        return self.column(f"SELECT id FROM {table} ORDER BY id")

    def settle(self) -> None:
        """Let the watermarks grow old, so that quiet pulls look no further than they must."""
        self.clock.go_on(3600)
        self.pull()
        self.clock.go_on(3600)
        self.pull()


@pytest.fixture
def sizes() -> dict[str, Any]:
    """One workspace with 45 contacts: three pages."""
    return {"bare": True, "workspaces": 1, "contacts": 45}


@pytest.fixture
def world(sizes: dict[str, Any]) -> World:
    return World(seed=1, **sizes)


a_few_of_everything = pytest.mark.parametrize("sizes", [{}], ids=["a few of everything"])


@pytest.fixture
def served(world: World) -> Iterator[Running]:
    with running(world) as it:
        yield it


@pytest.fixture
def round_(served: Running, mirror: Mirror, mirror_url: str, clock: Clock, sql: Any) -> Round:
    settings = {
        "CFSYNC_API__BASE_URL": served.api,
        "CFSYNC_API__TOKEN": TOKEN,
        "CFSYNC_API__MAX_REQUESTS_PER_SECOND": "0",
        "CFSYNC_API__MIRROR": "core",
        "CFSYNC_DATABASE__URL": mirror_url,
        "CFSYNC_DELETIONS__CONFIRM_AFTER": "0s",
        # Changes take numbers of edits: without them, the first edit is 1.
        "CFSYNC_RETENTION__CHANGES": "0",
        "CFSYNC_PUSH__SETTLE": "0s",
    }
    return Round(served, mirror, clock, settings, sql)
