"""A small client over real HTTP, and a world to ask."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from cfsync.resources import ALL, ROOT, Resource
from cfsync.sandbox import TOKEN, Running, World, running

HEADERS = {"Authorization": f"Bearer {TOKEN}", "User-Agent": "cfsync-tests"}


@dataclass
class Got:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.raw)

    @property
    def ids(self) -> list[int]:
        return [record["id"] for record in self.data]


class Client:
    """Asks one base URL over one connection that stays open."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self.connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        self.prefix = parts.path

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Got:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        self.connection.request(
            method, self.prefix + path, data, HEADERS if headers is None else headers
        )
        answer = self.connection.getresponse()
        return Got(answer.status, dict(answer.headers), answer.read())

    def get(self, path: str, **query: Any) -> Got:
        """`filter_id=` stands for `filter[id]=`."""
        named = {f"filter[{k[7:]}]" if k.startswith("filter_") else k: v for k, v in query.items()}
        return self.ask("GET", path + ("?" + urlencode(named, quote_via=quote) if named else ""))

    def post(self, path: str, body: Any = None) -> Got:
        return self.ask("POST", path, body)

    def put(self, path: str, body: Any) -> Got:
        return self.ask("PUT", path, body)

    def delete(self, path: str) -> Got:
        return self.ask("DELETE", path)

    def walk(self, path: str, **query: Any) -> list[int]:
        """All ids of a list, page by page."""
        found: list[int] = []
        while True:
            page = self.get(path, **query)
            assert page.status == 200
            found += page.ids
            if "Pagination-Next" not in page.headers:
                return found
            assert len(page.ids) == 20
            query["after"] = page.headers["Pagination-Next"]


@pytest.fixture
def world() -> World:
    return World(contacts=120)


@pytest.fixture
def server(world: World) -> Iterator[Running]:
    with running(world) as server:
        yield server


@pytest.fixture
def client_of() -> Iterator[Callable[[str], Client]]:
    opened: list[Client] = []

    def make(base: str) -> Client:
        opened.append(Client(base))
        return opened[-1]

    yield make
    for client in opened:
        client.connection.close()


@pytest.fixture
def client(server: Running, client_of: Callable[[str], Client]) -> Client:
    return client_of(server.api)


@pytest.fixture
def workspace(world: World) -> int:
    return world.workspaces[0]


@pytest.fixture
def contact(world: World, workspace: int) -> int:
    return world.ids("contacts", workspace)[5]


def create_path(world: World, resource: Resource, workspace: int) -> str:
    """Where a record is created below the first record of a workspace that it can be below."""
    if not resource.create_paths:
        return resource.list_path.format(parent=first_parent(world, resource, workspace))
    field, path = next(iter(resource.create_paths.items()))
    above = ALL[str(resource.by_name[field].ref)]
    return path.format(parent=world.ids(above.name, first_parent(world, above, workspace))[0])


def first_parent(world: World, resource: Resource, workspace: int) -> int:
    """The id of the first record of a workspace that lists of the resource hang below."""
    if resource.parent in (None, "teams"):
        return world.ids("teams")[0] if resource.parent else ROOT
    if resource.parent == "workspaces":
        return workspace
    parent = ALL[str(resource.parent)]
    return world.ids(parent.name, first_parent(world, parent, workspace))[0]
