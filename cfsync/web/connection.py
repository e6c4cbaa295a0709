"""A connection of the listener. Those that nobody ends would use up the files that the process may
have open, which the mirror and the API need; so where there are many, the oldest ones are ended.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 200
"""Connections at a time: twice what the receiver takes, a fifth of what a process may open."""

AT_ONCE = 50
"""Connections that are let in before the oldest ones are ended."""


class Connection(H11Protocol):
    opened_at = 0.0
    """By the loop's clock."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.opened_at = self.loop.time()
        mine = [c for c in self.connections if isinstance(c, Connection)]
        alive = [c for c in mine if not c.transport.is_closing()]
        if len(alive) > MOST:
            min(alive, key=lambda c: c.opened_at).transport.abort()
