"""`webhooks register / list / remove / rotate`: the endpoints that send events to the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes, once
from cfsync.cli.common import Config, Json, load_settings, open_context, until_stopped
from cfsync.cli.text import columns, print_json, print_problem

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.events.webhooks import Endpoint

_LISTED = "`cfsync webhooks list` shows the endpoints"
_REGISTER = Change(
    "an endpoint is created in each workspace that has none, or repaired",
    _LISTED,
    "`cfsync webhooks remove ID` deletes it",
)
_REMOVE = Change(
    "the endpoint is deleted in ClickFunnels, and its secret here",
    _LISTED,
    "`cfsync webhooks register URL` creates another one",
)
_ROTATE = Change(
    "each endpoint that sends to this daemon is replaced by a new one with a new secret",
    _LISTED,
    "it can't be taken back, but the old secrets count for another 25 hours",
)

WELL = ("ok", "foreign", "removed")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Manage webhook endpoints, for near-real-time updates.")
    group.command("register")(register_endpoint)
    group.command("list")(list_endpoints)
    group.command()(remove)
    group.command()(rotate)
    app.add_typer(group, name="webhooks")


@changes(_REGISTER)
def register_endpoint(
    url: Annotated[str, typer.Argument(metavar="URL", help="The daemon's public URL.")],
    config: Config = None,
    json: Json = False,
) -> int:
    """Make ClickFunnels send its events to the daemon at URL.

    `URL/webhooks/WORKSPACE` must reach the address in the daemon's `web.listen`. Creates one
    endpoint in each workspace, or only in the workspace that URL ends with, and keeps its secret.
    You can run it again at any time: it repairs endpoints that were deleted or changed, or whose
    secret is unknown, and leaves the others alone.

    \b
    Example:
      cfsync webhooks register https://hooks.example.com
      cfsync webhooks register https://hooks.example.com/webhooks/42
    """
    from cfsync.sync.events import event_types, webhooks

    async def work(context: Context) -> Sequence[Endpoint]:
        found = await webhooks.register(context, url, once(_REGISTER, json=json))
        if missing := event_types.not_offered(
            await event_types.offered(context.api), context.settings.wanted
        ):
            print_problem(f"ClickFunnels doesn't offer {', '.join(missing)}: pulls bring such news")
        if warning := webhooks.unreachable(url):
            print_problem(warning)
        return found

    return _run(work, config, json=json)


def list_endpoints(config: Config = None, json: Json = False) -> int:
    """List the webhook endpoints and their state.

    ok: it sends to this daemon, and its secret is known. foreign: it sends elsewhere. Any other
    state (old address, no secret, types differ, deleted) exits 5, and the command that helps is
    shown.

    \b
    Example:
      cfsync webhooks list
    """
    from cfsync.sync.events import webhooks

    return _run(webhooks.list_endpoints, config, json=json)


@changes(_REMOVE)
def remove(
    endpoint_id: Annotated[str, typer.Argument(metavar="ID", help="Id or public id.")],
    foreign: Annotated[
        bool, typer.Option("--foreign", help="Also an endpoint of another program.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Delete an endpoint in ClickFunnels, and its secret here.

    If the endpoint is already gone in ClickFunnels, this deletes the secret, and `webhooks list`
    no longer reports it. One that leads to another program is only deleted with --foreign.

    \b
    Example:
      cfsync webhooks remove 311
    """
    from cfsync.sync.events import webhooks

    async def work(context: Context) -> Sequence[Endpoint]:
        begin = once(_REMOVE, json=json)
        return [await webhooks.remove(context, endpoint_id, foreign=foreign, begin=begin)]

    return _run(work, config, json=json)


@changes(_ROTATE)
def rotate(config: Config = None, json: Json = False) -> int:
    """Replace the secret of each endpoint that sends to this daemon.

    ClickFunnels shows a secret only when an endpoint is created, so each endpoint is replaced by a
    new one. Events signed with the old secret are accepted for another 25 hours, since some may
    still be on their way.

    \b
    Example:
      cfsync webhooks rotate
    """
    from cfsync.sync.events import webhooks

    async def work(context: Context) -> Sequence[Endpoint]:
        return await webhooks.rotate(context, once(_ROTATE, json=json))

    return _run(work, config, json=json)


def _run(
    work: Callable[[Context], Awaitable[Sequence[Endpoint]]], config: Path | None, *, json: bool
) -> int:
    from cfsync.sync.events import webhooks

    settings = load_settings(config)

    async def body(stop: asyncio.Event) -> Sequence[Endpoint]:
        async with open_context(settings, stop) as context:
            return await work(context)

    found = until_stopped(body)
    if json:
        print_json({"endpoints": [asdict(endpoint) for endpoint in found]})
    elif found:
        print(columns([("workspace", "id", "state", "done", "url"), *map(_row, found)]))
        for endpoint in found:
            if text := webhooks.remedy(endpoint):
                print_problem(f"endpoint {endpoint.id}: {text}")
    else:
        print("there are no endpoints; `cfsync webhooks register URL` creates one")
    return 0 if all(endpoint.state in WELL for endpoint in found) else 5


def _row(endpoint: Endpoint) -> tuple[object, ...]:
    return endpoint.workspace_id, endpoint.id, endpoint.state, endpoint.done, endpoint.url
