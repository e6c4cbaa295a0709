"""`cfsync run`, from its first line to its exit."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import structlog

from cfsync import __version__
from cfsync.config import Settings
from cfsync.daemon import ownership, startup
from cfsync.daemon.assembly import assemble
from cfsync.daemon.chores import Duty, forever
from cfsync.daemon.daemon import Daemon
from cfsync.daemon.health.watchdog import Heart, SqlThread
from cfsync.daemon.systemd import Notifier
from cfsync.mirror.db.connect import Place
from cfsync.mirror.db.engine import Mirror
from cfsync.web import app, server
from cfsync.web.health import Vitals
from cfsync.web.metrics import Metrics
from cfsync.web.receiver import Receiver

log = structlog.get_logger()


async def run(
    load: Callable[[], Settings],
    opened: Callable[[Settings], Mirror],
    stop: asyncio.Event,
    *,
    is_copy: bool,
) -> None:
    """Go on until `stop` is set. `load` reads the settings and sets up the logs, now and whenever
    there may be another token; `is_copy`: the token that it finds then is the same one. `opened`
    opens the mirror and brings its schema up to date.

    Raises UsageError for what is wrong from the beginning, and Interrupted when the schema was
    changed meanwhile.
    """
    settings = load()
    settings.for_api()
    server.check(settings.web)
    held = ownership.lock(Place.of(settings.database.url))
    try:
        await Process(settings, load, opened, stop, is_copy=is_copy).run()
    finally:
        if held is not None:
            held.release()


class Process:
    """The daemon with what surrounds it from the first moment: web, watchdog, stop."""

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Settings],
        opened: Callable[[Settings], Mirror],
        stop: asyncio.Event,
        *,
        is_copy: bool,
    ) -> None:
        self._settings, self._load, self._opened = settings, load, opened
        self._stop = stop
        self._is_copy = is_copy
        self._sql = SqlThread()
        self._notifier = Notifier()
        self._metrics = Metrics(self._vitals)
        self._receiver = Receiver(self._metrics.webhook)
        self._daemon: Daemon | None = None

    async def run(self) -> None:
        log.info("daemon.started", version=__version__)
        secret = self._settings.web.access_token
        token = secret.get_secret_value() if secret else None
        shown = app.make(self._vitals, self._metrics, self._receiver, token)
        async with server.serving(shown, self._settings.web):
            heart = asyncio.create_task(forever(Duty("heart", 0.0, self._heart().beat)))
            try:
                await self._until_stopped()
            finally:
                heart.cancel()
                self._notifier.stopping()
        log.info("daemon.ended")

    async def _until_stopped(self) -> None:
        life, stop = asyncio.create_task(self._live()), asyncio.create_task(self._stop.wait())
        await asyncio.wait({life, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if life.done():
            return life.result()
        self._notifier.stopping()
        last = _last_resort(self._settings.daemon.stop_timeout)
        if self._daemon is not None:
            await self._daemon.wind_down()
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life
        last.cancel()
        if self._daemon is not None and self._daemon.duties.gone is not None:
            raise self._daemon.duties.gone
        return None

    async def _live(self) -> None:
        sides = await startup.open_sides(self._settings, self._opened, self._sql)
        try:
            parts = assemble(
                self._settings,
                sides,
                self._sql,
                self._metrics,
                self._receiver,
                load=self._load,
                is_copy=self._is_copy,
            )
            self._daemon = Daemon(parts, end=self._stop.set)
            try:
                await self._daemon.live(self._notifier.ready)
            finally:
                await parts.contact.close()
        finally:
            sides.close()

    def _heart(self) -> Heart:
        return Heart(
            self._notifier,
            why_stuck=lambda s: self._daemon.why_stuck(s) if self._daemon else None,
            status=lambda: self._daemon.status() if self._daemon else self._waiting(),
            set_right=lambda: self._daemon.schedule.set_right() if self._daemon else None,
        )

    def _waiting(self) -> str:
        return f"waits for the database: {self._sql.database}"

    def _vitals(self) -> Vitals:
        now = Vitals(sql_silence_s=self._sql.silence_s, database=self._sql.database)
        return self._daemon.vitals(now) if self._daemon else now


def _last_resort(seconds: float) -> threading.Timer:
    """When time is up the process ends, whatever hangs: nothing is lost by it."""

    def end() -> None:
        sys.stderr.flush()
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return timer
