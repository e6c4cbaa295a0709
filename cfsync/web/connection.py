"""A connection of the web server. Connections that nobody closes would use up the files that the
process may open, which mirror and API need: if there are too many, the oldest is closed.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 200
"""Open connections: twice what the receiver handles, a fifth of what a process may open."""

BACKLOG = 50
"""Connections that may arrive at once before the oldest ones are closed."""


class Connection(H11Protocol):
    opened_at = 0.0
    """By the event loop's clock."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.opened_at = self.loop.time()
        all_ = [c for c in self.connections if isinstance(c, Connection)]
        alive = [c for c in all_ if not c.transport.is_closing()]
        if len(alive) > MAX_CONNECTIONS:
            min(alive, key=lambda c: c.opened_at).transport.abort()
