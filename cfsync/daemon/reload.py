"""SIGHUP: the settings are read again, and what can change without a restart is taken."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog

from cfsync.config import Settings, live
from cfsync.config.sources import Source
from cfsync.daemon import periodic
from cfsync.daemon.assembly import SettingsSource
from cfsync.errors import SettingsError

log = structlog.get_logger()


@contextmanager
def on_signal(do: Callable[[], Awaitable[object]]) -> Iterator[None]:
    """Run `do` at each SIGHUP, one after the other; an error is logged. On a terminal the signal
    says that this is closed, and ends the process as ever.
    """
    if sys.stdin and sys.stdin.isatty():
        yield
        return
    asked, loop = asyncio.Event(), asyncio.get_running_loop()

    async def work() -> None:
        while await asked.wait():
            asked.clear()
            try:
                await do()
            except Exception as error:
                periodic.log_failure("reload", error)

    working = asyncio.create_task(work())
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        working.cancel()


async def reload(settings: Settings, sources: list[Source], source: SettingsSource) -> bool:
    """Take what can be taken, and log what was and what needs a restart. Settings that are wrong
    change nothing. `sources`: where each setting in force is from. Returns whether anything was
    taken.
    """
    try:
        new = await asyncio.to_thread(source.check)
        found = await asyncio.to_thread(source.explain)
    except SettingsError as error:
        log.error("settings.refused", problems=error.problems)
        return False
    change = live.take(settings, new)
    not_named = () if source.token_is_fixed else live.WHEN_REFUSED
    needs_restart = [name for name in change.needs_restart if name not in not_named]
    live.take_sources(sources, found, needs_restart)
    source.log_as(settings)
    log.info("settings.taken", taken=change.taken)
    if needs_restart:
        log.warning("settings.need_restart", settings=needs_restart)
    return bool(change.taken)
