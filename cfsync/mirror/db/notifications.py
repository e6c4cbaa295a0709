"""Hearing of edits and hints soon after they are committed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from cfsync.mirror.db.dialect.place import Place

POLL_S = 5.0
"""Seconds after which the outbox is looked at anyway: a pooler may swallow notifications."""


async def changes(place: Place) -> AsyncGenerator[None]:
    """Yields once at the beginning, and then as `Place.changes` does. Raises MirrorError."""
    yield
    async for _ in place.changes():
        yield
