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
from cfsync.resources import named

if TYPE_CHECKING:
    from cfsync.sandbox import World

PORT = 8788


def register(app: typer.Typer) -> None:
    app.command()(sandbox)


def sandbox(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free port.")] = PORT,
    seed: Annotated[int, typer.Option(help="The same seed makes the same account.")] = 1,
    contacts: Annotated[int | None, typer.Option(min=0, help="Number of contacts.")] = None,
    latency: Annotated[float, typer.Option(min=0, help="Seconds before each answer.")] = 0,
    rate_limit: Annotated[float, typer.Option(min=0, help="Requests per second; 0: any.")] = 0,
    token: Annotated[str | None, typer.Option(help="Accept this token instead.")] = None,
    deny: Annotated[
        list[str] | None,
        typer.Option(metavar="RESOURCE", help="A resource that the token may not use; repeatable."),
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
    """
    _check_loopback(host)
    world = _world(seed, contacts, latency, rate_limit)
    _set_token(world, token, deny or [])

    def ready(url: str) -> None:
        _print_address(url, next(iter(world.tokens)), json=json)

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


def _print_address(url: str, token: str, *, json: bool) -> None:
    base_url = f"{url}/api/v2"
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
    taken = token or next(iter(world.tokens))
    world.tokens.clear()
    world.add_token(taken, denied={named(resource).name: 403 for resource in denied})
