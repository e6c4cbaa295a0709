"""The receiver of webhooks: verify, store, commit, then 200; everything else happens later.

| answer | when                                                                  |
| ------ | --------------------------------------------------------------------- |
| 200    | stored, or known already                                              |
| 400    | signed, but no event                                                  |
| 401    | not signed with a secret of this workspace, or too long ago           |
| 404    | a workspace that is not mirrored                                      |
| 408    | the body came too slowly                                              |
| 413    | too large                                                             |
| 503    | it can't be stored now: ClickFunnels sends it again                   |

It asks for no token, verifies from memory, and names nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from cfsync.errors import BadAnswer, MirrorError
from cfsync.hints import Hint, of_delivery
from cfsync.web.signature import MAX_BODY, refusal

log = structlog.get_logger()

PATIENCE_S = 5.0
"""Seconds that a body may take to come, and the database to store it."""

MOST = 100
"""Deliveries at a time; more are to come again later."""

Store = Callable[[Hint], Awaitable[bool]]
"""Keeps a hint; whether it is a new one. Returns when it is committed."""

_STATUS = {
    "stored": 200,
    "repeated": 200,
    "unreadable": 400,
    "unsigned": 401,
    "stale": 401,
    "unknown": 404,
    "slow": 408,
    "large": 413,
    "unavailable": 503,
}
"""Outcome -> status."""


class Receiver:
    """`keys`: each mirrored workspace -> its valid secrets; None until they were read. `store` is
    there as soon as the database is. `told` hears of each outcome.
    """

    keys: Mapping[int, tuple[str, ...]] | None = None
    store: Store | None = None

    def __init__(self, told: Callable[[str], None], clock: Callable[[], float] = time.time) -> None:
        self._told = told
        self._clock = clock
        self._under_way = 0

    async def take(self, request: Request) -> Response:
        self._under_way += 1
        try:
            busy = self._under_way > MOST
            outcome = "unavailable" if busy else await self._outcome(request)
        finally:
            self._under_way -= 1
        self._told(outcome)
        return Response(status_code=_STATUS[outcome])

    async def _outcome(self, request: Request) -> str:
        if self.keys is None or self.store is None:
            return "unavailable"
        workspace_id = _id(request.path_params["workspace_id"])
        secrets = self.keys.get(workspace_id)
        if secrets is None:
            return "unknown"
        body = await _body(request)
        if body is None:
            return "slow"
        reason = refusal(request.headers, body, secrets, now=self._clock())
        if reason is not None:
            log.warning("webhook.refused", workspace=workspace_id, reason=reason)
            return reason
        return await self._stored(self.store, body, workspace_id)

    async def _stored(self, store: Store, body: bytes, workspace_id: int) -> str:
        try:
            hint = of_delivery(body, workspace_id)
        except BadAnswer:
            log.warning("webhook.unreadable", workspace=workspace_id)
            return "unreadable"
        try:
            async with asyncio.timeout(PATIENCE_S):
                return "stored" if await store(hint) else "repeated"
        except (MirrorError, TimeoutError):
            log.warning("webhook.not_stored", workspace=workspace_id)
            return "unavailable"


def _id(text: str) -> int:
    """0, which is no workspace's, for what is no id."""
    return int(text) if len(text) < 20 and text.isascii() and text.isdecimal() else 0


async def _body(request: Request) -> bytes | None:
    """The body, as much of it as shows that it is too large; None if it came too slowly."""
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY:
                    break
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(body)
