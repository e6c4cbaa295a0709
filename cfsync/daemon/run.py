"""The daemon's process, from the settings to the exit: web server, watchdog, stop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from starlette.types import ASGIApp

from cfsync import __version__
from cfsync.config import Settings, runnable
from cfsync.config.sources import Source
from cfsync.daemon import ownership, reload, startup
from cfsync.daemon.assembly import EarlyComponents, SettingsSource, assemble
from cfsync.daemon.daemon import Daemon
from cfsync.daemon.health.database_probe import DatabaseProbe
from cfsync.daemon.health.watchdog import Watchdog
from cfsync.daemon.periodic import PeriodicTask, repeat
from cfsync.daemon.systemd import Notifier
from cfsync.errors import Interrupted
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.engine import Mirror
from cfsync.sync.walk_progress import WalkState
from cfsync.web import app, server
from cfsync.web.daemon_health import Health
from cfsync.web.metrics import Metrics
from cfsync.web.receiver import Receiver

if TYPE_CHECKING:
    from cfsync.web.console import Console

log = structlog.get_logger()


async def run(
    source: SettingsSource, open_mirror: Callable[[Settings], Mirror], stop: asyncio.Event
) -> None:
    """Run the daemon until `stop` is set.

    `source` is asked at the start, whenever there may be another token, and at each SIGHUP.
    `open_mirror` opens the mirror and brings its schema up to date.

    Raises UsageError for settings that are wrong, and Interrupted if somebody changes the schema,
    or replaces the file, meanwhile.
    """
    settings, sources = source.load(), source.explain()
    runnable.check(settings)
    lock = ownership.lock_sqlite(place_of(settings.database.url))
    try:
        await Process(settings, sources, source, open_mirror, stop).run()
    finally:
        if lock is not None:
            lock.release()


class Process:
    """The daemon with what runs from the first moment, even while the database is unavailable."""

    def __init__(
        self,
        settings: Settings,
        sources: list[Source],
        source: SettingsSource,
        open_mirror: Callable[[Settings], Mirror],
        stop: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._source = source
        self._open_mirror = open_mirror
        self._stop = stop
        self._notifier = Notifier()
        self._database = DatabaseProbe()
        self._metrics = Metrics(self._health)
        self._receiver = Receiver(self._metrics.webhook)
        self._daemon: Daemon | None = None
        self._connections: startup.Connections | None = None
        self._console: Console | None = None

    async def run(self) -> None:
        log.info("daemon.started", version=__version__)
        secret = self._settings.web.access_token
        token = secret.get_secret_value() if secret else None
        served = app.create(
            self._health, self._metrics, self._receiver, token, self._serve_console()
        )
        async with server.serving(served, self._settings.web):
            watchdog = PeriodicTask("watchdog", 0.0, self._watchdog().run)
            watching = [asyncio.create_task(repeat(t)) for t in (watchdog, *self._notices())]
            try:
                with reload.on_signal(self._reload):
                    await self._run_until_stopped()
            finally:
                for task in watching:
                    task.cancel()
                self._notifier.stopping()
                if self._console is not None:
                    self._console.close()
        log.info("daemon.ended")

    async def _run_until_stopped(self) -> None:
        running = asyncio.create_task(self._run_daemon())
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if running.done():
            return running.result()
        self._notifier.stopping()
        forced_exit = _exit_after(self._settings.daemon.stop_timeout, self._must_end)
        if self._daemon is not None:
            await self._daemon.stop()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        forced_exit.cancel()
        if reason := self._must_end():
            raise reason
        return None

    def _must_end(self) -> Interrupted | None:
        return self._daemon.maintenance.must_end if self._daemon else None

    async def _run_daemon(self) -> None:
        connections = await startup.connect(self._settings, self._open_mirror, self._database)
        self._connections = connections
        try:
            early = EarlyComponents(self._database, self._metrics, self._receiver)
            components = assemble(self._settings, self._source, connections, early)
            self._daemon = Daemon(components, end=self._stop.set)
            try:
                await self._daemon.run(self._notifier.ready)
            finally:
                await components.api_access.close()
        finally:
            self._connections = None
            connections.close()

    def _notices(self) -> Iterator[PeriodicTask]:
        """Nothing of it is loaded where nobody is to be told."""
        notify = self._settings.notify
        if notify.webhook or notify.email_to or notify.command:
            from cfsync.daemon.notices import notifier

            it = notifier.Notifier(self._settings, self._health, self._connection)
            yield PeriodicTask("notices", notifier.LOOK_S, it.run)

    async def _reload(self) -> None:
        is_other = await reload.reload(self._settings, self._sources, self._source)
        if is_other and self._daemon is not None:
            self._daemon.reschedule()

    def _connection(self) -> Mirror | None:
        return self._connections.checks if self._connections else None

    def _serve_console(self) -> ASGIApp | None:
        """The console, which connects to the database with the first page."""
        web = self._settings.web
        if "off" in (web.console, web.listen):
            return None
        from cfsync.web import console  # with it off, nothing of it is loaded

        control = console.DaemonControl(self._start_pass, self._progress, self._mirror)
        self._console = console.create(self._settings, self._sources, control)
        return console.serve(self._console)

    def _start_pass(self, name: str, resource: str) -> str:
        return self._daemon.start_pass(name, resource) if self._daemon else self._waiting()

    def _mirror(self) -> Mirror | None:
        return self._connections.mirror if self._connections else None

    def _progress(self) -> Sequence[WalkState]:
        return self._daemon.progress() if self._daemon else ()

    def _watchdog(self) -> Watchdog:
        return Watchdog(
            self._notifier,
            find_stuck=lambda s: self._daemon.find_stuck(s) if self._daemon else None,
            status=lambda: self._daemon.status() if self._daemon else self._waiting(),
        )

    def _waiting(self) -> str:
        return f"waits for the database: {self._database.problem}"

    def _health(self) -> Health:
        base = Health(
            sql_silence_s=self._database.silence_s, database_problem=self._database.problem
        )
        return self._daemon.health(base) if self._daemon else base


def _exit_after(seconds: float, why: Callable[[], Interrupted | None]) -> threading.Timer:
    """End the process after so many seconds, even if something hangs: no data is lost by that.
    `why` returns what decides the exit code; None, that somebody stopped it, is 0.
    """

    def end() -> None:
        sys.stderr.flush()
        reason = why()
        os._exit(reason.exit_code if reason else 0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return timer
