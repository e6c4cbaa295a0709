"""The webhook store: keeps the receiver's secrets up to date and stores what it receives.

It has a database connection of its own, so that a delivery never waits for a page being written or
a health check.
"""

from __future__ import annotations

from collections.abc import Callable

from cfsync.config import Settings
from cfsync.hints import Hint
from cfsync.mirror.bookkeeping import webhook_secrets
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.lists import listings
from cfsync.mirror.progress import events
from cfsync.mirror.progress.events import EventSource
from cfsync.sync.workspaces import choose
from cfsync.web.receiver import Receiver


class WebhookStore:
    """Connects the receiver with the mirror. `on_stored` is called when there are hints to follow
    up.
    """

    def __init__(
        self, settings: Settings, mirror: Mirror, receiver: Receiver, on_stored: Callable[[], None]
    ) -> None:
        self._mirror = mirror
        self._receiver = receiver
        self._on_stored = on_stored
        self._chosen = [str(w) for w in settings.api.workspaces]
        self._excluded = [str(w) for w in settings.api.exclude]
        self._keep_bodies = settings.events.use_payload
        self._wanted = settings.wanted
        receiver.store = self.store

    async def load_secrets(self) -> None:
        """Give the receiver the mirrored workspaces and their secrets. Before the first walk none
        are known; the receiver then asks ClickFunnels to deliver again.
        """
        known = await self._mirror.read(listings.workspaces)
        if known:
            mirrored = choose(known, self._chosen, self._excluded)
            secrets = await self._mirror.read(webhook_secrets.valid_secrets)
            self._receiver.secrets = {w: secrets.get(w, ()) for w in mirrored}

    async def store(self, hint: Hint) -> bool:
        """Store and commit a hint. Returns whether it is new."""
        kept = await self._mirror.write(
            events.save, [hint], EventSource.RECEIVER, wanted=self._wanted, bodies=self._keep_bodies
        )
        if kept.open:
            self._on_stored()
        return bool(kept.new)
