"""A small account that the mirror holds completely, people who change both, and passes between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cfsync.api import Api
from cfsync.api.retry import Retry
from cfsync.config import Settings, load
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror
from cfsync.sandbox import TOKEN, Running, World, running
from cfsync.sync import passes
from cfsync.sync.context import Context
from cfsync.sync.push.conductor import push
from cfsync.sync.report import Report
from tests.conftest import copy_of, templates

T = TypeVar("T")
SIZES = {
    "contacts": 6,
    "contact_tags": 3,
    "contact_applied_tags": 6,
    "products": 2,
    "product_variants": 2,
    "orders": 3,
    "order_invoices": 3,
    "fulfillment_locations": 1,
    "fulfillments": 2,
    "courses": 1,
    "enrollments": 2,
    "forms": 1,
    "submissions": 2,
    "form_submissions": 2,
    "images": 1,
    "webhook_endpoints": 1,
}


def small_world() -> World:
    """One workspace with a few of everything, always the same."""
    return World(seed=3, bare=True, **SIZES)


def now() -> datetime:
    return datetime.now(UTC)


def settings_for(served: Running, url: str) -> dict[str, str]:
    return {
        "CFSYNC_API__BASE_URL": served.api,
        "CFSYNC_API__TOKEN": TOKEN,
        "CFSYNC_API__MAX_REQUESTS_PER_SECOND": "0",
        "CFSYNC_API__MIRROR": "core",
        "CFSYNC_DATABASE__URL": url,
        "CFSYNC_DELETIONS__CONFIRM_AFTER": "0s",
        "CFSYNC_PUSH__SETTLE": "0s",
        # Changes take numbers of edits: without them, the first edit is 1.
        "CFSYNC_RETENTION__CHANGES": "0",
    }


@dataclass
class Account:
    """Both sides; `sql` is a user of the mirror. Each pass runs as in a process of its own, or as
    in one that has been running since `started_at`.
    """

    served: Running
    mirror: Mirror
    settings: dict[str, str]
    sql: Callable[..., list[tuple[Any, ...]]]
    retry: Retry = field(default_factory=Retry)
    started_at: str = ""

    @property
    def world(self) -> World:
        return self.served.world

    @property
    def workspace(self) -> int:
        return self.world.workspaces[0]

    def configured(self) -> Settings:
        return load(environ=self.settings)

    def run(self, do: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> T:
        """Something that asks both sides: `do(context, ...)`."""

        async def main() -> T:
            settings = self.configured()
            async with Api(settings.api, random=random.Random(1), retry=self.retry) as api:
                started_at = self.started_at or await self.mirror.read(clock.now)
                context = Context(api, self.mirror, settings, started_at=started_at)
                return await do(context, *args, **kwargs)

        return asyncio.run(main())

    def desk(self, do: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> T:
        """Something that a human decides: `do(mirror, ...)`."""
        return asyncio.run(do(self.mirror, *args, **kwargs))

    def push(self, *names: str, **kwargs: Any) -> Report:
        return self.run(push, names, **kwargs)

    def pull(self, *names: str) -> Report:
        return self.run(passes.pull, names)

    def sweep(self, *names: str) -> Report:
        return self.run(passes.sweep, names)

    def column(self, statement: str, *params: Any) -> list[Any]:
        return [row[0] for row in self.sql(statement, *params)]

    def one(self, statement: str, *params: Any) -> Any:
        (value,) = self.column(statement, *params)
        return value

    def ids_of(self, table: str) -> list[int]:
        """Of the records that exist in ClickFunnels."""
        there = "id < 900000000000000"
        return self.column(f"SELECT id FROM {table} WHERE {there} ORDER BY id")

    def tags(self, contact: int) -> list[int]:
        """Of a contact in ClickFunnels."""
        shown = self.world.get("contacts", contact)
        return sorted(tag["id"] for tag in (shown or {})["tags"])

    def states(self) -> list[str]:
        """Of the outbox's rows, in order."""
        return self.column("SELECT state FROM cf_outbox ORDER BY seq")

    def writes(self) -> list[tuple[str, str]]:
        """(verb, resource) of what came to ClickFunnels over the API, in order."""
        return [(entry.verb, entry.resource) for entry in self.world.ledger.writes()]


def _fill(url: str) -> None:
    with running(small_world()) as served:
        mirror = Mirror.open(url, must_exist=True, clock=now)
        try:
            account = Account(served, mirror, settings_for(served, url), lambda *_: [])
            assert account.run(passes.backfill).state == "done"
        finally:
            mirror.close()


filled_sqlite, filled_postgres = templates("filled", _fill)


@pytest.fixture(params=["sqlite", "postgresql"])
def mirror_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A complete mirror of the small world; on PostgreSQL to be opened as cfsync_daemon."""
    with copy_of("filled", request.param, request, tmp_path) as url:
        yield url


@pytest.fixture
def served() -> Iterator[Running]:
    with running(small_world()) as it:
        yield it


@pytest.fixture
def account(served: Running, mirror: Mirror, mirror_url: str, sql: Any) -> Account:
    return Account(served, mirror, settings_for(served, mirror_url), sql)


@pytest.fixture
def other(account: Account, mirror_url: str) -> Iterator[Account]:
    """Another process that works on the same mirror."""
    mirror = Mirror.open(mirror_url, must_exist=True, clock=now)
    yield replace(account, mirror=mirror)
    mirror.close()


@pytest.fixture
def contact(account: Account) -> int:
    """The id of a contact, with an email, whose first name is Ada on both sides."""
    return int(account.column("SELECT id FROM contacts ORDER BY id")[1])


@pytest.fixture
def two(account: Account) -> tuple[int, int]:
    """The ids of two contacts."""
    first, second = account.ids_of("contacts")[:2]
    return first, second


@pytest.fixture
def names(account: Account, contact: int) -> tuple[str, str]:
    """First and last name of the contact, the same on both sides."""
    first, last = account.sql("SELECT first_name, last_name FROM contacts WHERE id = ?", contact)[0]
    return first, last


@pytest.fixture
def no_retries(account: Account) -> None:
    """The API client makes each call only once in a pass."""
    account.retry = Retry(attempts=1)
