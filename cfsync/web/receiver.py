"""The receiver of webhooks: verifies a delivery, stores and commits it, then answers 200. What it
points to is read later.

| answer | when                                                                  |
| ------ | --------------------------------------------------------------------- |
| 200    | stored, or already known                                              |
| 400    | signed, but not an event                                              |
| 401    | not signed, or with no secret of this workspace, or too old           |
| 404    | the workspace is not mirrored                                         |
| 408    | the body arrived too slowly                                           |
| 413    | too large                                                             |
| 503    | can't be stored now: ClickFunnels delivers it again                   |

It needs no access token, verifies from memory, and names no people.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from cfsync.errors import BadAnswer, MirrorError
from cfsync.hints import Hint, from_delivery
from cfsync.web.signature import MAX_BODY, refusal

log = structlog.get_logger()

TIMEOUT_S = 5.0
"""Seconds for a body to arrive, and for the database to store it."""

MAX_DELIVERIES = 100
"""Deliveries stored at a time; ClickFunnels is asked to repeat the others. One whose body is still
arriving takes none of these places.
"""

Store = Callable[[Hint], Awaitable[bool]]
"""Stores and commits a hint. Returns whether it is new."""

_HELP = {
    "unsigned": "it bears no signature: it does not come from ClickFunnels",
    "unknown_secret": "its secret is not in this mirror: cfsync webhooks list says what helps",
    "stale": "it was signed more than ten minutes ago: check this machine's clock",
    "large": "its body is larger than any event",
}
"""Why a delivery is refused -> what it means for the operator."""

_STATUS = {
    "stored": 200,
    "repeated": 200,
    "unreadable": 400,
    "unsigned": 401,
    "unknown_secret": 401,
    "stale": 401,
    "unknown": 404,
    "slow": 408,
    "large": 413,
    "unavailable": 503,
}
"""Outcome -> HTTP status."""


class Receiver:
    """`secrets`: mirrored workspace -> its valid secrets; None before they were read. `store`: None
    before the database is available. `on_outcome` is called with the outcome of each delivery.
    """

    secrets: Mapping[int, tuple[str, ...]] | None = None
    store: Store | None = None

    def __init__(
        self, on_outcome: Callable[[str], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._on_outcome = on_outcome
        self._clock = clock
        self._storing = 0

    async def receive(self, request: Request) -> Response:
        """Handle one delivery."""
        outcome = await self._outcome(request)
        self._on_outcome(outcome)
        return Response(status_code=_STATUS[outcome])

    async def _outcome(self, request: Request) -> str:
        if self.secrets is None or self.store is None:
            return "unavailable"
        workspace_id = _workspace_id(request.path_params["workspace_id"])
        secrets = self.secrets.get(workspace_id)
        if secrets is None:
            return "unknown"
        body = await _read_body(request)
        if body is None:
            return "slow"
        reason = refusal(request.headers, body, secrets, now=self._clock())
        if reason is not None:
            log.warning(
                "webhook.refused", workspace=workspace_id, reason=reason, help=_HELP[reason]
            )
            return reason
        return await self._decode_and_store(self.store, body, workspace_id)

    async def _decode_and_store(self, store: Store, body: bytes, workspace_id: int) -> str:
        try:
            hint = from_delivery(body, workspace_id)
        except BadAnswer:
            log.warning("webhook.unreadable", workspace=workspace_id)
            return "unreadable"
        if self._storing >= MAX_DELIVERIES:
            return "unavailable"
        self._storing += 1
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return "stored" if await store(hint) else "repeated"
        except (MirrorError, TimeoutError):
            log.warning("webhook.not_stored", workspace=workspace_id)
            return "unavailable"
        finally:
            self._storing -= 1


def _workspace_id(text: str) -> int:
    """The id; 0, which no workspace has, if the text is none."""
    return int(text) if len(text) < 20 and text.isascii() and text.isdecimal() else 0


async def _read_body(request: Request) -> bytes | None:
    """The body, cut off once it is too large; None if it arrived too slowly."""
    body = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY:
                    break
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(body)
