"""Access to ClickFunnels: whether it may be called, and with which token.

Access begins with one request that reads the account's teams, and is checked again whenever a pass
was refused (401). A refused token is never used again: calls stop until there is another one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from cfsync.api import Api
from cfsync.config import Settings
from cfsync.daemon.jobs import backoff
from cfsync.errors import CfsyncError, GatewayRefused, Later, TokenRefused, UsageError
from cfsync.mirror.db.errors import Away
from cfsync.sync.trouble import Kind, kind_of, text_of

log = structlog.get_logger()

TOKEN_CHECK_S = 1.0
"""Seconds between two looks for another token while the present one is refused."""

COMMAND_CHECK_S = 30.0
"""The same where a program is asked for it."""

GATEWAY_CHECK_S = 60.0
"""Seconds between two attempts while a gateway has no way to ClickFunnels."""


class Reactions(Protocol):
    """What the daemon does while ClickFunnels may not or can't be called."""

    async def stop_passes(self) -> None:
        """End running passes: the token is refused."""

    async def note_failure(self, kind: Kind, text: str) -> None:
        """Tell people why there is no connection."""


class ApiAccess:
    """The API client, and whether it may be used.

    `open_account` reads the account through an Api; `load_settings` reads the settings again.
    `token_is_fixed`: they will hold the same token until the process restarts.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        open_account: Callable[[Api], Awaitable[object]],
        load_settings: Callable[[], Settings],
        token_is_fixed: bool,
    ) -> None:
        #: Set while calls may be made.
        self.connected = asyncio.Event()
        #: Why the token can't be used, in a line; '' while it is accepted.
        self.refusal = ""
        #: A line for a person while not connected.
        self.status = "waits for ClickFunnels"
        self.api = Api(settings.for_api())
        self._api_settings = settings.api
        self._open_account = open_account
        self._load_settings = load_settings
        self._token_is_fixed = token_is_fixed
        self._suspected = asyncio.Event()

    @property
    def token_ok(self) -> bool:
        return not self.refusal

    def suspect(self) -> None:
        """A call was refused: start no pass until it is known whether the token is the cause."""
        self.connected.clear()
        self._suspected.set()

    async def connect(self, reactions: Reactions) -> None:
        """Connect for the first time; wait for ClickFunnels as long as it takes.

        Raises UsageError for problems that waiting does not solve: a mirror of another account, an
        unknown workspace.
        """
        await self._connect(reactions, first=True)

    async def reconnect(self, reactions: Reactions) -> None:
        """Wait until the token is suspected, then connect again."""
        await self._suspected.wait()
        await self._connect(reactions, first=False)
        self._suspected.clear()

    async def _connect(self, reactions: Reactions, *, first: bool) -> None:
        failures = 0
        while not self.connected.is_set():
            try:
                await self._open_account(self.api)
            except TokenRefused as refused:
                await self._wait_for_token(refused, reactions)
            except CfsyncError as error:
                if first and isinstance(error, UsageError) and not isinstance(error, Away):
                    raise
                failures += 1
                await reactions.note_failure(kind_of(error), text_of(error))
                await self._back_off(error, failures)
            else:
                self.refusal, self.status = "", ""
                self.connected.set()
                log.info("clickfunnels.connected")

    async def _back_off(self, error: CfsyncError, failures: int) -> None:
        self.status = f"waits: {text_of(error)}"
        log.warning("clickfunnels.not_connected", error=text_of(error))
        kind = kind_of(error)
        named = error.retry_after if isinstance(error, Later) else None
        jitter = random.random()  # noqa: S311
        await asyncio.sleep(backoff.delay(kind, failures, jitter=jitter, retry_after=named))

    async def _wait_for_token(self, refused: TokenRefused, reactions: Reactions) -> None:
        """Make no call meanwhile, not even to see whether the token is accepted again; a gateway's
        connection is tried again, since nothing changes here when it is mended there.
        """
        self.refusal = str(refused)
        hint = self._hint(refused)
        self.status = f"waits: {refused}; {hint}"
        log.error("token.refused", hint=hint)
        await reactions.stop_passes()
        again = time.monotonic() + GATEWAY_CHECK_S
        while not await self._take_new_token():
            if isinstance(refused, GatewayRefused) and time.monotonic() >= again:
                return
        log.info("token.changed")

    def _hint(self, refused: TokenRefused) -> str:
        if isinstance(refused, GatewayRefused):
            return "it is tried again every minute"
        if self._token_is_fixed:
            return "restart the service with a new token"
        return "write a new token"

    async def _take_new_token(self) -> bool:
        """Wait a moment, then read token and headers again. Returns whether they are others, which
        are used from then on.
        """
        before = self._api_settings
        await asyncio.sleep(COMMAND_CHECK_S if before.token_command else TOKEN_CHECK_S)
        try:
            now = (await asyncio.to_thread(self._load_settings)).api
        except CfsyncError:
            return False  # the file is being written just now
        if now.token is None or (now.token, now.headers) == (before.token, before.headers):
            return False
        changed = {"token": now.token, "headers": now.headers}
        self._api_settings = before.model_copy(update=changed)
        refused, self.api = self.api, Api(self._api_settings, budget=self.api.budget)
        await refused.aclose()
        return True

    async def close(self) -> None:
        await self.api.aclose()
