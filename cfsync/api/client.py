"""The API as methods: one call each, through the budget, repeated where that is safe."""

# ruff: noqa: A002 -- an id is called id, as in the API

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import IntEnum
from random import Random
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

from cfsync.api import codec
from cfsync.api.budget import Budget
from cfsync.api.codec import Answer
from cfsync.api.pages import walk_by_id
from cfsync.api.retry import Retry
from cfsync.api.sender import Sender, Watcher
from cfsync.config import ApiSettings
from cfsync.errors import UsageError
from cfsync.records import Listing, Page, Record
from cfsync.resources import ALL, Resource


class Priority(IntEnum):
    """Who may spend the budget first."""

    PUSH = 0
    EVENTS = 1
    PULL = 2
    BACKFILL = 3
    SWEEP = 4


class Api:
    """ClickFunnels. An async context manager; `at` gives the same one with another priority.

    Every call raises an ApiError, TokenRefused, or Interrupted as soon as `stop` is set and there
    is something to wait for; a request that is under way ends by itself, within `timeout_s`.
    """

    def __init__(
        self,
        settings: ApiSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Random | None = None,
        budget: Budget | None = None,
        stop: asyncio.Event | None = None,
        retry: Retry | None = None,
    ) -> None:
        self._sender = Sender(
            settings,
            clock=clock,
            sleep=sleep,
            random=random or Random(),  # noqa: S311
            budget=budget,
            stop=stop or asyncio.Event(),
            retry=retry or Retry(),
        )
        self._priority = Priority.PULL

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._sender.aclose()

    @property
    def requests(self) -> int:
        """Requests sent so far, by all lanes."""
        return self._sender.requests

    @property
    def budget(self) -> Budget:
        return self._sender.budget

    @property
    def room(self) -> int:
        """How many more requests could be under way now, beside those of the same priority."""
        return self.budget.room(self._priority)

    def at(self, priority: Priority) -> Api:
        """The same connections, budget and count, with another priority."""
        other = copy.copy(self)
        other._priority = priority
        return other

    def apart(self, *, stop: asyncio.Event, watcher: Watcher) -> Api:
        """The same connections and budget for one pass of several: with a count of its own, ended
        by its own `stop`, watched by its own watcher.
        """
        other = copy.copy(self)
        other._sender = copy.copy(self._sender)
        other._sender.requests, other._sender.stop, other._sender.watcher = 0, stop, watcher
        return other

    async def page(
        self,
        listing: Listing,
        *,
        after: int | None = None,
        sort: Literal["id", "updated_at"] = "id",
        descending: bool = False,
        filters: Mapping[str, Sequence[str | int]] | None = None,
    ) -> Page:
        """One page of a list: the records behind `after` in the order asked for. Values of one
        filter are or-ed; one with a comma must stand alone (see `find`).
        """
        resource = ALL[listing.resource]
        query = {f"filter[{name}]": _joined(values) for name, values in (filters or {}).items()}
        if sort != "id":
            query["sort_property"] = sort
        if descending:
            query["sort_order"] = "desc"
        if after is not None:
            query["after"] = str(after)
        call, answer = await self._call(
            "GET", resource.list_path, parent=listing.parent_id, query=query
        )
        return codec.page(call, answer, listing)

    async def find(self, listing: Listing, field: str, values: Sequence[str | int]) -> list[Record]:
        """The records whose `field`, one that the list can be filtered by, is one of `values`:
        20 a request, a value with a comma by itself.
        """
        wanted = dict.fromkeys(values)
        single = [[v] for v in wanted if "," in str(v)]
        plain = [v for v in wanted if "," not in str(v)]
        batches = [plain[i : i + codec.PAGE] for i in range(0, len(plain), codec.PAGE)]
        found: list[Record] = []
        for batch in batches + single:
            left = len(batch) if field == "id" else None
            async for page in walk_by_id(self, listing, filters={field: batch}):
                found += page.records
                if left is not None and (left := left - len(page.records)) <= 0:
                    break  # all are found: a full page needs no look behind it
        return found

    async def get(
        self,
        resource: Resource,
        id: int | str,
        listing: Listing | None = None,
    ) -> Record:
        """The record of that id or public_id; `listing` gives the ids of its path."""
        call, answer = await self._call("GET", resource.one_path, id=id)
        return codec.record(call, answer, resource, listing, asked=id)

    async def create(self, listing: Listing, values: Mapping[str, Any]) -> Record:
        resource = ALL[listing.resource]
        call, answer = await self._call(
            "POST", resource.list_path, parent=listing.parent_id, body={resource.body_key: values}
        )
        return codec.record(call, answer, resource, listing)

    async def upsert(self, listing: Listing, values: Mapping[str, Any]) -> tuple[Record, bool]:
        """The record, and whether it was created."""
        resource = ALL[listing.resource]
        action = resource.actions["upsert"]
        call, answer = await self._call(
            action.method, action.path, parent=listing.parent_id, body={resource.body_key: values}
        )
        return codec.record(call, answer, resource, listing), answer.status == 201

    async def update(
        self,
        resource: Resource,
        id: int | str,
        values: Mapping[str, Any],
    ) -> Record:
        call, answer = await self._call(
            "PUT", resource.one_path, id=id, body={resource.body_key: values}
        )
        return codec.record(call, answer, resource, asked=id)

    async def delete(self, resource: Resource, id: int | str) -> None:
        await self._call("DELETE", resource.one_path, id=id)

    async def act(
        self,
        resource: Resource,
        action: str,
        id: int | str,
    ) -> Record | None:
        """Call one of the resource's actions. The record, if the answer holds it."""
        route = resource.actions[action]
        call, answer = await self._call(route.method, route.path, id=id)
        return codec.record(call, answer, resource, asked=id) if answer.data else None

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Answer:
        """Any one call below the base URL. Raises UsageError on a path that is none."""
        if not path.startswith("/"):
            raise UsageError("the path must begin with / and stands below api.base_url")
        texts = {name: _text(value) for name, value in (query or {}).items()}
        return await self._sender.send(
            method.upper(), path, route="raw", query=texts, body=body, priority=self._priority
        )

    async def _call(
        self,
        method: str,
        route: str,
        *,
        id: int | str = "",
        parent: int = 0,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> tuple[str, Answer]:
        """'METHOD /path', for errors that are found later, and the answer."""
        path = route.format(id=quote(str(id), safe=""), parent=parent)
        answer = await self._sender.send(
            method, path, route=route, query=query or {}, body=body, priority=self._priority
        )
        call = f"{method} {path}"
        codec.no_error(call, answer)
        return call, answer


def _joined(values: Sequence[str | int]) -> str:
    """A filter's values as the API wants them. Raises ValueError where commas would be taken for
    the ones between values.
    """
    texts = [_text(value) for value in values]
    if len(texts) > 1 and any("," in text for text in texts):
        raise ValueError("a filter value with a comma must stand alone")
    return ",".join(texts)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
