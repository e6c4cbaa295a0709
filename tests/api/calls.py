"""Calls that the tests make, and what they give."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cfsync.api import Api
from cfsync.api.retry import Retry
from cfsync.errors import Unreachable
from cfsync.records import Listing
from cfsync.resources import ALL
from tests.api.conftest import TOKEN, Say, client

CONTACTS = Listing("contacts", 7, 7)
ONCE = Retry(attempts=1)

Use = Callable[[Api], Awaitable[Any]]


def page(api: Api) -> Awaitable[Any]:
    return api.page(CONTACTS)


def get(api: Api) -> Awaitable[Any]:
    return api.get(ALL["contacts"], 5)


def create(api: Api) -> Awaitable[Any]:
    return api.create(CONTACTS, {"first_name": "Anna"})


def delete(api: Api) -> Awaitable[Any]:
    return api.delete(ALL["contacts"], 5)


def say(body: Any, status: int = 200, kind: str = "application/json") -> Say:
    return Say(body, status=status, kind=kind)


def refused(url: str, **options: object) -> Unreachable:
    """The error of a write to that place."""

    async def main() -> None:
        async with client(f"{url}/api/v2", **options) as api:  # type: ignore[arg-type]
            await api.create(CONTACTS, {"email_address": "anna@example.com"})

    with pytest.raises(Unreachable) as caught:
        asyncio.run(main())
    assert TOKEN not in str(caught.value)
    return caught.value
