"""The task that tells people what needs them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from socket import gethostname

import structlog

from cfsync.config import Settings
from cfsync.daemon.notices import channels, timing
from cfsync.daemon.notices.rules import Notice, notices
from cfsync.errors import MirrorError
from cfsync.mirror.coordination import told
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.engine import Mirror
from cfsync.web.daemon_health import Health

log = structlog.get_logger()

LOOK_S = 10.0
"""Seconds between two looks at what needs a person."""

REST_S = 300.0
"""Seconds until the next attempt where nobody could be reached."""


class Notifier:
    """Looks at the daemon's health, and tells what has lasted for `notify.after`.

    `mirror` gives the mirror once it is open: there stands what was told. While it can't be used,
    this process alone knows what it has told.
    """

    def __init__(
        self,
        settings: Settings,
        read_health: Callable[[], Health],
        mirror: Callable[[], Mirror | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings.notify
        self._from = f"cfsync on {gethostname()}, {place_of(settings.database.url)}"
        self._read_health = read_health
        self._mirror = mirror
        self._clock = clock
        self._seen: dict[str, timing.Seen] = {}
        self._told_at: dict[str, float] = {}
        self._is_new = True
        self._rest_until = clock()

    async def run(self) -> None:
        """Tell what is to be told now, in one message."""
        now = self._clock()
        await self._remember(now)
        found = {notice.kind: notice for notice in notices(self._read_health())}
        seen, over = timing.update(self._seen, found, now)
        if not await self._forget(over):
            seen |= {kind: self._seen[kind] for kind in over}
        self._seen = seen
        due = timing.lasting(self._seen, found, now, self._settings.after)
        if now >= self._rest_until and (new := await self._claim(due, now)):
            await self._tell([notice for kind, notice in found.items() if kind in new], now)

    async def _remember(self, now: float) -> None:
        """After a start, what an earlier process has told counts as seen: it may be over by now."""
        mirror = self._mirror()
        if self._is_new and mirror is not None:
            with suppress(MirrorError):
                earlier = await mirror.read(told.known)
                self._seen = {kind: timing.Seen(now, now) for kind in earlier} | self._seen
                self._is_new = False

    async def _claim(self, kinds: Collection[str], now: float) -> set[str]:
        """Those that were not told lately, neither here nor by another daemon."""
        told_at = self._told_at
        new = {k for k in kinds if k not in told_at or now - told_at[k] >= timing.AGAIN_S}
        mirror = self._mirror()
        if new and mirror is not None:
            with suppress(MirrorError):
                new = await mirror.write(told.claim, new, timing.AGAIN_S)
        self._told_at |= dict.fromkeys(new, now)
        return new

    async def _forget(self, kinds: Collection[str]) -> bool:
        """Whether they are forgotten in the mirror, too."""
        for kind in kinds:
            self._told_at.pop(kind, None)
        mirror = self._mirror()
        if kinds and mirror is not None:
            try:
                await mirror.write(told.forget, kinds)
            except MirrorError:
                return False
        return True

    async def _tell(self, new: list[Notice], now: float) -> None:
        text = "\n".join([self._from, *(f"- {notice}" for notice in new)])
        result = await asyncio.to_thread(channels.send, self._settings, text)
        for place, problem in result.items():
            if problem:
                log.warning("notice.failed", setting=place, error=problem)
        kinds = [notice.kind for notice in new]
        if all(result.values()):
            self._rest_until = now + REST_S
            await self._forget(kinds)
        else:
            log.info("notice.sent", kinds=kinds)
