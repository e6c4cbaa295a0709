"""What the commands share: their common options, the settings, and the loop with its signals."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cfsync.cli.text import problem

if TYPE_CHECKING:
    from cfsync.config import Settings
    from cfsync.mirror.engine import Mirror
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


def configured(config: Path | None, *, bars: bool = False) -> Settings:
    """The settings, with this process's logs set up by them. `bars`: beside progress bars."""
    from cfsync import logs
    from cfsync.config import load

    settings = load(config)
    logs.configure(settings.log, secrets=_secrets(settings), quiet=bars and sys.stderr.isatty())
    return settings


def _secrets(settings: Settings) -> list[str]:
    login = settings.database.url.rpartition("@")[0]
    password = login.partition("://")[2].partition(":")[2]
    tokens = [settings.api.token, settings.web.access_token]
    return [password, *(t.get_secret_value() for t in tokens if t)]


def until_stopped(work: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """Run `work(stop)` to its end. The first SIGINT or SIGTERM sets `stop`, a second one kills."""

    async def body() -> T:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def on_signal() -> None:
            stop.set()
            problem("stopping; once more to stop at once")
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)

        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, on_signal)
        return await work(stop)

    return asyncio.run(body())


def open_mirror(settings: Settings, *, create: bool = False) -> Mirror:
    """The mirror; with `create` it is made and brought up to date, else it must be there."""
    from cfsync.mirror import migrate
    from cfsync.mirror.engine import Mirror

    url = settings.database.url
    if create:
        migrate.upgrade(url)
    return Mirror.open(url, must_exist=not create, clock=lambda: datetime.now(UTC))


@asynccontextmanager
async def opened(
    settings: Settings, stop: asyncio.Event, *, create: bool = False, bars: bool = False
) -> AsyncIterator[Context]:
    """Both sides, for a pass."""
    from cfsync.api import Api
    from cfsync.cli.progress import shown
    from cfsync.sync.context import Context

    api_settings = settings.for_api()
    mirror = open_mirror(settings, create=create)
    try:
        async with Api(api_settings, stop=stop) as api:
            with shown(bars) as progress:
                yield Context(api, mirror, settings, stop, progress)
    finally:
        mirror.close()
