"""What the commands share: common options, settings, signals, and opening both sides."""

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

from cfsync.cli.text import print_problem
from cfsync.errors import MirrorError, SettingsError

if TYPE_CHECKING:
    from cfsync.api import Api
    from cfsync.config import Settings
    from cfsync.logs import Memory
    from cfsync.mirror.db.engine import Mirror
    from cfsync.sync.context import Context

T = TypeVar("T")

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings file; default: CFSYNC_CONFIG, ./cfsync.toml, /etc/cfsync/config.toml.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Resources = Annotated[
    list[str] | None, typer.Argument(metavar="[RESOURCE]...", help="Only these resources.")
]


def load_settings(
    config: Path | None,
    *,
    quiet: bool = False,
    environ: Mapping[str, str] = os.environ,
    memory: Memory | None = None,
    checked: Settings | None = None,
) -> Settings:
    """Read the settings, and set up this process's logs accordingly. With `quiet`, the logs on a
    terminal hold only warnings, because the command shows there what it does. `memory`: of a
    process that sets them up repeatedly. `checked`: what has been read already. Raises
    SettingsError.
    """
    from cfsync import logs, tracing
    from cfsync.config import load
    from cfsync.config.secrets import secrets_in, secrets_of

    settings = checked or load(config, environ)
    quiet = quiet and sys.stderr.isatty()
    memory = memory or logs.Memory(None)
    memory.secrets.update(secrets_of(settings), *map(secrets_in, _proxies()))
    secrets, repeats = [*memory.secrets], memory.repeat_filter
    logs.configure(settings.log, secrets=secrets, quiet=quiet, repeat_filter=repeats)
    tracing.start(environ)
    return settings


def _proxies() -> list[str]:
    """The URLs of the environment's proxies, which may hold passwords."""
    return [url for name, url in os.environ.items() if name.lower().endswith("_proxy")]


def check_to_run(config: Path | None) -> Settings:
    """Raise SettingsError with every problem because of which `run` refuses the settings."""
    from cfsync.config import examine
    from cfsync.mirror.db.connect import place_of

    settings, problems = examine(config)
    try:
        place_of(settings.database.url).check()
    except MirrorError as error:
        problems.append(str(error))
    if problems:
        raise SettingsError(problems)
    return settings


def until_stopped(
    work: Callable[[asyncio.Event], Awaitable[T]], report: Callable[[str], object] = print_problem
) -> T:
    """Run `work(stop)` to its end. The first SIGINT or SIGTERM sets `stop` and is reported; the
    second one kills the process.
    """

    async def body() -> T:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def on_signal() -> None:
            stop.set()
            report("stopping; once more to stop at once")
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)

        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, on_signal)
        return await work(stop)

    return asyncio.run(body())


async def open_mirror(
    settings: Settings, *, create: bool = False, read_only: bool = False
) -> Mirror:
    """Open the mirror; `read_only` is faster. With `create`, a missing one is created and an SQLite
    schema is upgraded. A PostgreSQL schema may be in use by others, so upgrading it is left to
    `cfsync migrate`.
    """
    from cfsync.mirror import migrate
    from cfsync.mirror.db.engine import Mirror
    from cfsync.mirror.reports import status
    from cfsync.sync import capture_check

    url = settings.database.url
    mirror = Mirror.open(url, must_exist=not create, clock=_now, read_only=read_only)
    try:
        if create and (mirror.dialect.has_one_daemon or not await mirror.read(status.has_schema)):
            await mirror.disconnected(lambda: _create_or_upgrade(url))
        await migrate.check(mirror)
        mirror.diagnose = capture_check.diagnosis
    except BaseException:
        mirror.close()
        raise
    return mirror


def _create_or_upgrade(url: str) -> None:
    from cfsync.mirror.migrate import migrate

    result = migrate(url)
    if result.before is None:
        print(f"new database: {result.place}", file=sys.stderr)


def _now() -> datetime:
    return datetime.now(UTC)


def with_mirror(
    settings: Settings,
    work: Callable[[Mirror], Coroutine[Any, Any, T]],
    *,
    read_only: bool = False,
) -> T:
    """Run `work` on the mirror, without a connection to ClickFunnels. Raises MirrorError if there
    is no mirror.
    """

    async def body() -> T:
        mirror = await open_mirror(settings, read_only=read_only)
        try:
            return await work(mirror)
        finally:
            mirror.close()

    return asyncio.run(body())


@asynccontextmanager
async def _share_rate(api: Api, mirror: Mirror) -> AsyncIterator[None]:
    """Share the rate limit, and what was learned about it, with other processes on this mirror.
    Errors of the mirror are ignored here: the pass meets and reports them.
    """
    from cfsync.sync.rate_sharing import READ_S, Sharing

    sharing = Sharing(api.budget.rate, mirror)

    async def repeat() -> None:
        while True:
            await asyncio.sleep(READ_S)
            with suppress(MirrorError):
                await sharing.turn()

    await sharing.begin()
    turns = asyncio.create_task(repeat())
    try:
        yield
    finally:
        turns.cancel()
        with suppress(asyncio.CancelledError):
            await turns
        with suppress(MirrorError):
            await sharing.end()


@asynccontextmanager
async def open_context(
    settings: Settings,
    stop: asyncio.Event,
    *,
    create: bool = False,
    bars: bool = False,
    announced: bool = False,
) -> AsyncIterator[Context]:
    """Open the mirror and the API for a pass; close both afterwards. `announced`: a person is told
    before what a push sends.
    """
    from cfsync.api import Api
    from cfsync.cli.progress import show_progress
    from cfsync.mirror import wal
    from cfsync.mirror.db import clock
    from cfsync.sync.context import Context

    api_settings = settings.for_api()
    mirror = await open_mirror(settings, create=create)
    try:
        async with Api(api_settings, stop=stop) as api, _share_rate(api, mirror):
            started_at = await mirror.read(clock.now)
            with show_progress(bars=bars, announced=announced) as progress:
                yield Context(api, mirror, settings, stop, progress, started_at)
            await wal.shrink(mirror)
    finally:
        mirror.close()
