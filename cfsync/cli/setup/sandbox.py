"""`sandbox`: serve a fake ClickFunnels on this machine."""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, until_stopped
from cfsync.cli.text import print_json
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.sandbox import World

PORT = 8788
KEY = "gateway-key"
API, GATEWAY = "/api/v2", "/clickfunnels"


def register(app: typer.Typer) -> None:
    app.command()(sandbox)


def sandbox(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="0 picks a free port.")
    ] = PORT,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="The same seed makes the same account.")
    ] = 1,
    contacts: Annotated[
        int | None, typer.Option(metavar="COUNT", min=0, help="Number of contacts.")
    ] = None,
    latency: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Seconds before each answer.")
    ] = 0,
    rate_limit: Annotated[
        float, typer.Option(metavar="COUNT", min=0, help="Requests per second; 0: any.")
    ] = 0,
    token: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Accept this token instead.")
    ] = None,
    deny: Annotated[
        list[str] | None,
        typer.Option(metavar="RESOURCE", help="A resource that the token may not use; repeatable."),
    ] = None,
    connection: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID[=STATE]",
            help="Be a gateway with this connection (active, pending or expired); repeatable.",
        ),
    ] = None,
    config: Config = None,  # noqa: ARG001
    json: Json = False,
) -> None:
    """Serve a fake ClickFunnels on this machine, until stopped.

    It holds made-up people and accepts every API call that cfsync makes. Its data is lost when it
    stops.

    \b
    Example:
      cfsync sandbox --contacts 20000 --rate-limit 50
      cfsync sandbox --connection a --connection b=expired
    """
    _check_loopback(host)
    world = _world(seed, contacts, latency, rate_limit)
    _set_token(world, token, deny or [])
    key, way = next(iter(world.tokens)), API
    if connection:
        key, way = token or KEY, GATEWAY + API
        _be_gateway(world, key, connection)

    def ready(url: str) -> None:
        _print_address(url, url + way, key, json=json)

    try:
        until_stopped(lambda stop: _serve(world, host, port, ready, stop))
    except OSError as error:
        raise UsageError(f"can't listen on {host}:{port}: {error.strerror}") from None


async def _serve(
    world: World, host: str, port: int, ready: Callable[[str], None], stop: asyncio.Event
) -> None:
    """Serve until `stop` is set. Raises OSError if the port can't be used."""
    from cfsync.sandbox import serve

    serving = asyncio.create_task(serve(world, host, port, ready=ready))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    serving.cancel()
    stopping.cancel()


def _print_address(url: str, base_url: str, token: str, *, json: bool) -> None:
    if json:
        print_json({"url": url, "base_url": base_url, "token": token})
    else:
        print(f"CFSYNC_API__BASE_URL={base_url}\nCFSYNC_API__TOKEN={token}")
    sys.stdout.flush()


def _check_loopback(host: str) -> None:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UsageError(f"the sandbox listens on loopback only, not on {host}")


def _world(seed: int, contacts: int | None, latency: float, rate_limit: float) -> World:
    from cfsync.sandbox import World

    world = World(seed) if contacts is None else World(seed, contacts=contacts)
    world.latency = latency
    world.limit.per_second = rate_limit
    return world


def _set_token(world: World, token: str | None, denied: Sequence[str]) -> None:
    """Let the sandbox take this token (None: its own) alone. Raises UnknownResource."""
    from cfsync.resources import named

    taken = token or next(iter(world.tokens))
    world.tokens.clear()
    world.add_token(taken, denied={named(resource).name: 403 for resource in denied})


def _be_gateway(world: World, key: str, named: Sequence[str]) -> None:
    """Let the gateway's address take this key alone, and these connections. Raises UsageError."""
    from cfsync.sandbox.api.gateway import Connection, Gateway, State

    world.gateway = Gateway(key, {})
    token = next(iter(world.tokens))
    for text in named:
        name, _, state = text.partition("=")
        if state not in ("", *State):
            raise UsageError(f"a connection is {' or '.join(State)}, not {state}")
        world.gateway.connections[name] = Connection(token, State(state or State.ACTIVE))
