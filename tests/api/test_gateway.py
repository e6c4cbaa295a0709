"""A gateway in front of the API: its own errors, its headers, and which connection it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cfsync.api import Api, Retry, gateway, walk_by_id
from cfsync.config import ApiSettings, load
from cfsync.errors import (
    CfsyncError,
    GatewayRefused,
    NotJson,
    RateLimited,
    ServerError,
    TokenRefused,
)
from cfsync.sandbox import TOKEN, Running, World, running
from cfsync.sandbox.api.gateway import Connection, Gateway, State
from cfsync.sandbox.api.limits import Limit
from tests.api.calls import CONTACTS, ONCE
from tests.api.conftest import Fake, Say

KEY = "gateway-key"
ENDED = "OAuth token expired, please re-authorize"


@pytest.mark.parametrize(
    ("url", "through"),
    [
        ("https://a.myclickfunnels.com/api/v2", False),
        ("https://gateway.example.com/clickfunnels/api/v2", True),
        ("https://gateway.example.com", True),
    ],
)
def test_a_path_before_the_apis_own_is_a_gateways(url: str, through: bool):
    assert gateway.is_gateway(url) is through


@pytest.mark.parametrize(
    ("status", "content", "kind", "text"),
    [
        (401, b'{"message":"bad key"}', TokenRefused, "the gateway refuses the key (401)"),
        (401, b'{"error":"no key"}', TokenRefused, "the gateway refuses the key (401)"),
        (401, b"", TokenRefused, "api.token must be the gateway's key"),
        (
            401,
            b'{"error":"API key missing or invalid"}',
            GatewayRefused,
            "ClickFunnels refuses the gateway's connection (401); authorize it again",
        ),
        (400, b'{"message":"whatever"}', GatewayRefused, "no connection to ClickFunnels"),
        (400, b'{"error":"no active connection"}', GatewayRefused, "no connection to"),
        (400, b'{"error":"unknown app"}', GatewayRefused, "no connection to ClickFunnels"),
        (404, b'{"message":"Connection not found"}', GatewayRefused, "no connection to"),
        (404, b'{"message":"Not Found"}', NotJson, "is api.base_url right?"),
        (429, b'{"message":"slow down"}', RateLimited, "the gateway's own rate limit is reached"),
        (500, b'{"message":"oops"}', ServerError, "the gateway failed (500); if that lasts"),
        (502, b"", ServerError, "the gateway failed (502)"),
        (500, f'{{"message":"{ENDED}"}}'.encode(), GatewayRefused, "has ended (500); make"),
        (500, f'{{"error":"{ENDED}"}}'.encode(), GatewayRefused, "has ended (500); make"),
    ],
)
def test_what_a_gateway_says_itself(status: int, content: bytes, kind: type, text: str):
    error = gateway.own_error("GET /teams", status, content, 5.0)

    assert type(error) is kind
    assert text in str(error)
    assert getattr(error, "retry_after", 5.0) == 5.0


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"[]"),
        (400, b'{"error":"malformed"}'),
        (400, b"<html>"),
        (403, b'{"error":"Not allowed"}'),
        (403, b'{"message":"whatever"}'),
        (404, b'{"error":"Not found: Record missing"}'),
        (422, b'{"errors":{"name":["connection is bad"]}}'),
        (429, b'{"error":"Too many requests","retry_after":2}'),
        (500, b'{"error":"Internal server error"}'),
        (503, b"<html>"),
    ],
)
def test_what_is_clickfunnels_or_may_be(status: int, content: bytes):
    assert gateway.own_error("GET /teams", status, content) is None


@pytest.fixture
def world() -> World:
    world = World(contacts=30)
    first, second = world.workspaces[:2]
    world.add_token("of-first", workspaces=[first])
    world.add_token("of-second", workspaces=[second])
    connections = {"one": Connection("of-first"), "two": Connection("of-second")}
    world.gateway = Gateway(KEY, connections)
    return world


@pytest.fixture
def server(world: World) -> Iterator[Running]:
    with running(world) as server:
        yield server


def settings(server: Running, connection: str = "one", **given: str) -> ApiSettings:
    environ = {
        "CFSYNC_API__BASE_URL": server.gateway,
        "CFSYNC_API__TOKEN": KEY,
        "CFSYNC_API__HEADERS__MATON_CONNECTION": connection,
    }
    return load(environ=environ | given).for_api()


def workspaces(settings: ApiSettings, retry: Retry = ONCE) -> list[int]:
    async def main() -> list[int]:
        async with Api(settings, retry=retry) as api:
            (team,) = (await api.raw("GET", "/teams")).data
            listed = await api.raw("GET", f"/teams/{team['id']}/workspaces")
            return [workspace["id"] for workspace in listed.data]

    return asyncio.run(main())


def test_the_header_chooses_the_connection(world: World, server: Running):
    first, second = world.workspaces[:2]

    assert workspaces(settings(server, "one")) == [first]
    assert workspaces(settings(server, "two")) == [second]


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda g: g.connections.clear(), GatewayRefused),
        (lambda g: setattr(g.connections["one"], "state", State.PENDING), GatewayRefused),
        (lambda g: setattr(g.connections["one"], "state", State.EXPIRED), GatewayRefused),
        (lambda g: setattr(g.connections["one"], "token", "revoked"), GatewayRefused),
        (lambda g: setattr(g, "key", "another"), TokenRefused),
    ],
)
def test_a_refused_way_ends_at_once_with_exit_code_3(
    spoil: Any, error: type[CfsyncError], world: World, server: Running
):
    spoil(world.gateway)

    with pytest.raises(error) as caught:
        workspaces(settings(server), retry=Retry(first=0.01))

    assert type(caught.value) is error
    assert caught.value.exit_code == 3


def test_the_gateways_own_limit_is_waited_for(world: World, server: Running):
    assert world.gateway
    world.gateway.limit = Limit(per_second=20.0, burst=1.0)

    assert workspaces(settings(server), retry=Retry()) == world.workspaces[:1]


def test_headers_are_sent_with_every_call_and_follow_no_redirect_nor_link():
    other = Fake(Say([]))

    async def main() -> list[dict[str, str]]:
        async with other.serving() as elsewhere:
            link = {"Link": f'<{elsewhere}/api/v2/teams?after=1>; rel="next"'}
            moved = {"Location": f"{elsewhere}/api/v2/teams"}
            here = Fake(Say([{"id": 1}], headers=link), Say([]), Say([], status=302, headers=moved))
            async with here.serving() as url:
                given = ApiSettings.model_validate(
                    {"base_url": f"{url}/api/v2", "token": TOKEN, "headers": {"X-Way": "secret"}}
                )
                async with Api(given, retry=ONCE) as api:
                    assert [len(p.records) async for p in walk_by_id(api, CONTACTS)] == [1, 0]
                    with pytest.raises(CfsyncError) as caught:
                        await api.raw("POST", "/teams", body={})
            assert "secret" not in str(caught.value) + repr(given)
            return [{k.lower(): v for k, v in seen.headers.items()} for seen in here.seen]

    sent = asyncio.run(main())

    assert [headers["x-way"] for headers in sent] == ["secret"] * 3
    assert other.seen == []
