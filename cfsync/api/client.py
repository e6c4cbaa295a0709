"""`Api`: the calls of the API as methods, through the budget, repeated where that is safe."""

# ruff: noqa: A002 -- an id is called id, as in the API

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any, Literal, Self
from urllib.parse import quote

from cfsync.api import codec, parameters
from cfsync.api.budget import Budget, budget_for
from cfsync.api.codec import Answer
from cfsync.api.pages import walk_by_id, walk_whole
from cfsync.api.parameters import Query
from cfsync.api.retry import Retry
from cfsync.api.sender import Request, Sender, Watcher
from cfsync.api.transport import Transport
from cfsync.api.turns import Priority
from cfsync.config import ApiSettings
from cfsync.errors import BadAnswer, CfsyncError, Forbidden, NotFound, Refused, UsageError
from cfsync.records import Listing, Page, Record
from cfsync.resources import ALL, Resource, keys


class Api:
    """The ClickFunnels API; an async context manager.

    Every call raises an ApiError or TokenRefused, and Interrupted when it would have to wait after
    `stop` is set; a request in flight is not broken off but ends within `timeout_s`. `budget` is
    given where several share one; else it follows from the settings.
    """

    def __init__(
        self,
        settings: ApiSettings,
        *,
        budget: Budget | None = None,
        retry: Retry | None = None,
        stop: asyncio.Event | None = None,
        random: Random | None = None,
    ) -> None:
        retry = replace(
            retry or Retry(),
            longest_rate_limit_wait=settings.longest_rate_limit_wait,
            longest_outage_wait=settings.longest_outage_wait,
        )
        self._sender = Sender(
            Transport(settings),
            budget=budget or budget_for(settings, retry),
            retry=retry,
            stop=stop or asyncio.Event(),
            random=random or Random(),  # noqa: S311
        )
        self._priority = Priority.PULL
        self._expand = frozenset(settings.expand)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._sender.aclose()

    @property
    def requests(self) -> int:
        """The number of requests sent so far, by all lanes."""
        return self._sender.requests

    @property
    def budget(self) -> Budget:
        return self._sender.budget

    @property
    def free_places(self) -> int:
        """How many requests of its priority could be sent now without waiting for others."""
        return self.budget.free_places(self._priority)

    def with_priority(self, priority: Priority) -> Api:
        """The same connections, budget and count, with another priority."""
        other = copy.copy(self)
        other._priority = priority
        return other

    def for_pass(self, *, stop: asyncio.Event, watcher: Watcher) -> Api:
        """The same connections and budget for one pass of several, with its own count, `stop` and
        watcher.
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
        """One page of a list: the records behind the id `after` in the order asked for, or the
        first ones. `filters`: field -> values, any of which a record may have; a value with a comma
        must be the only one of its field (see `find`).
        """
        resource = ALL[listing.resource]
        query = parameters.of_page(after=after, sort=sort, descending=descending, filters=filters)
        expanded = self._expanded(resource)
        asked = expanded if resource.single else ()
        call, answer, shown = await self._get(resource.list_path, keys.above(listing), asked, query)
        found = codec.page(call, answer, listing, shown if resource.single else expanded)
        records = (replace(record, withheld=shown != asked) for record in found.records)
        return replace(found, records=tuple(records))

    async def find(self, listing: Listing, field: str, values: Sequence[str | int]) -> list[Record]:
        """The records whose `field` has one of the values, without deleted ones that are still
        shown; the list must have a filter by it. Asks for 20 values in a request, and for a value
        with a comma alone.
        """
        wanted = dict.fromkeys(values)
        single = [[v] for v in wanted if "," in str(v)]
        plain = [v for v in wanted if "," not in str(v)]
        batches = [plain[i : i + codec.PAGE] for i in range(0, len(plain), codec.PAGE)]
        found: list[Record] = []
        for batch in batches + single:
            left = len(batch) if field == "id" else None
            async for page in walk_by_id(self, listing, filters={field: batch}):
                found += [record for record in page.records if not record.deleted]
                if left is not None and (left := left - len(page.records)) <= 0:
                    break  # all are found, so there is no next page to ask for
        return found

    async def get(
        self,
        resource: Resource,
        id: int | str,
        listing: Listing | None = None,
        *,
        shown_in: Listing | None = None,
    ) -> Record:
        """The record with that id or public_id. `listing` gives the ids of its parents where the
        answer lacks them; it, or `shown_in`, is read where only a list shows the record
        (`Resource.has_get`). Raises NotFound, also for a deleted record that is still shown.
        """
        if not resource.has_get:
            return await self._get_listed(resource, id, listing or shown_in)
        expanded = self._expanded(resource)
        call, answer, shown = await self._get(resource.one_path, keys.of(resource, id), expanded)
        found = codec.record(call, answer, resource, listing, asked=id, expanded=shown)
        return _not_deleted(call, replace(found, withheld=shown != expanded))

    async def _get(
        self, path: str, id: int | str, expanded: Sequence[str], query: Query | None = None
    ) -> tuple[str, Answer, Sequence[str]]:
        """As `_call`, and the `expanded` fields; none where a call that names them is refused."""
        if expanded:
            with suppress(Forbidden, BadAnswer, Refused):
                named = {**(query or {}), **parameters.expansion(expanded)}
                return *await self._call("GET", path, id, query=named), expanded
        return *await self._call("GET", path, id, query=query), ()

    def _expanded(self, resource: Resource) -> Sequence[str]:
        """The fields that are asked for by name."""
        return resource.on_request if resource.name in self._expand else ()

    async def _whole(
        self, resource: Resource, record: Record, listing: Listing | None = None
    ) -> Record:
        """The answer to a change with all fields; where reading them fails, a later pass does."""
        if not self._expanded(resource):
            return record
        try:
            return await self.get(resource, record.id, listing)
        except CfsyncError:
            return replace(record, whole=False)

    async def _get_listed(
        self, resource: Resource, id: int | str, listing: Listing | None
    ) -> Record:
        """The record as its list shows it: at its place by id, or, where it is not found there, on
        some page of the whole list.
        """
        if listing is None:
            raise Forbidden(f"{resource.name} {id}: only a list shows it")
        pages = [await self.page(listing, after=int(id) - 1)] if str(id).isdecimal() else []
        if not any(record.has_id(id) for page in pages for record in page.records):
            pages = [page async for page in walk_whole(self, listing)]
        for record in (record for page in pages for record in page.records):
            if record.has_id(id) and not record.deleted:
                return record
        raise NotFound("not in its list", call=f"GET {resource.list_path}", status=404)

    async def create(
        self, listing: Listing, values: Mapping[str, Any], at: tuple[str, int] | None = None
    ) -> Record:
        """The record that the call created, without the fields that are read on request. `at`: the
        path, and the id in it, where these are not its list's.
        """
        resource = ALL[listing.resource]
        path, above = at or (resource.list_path, listing.parent_id)
        call, answer = await self._call("POST", path, above, body=parameters.body(resource, values))
        created = codec.record(call, answer, resource, listing)
        # Its id is kept before anything else is asked: a later pass reads the rest.
        return replace(created, whole=not self._expanded(resource))

    async def upsert(self, listing: Listing, values: Mapping[str, Any]) -> tuple[Record, bool]:
        """The record, and whether the call created it."""
        resource = ALL[listing.resource]
        action, body = resource.actions["upsert"], parameters.body(resource, values)
        call, answer = await self._call(action.method, action.path, listing.parent_id, body=body)
        return codec.record(call, answer, resource, listing), answer.status == 201

    async def update(
        self,
        resource: Resource,
        id: int | str,
        values: Mapping[str, Any],
        listing: Listing | None = None,
    ) -> Record:
        """The record after the change. `listing`: its list; of some records the path names its
        parent. Raises NotFound, also for a deleted record that is still shown.
        """
        body = parameters.body(resource, values)
        call, answer = await self._call("PUT", resource.one_path, id, listing, body=body)
        changed = _not_deleted(call, codec.record(call, answer, resource, listing, asked=id))
        return await self._whole(resource, changed, listing)

    async def delete(
        self, resource: Resource, id: int | str, listing: Listing | None = None
    ) -> None:
        """Delete a record. `listing`: as in `update`. Raises NotFound where there is none."""
        await self._call("DELETE", resource.one_path, id, listing)

    async def call_action(
        self,
        resource: Resource,
        action: str,
        id: int | str,
        values: Mapping[str, Any] | None = None,
    ) -> Record | None:
        """The record after one of its resource's actions; None if the answer doesn't show it."""
        route = resource.actions[action]
        body = {resource.body_key: values} if values and route.wrapped else values or None
        call, answer = await self._call(route.method, route.path, id, body=body)
        if not answer.data:
            return None
        return await self._whole(resource, codec.record(call, answer, resource, asked=id))

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        has_own_limit: bool = False,
        parse: codec.Parse = codec.parse,
    ) -> Answer:
        """The answer to any call; `path` is relative to the base URL, and a tuple in `query` comes
        several times. The rest: see `Request`. Raises UsageError on a path that can't be one.
        """
        if not path.startswith("/"):
            raise UsageError("the path must begin with / and stands below api.base_url")
        texts, kind = parameters.of_raw(query or {}), method.upper()
        request = Request(kind, path, "raw", texts, body, self._priority, has_own_limit, parse)
        return await self._sender.send(request)

    async def _call(
        self,
        method: str,
        route: str,
        id: int | str,
        listing: Listing | None = None,
        *,
        query: Query | None = None,
        body: Any = None,
    ) -> tuple[str, Answer]:
        """'METHOD /path', for errors that are found later, and the answer. `id` stands in the route
        for `{id}` or `{parent}`; where it holds both, the parent is that of `listing`.
        """
        text = quote(str(id), safe="")
        path = route.format(id=text, parent=listing.parent_id if listing else text)
        request = Request(method, path, route, query or {}, body, self._priority)
        answer = await self._sender.send(request)
        codec.raise_if_error(str(request), answer)
        return str(request), answer


def _not_deleted(call: str, record: Record) -> Record:
    if record.deleted:
        raise NotFound("deleted (deleted_at is set)", call=call, status=404)
    return record
