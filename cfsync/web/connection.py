"""A connection of the listener. Those that nobody ends would use up the files that the process may
have open, which the mirror and the API need; so where there are many, the oldest ones are ended.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 200
"""Connections at a time: twice what the receiver takes, a fifth of what a process may open."""


class Connection(H11Protocol):
    opened_at = 0.0
    """By the loop's clock."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.opened_at = self.loop.time()
        open_ = [c for c in self.connections if not c.transport.is_closing()]
        if len(open_) > MOST:
            min(open_, key=lambda c: c.opened_at).transport.abort()
