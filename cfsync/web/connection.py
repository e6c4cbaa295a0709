"""The connections of the web server, counted from the moment they are accepted.

Connections that say nothing, or say it slowly, would use up memory and the files that the process
may open, which mirror and API need. So there is a limit on all of them, the TLS handshake included,
and each request must arrive in time. Where there are too many, the one is closed that keeps others
out: of the address with the most, the one that has been sending its request for longest. A request
that has arrived is answered, however many others come.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import Any, Protocol, TypeVar

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 200
"""Open connections: twice what the receiver stores at a time, a fifth of the files that a process
may open.
"""

BACKLOG = 50
"""Connections that may arrive at once before others are closed."""

HANDSHAKE_S = 5.0
"""Seconds for a TLS handshake."""

RECEIVE_S = 10.0
"""Seconds for a request to arrive, from the connection's beginning or the answer before it."""


class Waiting(Protocol):
    """What is known of an open connection."""

    @property
    def address(self) -> str: ...
    @property
    def since(self) -> float: ...
    @property
    def is_read(self) -> bool: ...


W = TypeVar("W", bound=Waiting)


def slowest(connections: Iterable[W]) -> W:
    """The connection to close where there are too many. Pure."""
    every = list(connections)
    arriving = [c for c in every if not c.is_read] or every
    crowd = Counter(c.address for c in arriving)
    return min(arriving, key=lambda c: (-crowd[c.address], c.since))


def origin(address: str) -> str:
    """What stands for one sender: the address, or the network of an IPv6 address. Pure."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(int(parsed) >> 64)
    return address


class Http(H11Protocol):
    """HTTP over a connection whose handshake is done."""

    answered_at = 0.0
    """When the last request was answered, by the event loop's clock."""

    @property
    def is_read(self) -> bool:
        """Whether a request has arrived that is not answered yet."""
        cycle = self.cycle
        return cycle is not None and not cycle.more_body and not cycle.response_complete

    def on_response_complete(self) -> None:
        self.answered_at = self.loop.time()
        super().on_response_complete()


class ConnectionLimit:
    """Makes the protocols of the connections, and limits how many there are. `tls`: None for plain
    HTTP.
    """

    def __init__(self) -> None:
        self.tls: ssl.SSLContext | None = None
        self._counted: set[Connection] = set()

    def protocol(self, **given: Any) -> asyncio.Protocol:
        """The protocol of a connection that was accepted, as uvicorn asks for it."""
        return Connection(self, Http(**given))

    def add(self, connection: Connection) -> None:
        self._counted.add(connection)
        while len(self._counted) > MAX_CONNECTIONS:
            slowest(self._counted).abort()

    def remove(self, connection: Connection) -> None:
        self._counted.discard(connection)

    def close(self) -> None:
        """Close the connections that have not come to HTTP; the server closes the others."""
        for connection in [c for c in self._counted if not c.is_open]:
            connection.abort()


class Connection(asyncio.Protocol):
    """One connection: TLS where the server has it, then HTTP."""

    def __init__(self, limit: ConnectionLimit, http: Http) -> None:
        self.address = ""
        self.is_open = False
        self._limit, self._http = limit, http
        self._loop = asyncio.get_running_loop()
        self._accepted_at = self._loop.time()
        self._early: list[bytes] = []

    @property
    def since(self) -> float:
        """Since when a request is awaited."""
        return max(self._accepted_at, self._http.answered_at)

    @property
    def is_read(self) -> bool:
        return self.is_open and self._http.is_read

    def abort(self) -> None:
        self._limit.remove(self)
        self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self.address = origin((transport.get_extra_info("peername") or ("",))[0])
        self._limit.add(self)
        self._timer = self._loop.call_later(RECEIVE_S, self._check_time)
        if self._limit.tls is None:
            self._open(transport)
        else:
            transport.pause_reading()  # what comes now is for TLS
            self._handshake = self._loop.create_task(self._shake_hands(self._limit.tls))

    async def _shake_hands(self, tls: ssl.SSLContext) -> None:
        try:
            secured = await self._loop.start_tls(
                self._transport, self, tls, server_side=True, ssl_handshake_timeout=HANDSHAKE_S
            )
        except (OSError, TimeoutError):  # ssl.SSLError is an OSError
            secured = None
        if secured is None or secured.is_closing():
            self.abort()
            self._timer.cancel()
        else:
            self._open(secured)

    def _open(self, transport: asyncio.Transport) -> None:
        self.is_open = True
        self._http.connection_made(transport)
        for data in self._early:
            self._http.data_received(data)
        self._early.clear()

    def _check_time(self) -> None:
        left = self.since + RECEIVE_S - self._loop.time()
        if left <= 0 and not self.is_read:
            self.abort()
        else:
            self._timer = self._loop.call_later(max(left, 1.0), self._check_time)

    def data_received(self, data: bytes) -> None:
        if self.is_open:
            self._http.data_received(data)
        else:
            self._early.append(data)  # right behind the handshake

    def connection_lost(self, exc: Exception | None) -> None:
        self._limit.remove(self)
        self._timer.cancel()
        if self.is_open:
            self._http.connection_lost(exc)

    def pause_writing(self) -> None:
        self._http.pause_writing()

    def resume_writing(self) -> None:
        self._http.resume_writing()
