"""Contact with ClickFunnels: whether it is to be called at all, and with which token.

It begins with the account (one request for the teams), and begins anew whenever a pass was refused
(401). A token that is refused is not used again: calls stop until there is another one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from cfsync.api import Api
from cfsync.config import Settings
from cfsync.daemon.jobs import backoff
from cfsync.errors import CfsyncError, TokenRefused, UsageError
from cfsync.mirror.db.errors import Away

log = structlog.get_logger()

LOOK_S = 1.0
"""How often the token's file is read while calls wait for another token."""


class Contact:
    """`made`: set while ClickFunnels is to be called. `why`: what it waits for otherwise, for a
    person. `open_account` asks for the account with an Api; `load` reads the settings anew.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        open_account: Callable[[Api], Awaitable[object]],
        load: Callable[[], Settings],
        is_copy: bool,
    ) -> None:
        self.made = asyncio.Event()
        self.token_ok = True
        self.why = "waits for ClickFunnels"
        self.api = Api(settings.for_api())
        self._api_settings = settings.api
        self._open_account = open_account
        self._load = load
        self._is_copy = is_copy
        self._doubted = asyncio.Event()

    def doubt(self) -> None:
        """A call was refused: start nothing until it is known whether it is the token."""
        self.made.clear()
        self._doubted.set()

    async def make_first(self, quiet: Callable[[], Awaitable[None]]) -> None:
        """Make contact; wait for it as long as it takes. Raises UsageError for what no waiting can
        mend: a mirror of another account, a workspace that is not there. `quiet` ends what is under
        way when the token is refused.
        """
        await self._make(quiet, first=True)

    async def remake(self, quiet: Callable[[], Awaitable[None]]) -> None:
        """Wait for a doubt, then make contact again."""
        await self._doubted.wait()
        await self._make(quiet, first=False)
        self._doubted.clear()

    async def _make(self, quiet: Callable[[], Awaitable[None]], *, first: bool) -> None:
        failures = 0
        while not self.made.is_set():
            try:
                await self._open_account(self.api)
            except TokenRefused as refused:
                await self._wait_for_token(refused, quiet)
            except CfsyncError as error:
                if first and isinstance(error, UsageError) and not isinstance(error, Away):
                    raise
                failures += 1
                await self._wait(error, failures)
            else:
                self.token_ok, self.why = True, ""
                self.made.set()
                log.info("contact.made")

    async def _wait(self, error: CfsyncError, failures: int) -> None:
        self.why = f"waits: {backoff.text_of(error)}"
        log.warning("contact.failed", error=backoff.text_of(error))
        kind = backoff.kind_of(error)
        await asyncio.sleep(backoff.delay(kind, failures, jitter=random.random()))  # noqa: S311

    async def _wait_for_token(
        self, refused: TokenRefused, quiet: Callable[[], Awaitable[None]]
    ) -> None:
        """No call is made meanwhile, not even to see whether it is accepted again."""
        self.token_ok = False
        hint = "restart the service with a new token" if self._is_copy else "write a new token"
        self.why = f"waits: {refused}; {hint}"
        log.error("token.refused", hint=hint)
        await quiet()
        while not await self._has_another():
            pass
        log.info("token.changed")

    async def _has_another(self) -> bool:
        """Wait a moment, read the token again, and use it if it is another one."""
        await asyncio.sleep(LOOK_S)
        try:
            token = (await asyncio.to_thread(self._load)).api.token
        except CfsyncError:
            return False  # the file is just being written
        if token is None or token == self._api_settings.token:
            return False
        self._api_settings = self._api_settings.model_copy(update={"token": token})
        before, self.api = self.api, Api(self._api_settings, budget=self.api.budget)
        await before.aclose()
        return True

    async def close(self) -> None:
        await self.api.aclose()
