"""What the commands share: their common options, the settings, and the loop with its signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cfsync.cli.text import problem
from cfsync.errors import MirrorError

if TYPE_CHECKING:
    from cfsync.api import Api
    from cfsync.config import Settings
    from cfsync.logs import RepeatFilter
    from cfsync.mirror.db.engine import Mirror
    from cfsync.sync.context import Context

T = TypeVar("T")

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings file; else CFSYNC_CONFIG, ./cfsync.toml, /etc/cfsync/config.toml.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Resources = Annotated[
    list[str] | None, typer.Argument(metavar="[RESOURCE]...", help="Resources; all, if none.")
]


def configured(
    config: Path | None,
    *,
    bars: bool = False,
    environ: Mapping[str, str] = os.environ,
    repeat_filter: RepeatFilter | None = None,
) -> Settings:
    """The settings, with this process's logs set up by them. `bars`: beside progress bars."""
    from cfsync import logs
    from cfsync.config import load

    settings = load(config, environ)
    quiet = bars and sys.stderr.isatty()
    logs.configure(
        settings.log, secrets=_secrets(settings), quiet=quiet, repeat_filter=repeat_filter
    )
    return settings


def _secrets(settings: Settings) -> list[str]:
    login = settings.database.url.rpartition("@")[0]
    password = login.partition("://")[2].partition(":")[2]
    tokens = [settings.api.token, settings.web.access_token]
    return [password, *(t.get_secret_value() for t in tokens if t)]


def until_stopped(
    work: Callable[[asyncio.Event], Awaitable[T]], say: Callable[[str], object] = problem
) -> T:
    """Run `work(stop)` to its end. The first SIGINT or SIGTERM sets `stop`, a second one kills."""

    async def body() -> T:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def on_signal() -> None:
            stop.set()
            say("stopping; once more to stop at once")
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)

        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, on_signal)
        return await work(stop)

    return asyncio.run(body())


async def open_mirror(settings: Settings, *, create: bool = False) -> Mirror:
    """The mirror. With `create` it is made where it is missing, and SQLite's is brought up to date;
    a PostgreSQL schema may have other users, so that waits for `cfsync migrate`.
    """
    from cfsync.mirror import migrate
    from cfsync.mirror.db.engine import Mirror
    from cfsync.mirror.reports import status

    url = settings.database.url
    mirror = Mirror.open(url, must_exist=not create, clock=_now)
    try:
        if create and (mirror.dialect.has_one_daemon or not await mirror.read(status.has_schema)):
            mirror.close()
            await asyncio.to_thread(_make, url)
            mirror = Mirror.open(url, must_exist=True, clock=_now)
        await migrate.check(mirror)
    except BaseException:
        mirror.close()
        raise
    return mirror


def _make(url: str) -> None:
    from cfsync.mirror.migrate import migrate

    made = migrate(url)
    if made.before is None:
        print(f"new database: {made.place}", file=sys.stderr)


def _now() -> datetime:
    return datetime.now(UTC)


def reading(settings: Settings, work: Callable[[Mirror], Coroutine[Any, Any, T]]) -> T:
    """Do something with the mirror alone, which must be there."""

    async def body() -> T:
        mirror = await open_mirror(settings)
        try:
            return await work(mirror)
        finally:
            mirror.close()

    return asyncio.run(body())


@asynccontextmanager
async def _sharing(api: Api, mirror: Mirror) -> AsyncIterator[None]:
    """Part the rate limit with the other processes on this mirror, and hand on what was learned.
    Trouble with the mirror is the pass's to tell.
    """
    from cfsync.sync.rate_sharing import LOOK_S, Sharing

    sharing = Sharing(api.budget.rate, mirror)

    async def on_and_on() -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            with suppress(MirrorError):
                await sharing.turn()

    await sharing.begin()
    turns = asyncio.create_task(on_and_on())
    try:
        yield
    finally:
        turns.cancel()
        with suppress(asyncio.CancelledError):
            await turns
        with suppress(MirrorError):
            await sharing.end()


@asynccontextmanager
async def opened(
    settings: Settings, stop: asyncio.Event, *, create: bool = False, bars: bool = False
) -> AsyncIterator[Context]:
    """Both sides, for a pass."""
    from cfsync.api import Api
    from cfsync.cli.progress import shown
    from cfsync.mirror.db import clock
    from cfsync.sync.context import Context

    api_settings = settings.for_api()
    mirror = await open_mirror(settings, create=create)
    try:
        async with Api(api_settings, stop=stop) as api, _sharing(api, mirror):
            started_at = await mirror.read(clock.now)
            with shown(bars) as progress:
                yield Context(api, mirror, settings, stop, progress, started_at)
    finally:
        mirror.close()
