"""A gateway in front of the API: it takes a key, chooses a connection, and passes the rest on.

Nothing documents what its own errors look like; these have a `message`, so that no client can take
one for ClickFunnels'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from cfsync.sandbox.api.answers import Answer, answer
from cfsync.sandbox.api.limits import Limit
from cfsync.sandbox.api.requests import Request

PATH = "/connections"


class State(StrEnum):
    """Of a connection: nobody has authorized it yet; it works; its authorization has ended."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass
class Connection:
    """An account that somebody let the gateway use. `token`: of ClickFunnels."""

    token: str
    state: State = State.ACTIVE


@dataclass
class Gateway:
    """`key`: what it takes for a token. `connections`: by id. `limit`: its own."""

    key: str
    connections: dict[str, Connection]
    limit: Limit = field(default_factory=Limit)

    def passed_on(self, request: Request) -> Request | Answer:
        """The request as ClickFunnels gets it, or the gateway's own answer."""
        if refusal := self._refusal(request.headers):
            return refusal
        chosen = self._chosen(request.headers)
        if chosen is None or chosen.state == State.PENDING:
            return _say(400, "No active connection found for app: clickfunnels")
        if chosen.state == State.EXPIRED:
            return _say(500, "OAuth token expired, please re-authorize the connection")
        return replace(
            request, headers={**request.headers, "authorization": f"Bearer {chosen.token}"}
        )

    def _refusal(self, headers: Mapping[str, str]) -> Answer | None:
        if headers.get("authorization") != f"Bearer {self.key}":
            return _say(401, "Invalid or missing API key")
        if self.limit.refusal():
            return _say(429, "Rate limit exceeded")
        return None

    def _chosen(self, headers: Mapping[str, str]) -> Connection | None:
        """The connection that a header names; else the newest one, which nobody promises."""
        if name := headers.get("maton-connection"):
            return self.connections.get(name)
        return next(reversed(self.connections.values()), None)

    def listed(self, headers: Mapping[str, str]) -> Answer:
        """All connections."""
        return self._refusal(headers) or answer(
            200, {"connections": [_shown(id_, c) for id_, c in self.connections.items()]}
        )


def _shown(id_: str, connection: Connection) -> dict[str, Any]:
    return {
        "connection_id": id_,
        "status": "PENDING" if connection.state == State.PENDING else "ACTIVE",
        "creation_time": "2026-02-01T09:00:00Z",
        "app": "clickfunnels",
        "method": "OAUTH2",
    }


def _say(status: int, message: str) -> Answer:
    return answer(status, {"message": message})
