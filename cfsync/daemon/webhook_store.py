"""The inbox: gives the receiver of webhooks what it verifies by and where it stores, on a
connection of its own, so that a delivery waits neither for a page nor for a look at the mirror.
"""

from __future__ import annotations

from collections.abc import Callable

from cfsync.config import Settings
from cfsync.hints import Hint
from cfsync.mirror.bookkeeping import events, webhook_secrets
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.lists import listings
from cfsync.sync.account import choose
from cfsync.web.receiver import Receiver


class Inbox:
    """`told` is called when there is something to look at."""

    def __init__(
        self, settings: Settings, mirror: Mirror, receiver: Receiver, told: Callable[[], None]
    ) -> None:
        self._mirror = mirror
        self._receiver = receiver
        self._told = told
        self._chosen = [str(w) for w in settings.api.workspaces]
        self._excluded = [str(w) for w in settings.api.exclude]
        self._bodies = settings.events.use_payload
        self._wanted = settings.wanted
        receiver.store = self.store

    async def load_keys(self) -> None:
        """Learn which workspaces are mirrored, and their secrets; before the first walk it knows
        none, and what comes is to come again.
        """
        known = await self._mirror.read(listings.workspaces)
        if known:
            mirrored = choose(known, self._chosen, self._excluded)
            secrets = await self._mirror.read(webhook_secrets.load)
            self._receiver.keys = {w: secrets.get(w, ()) for w in mirrored}

    async def store(self, hint: Hint) -> bool:
        """Keep it, committed; whether it is a new one."""
        kept = await self._mirror.write(
            events.keep, [hint], "receiver", wanted=self._wanted, bodies=self._bodies
        )
        if kept.open:
            self._told()
        return bool(kept.new)
