"""`webhooks register / list / remove / rotate`: the endpoints that bring events to the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, configured, opened, until_stopped
from cfsync.cli.text import columns, print_json

if TYPE_CHECKING:
    from cfsync.sync.context import Context
    from cfsync.sync.events.webhooks import Endpoint

WELL = ("ok", "foreign", "removed")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Webhook endpoints, by which news comes at once.")
    group.command("register")(register_endpoint)
    group.command("list")(list_endpoints)
    group.command()(remove)
    group.command()(rotate)
    app.add_typer(group, name="webhooks")


def register_endpoint(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where the daemon is reached.")],
    config: Config = None,
    json: Json = False,
) -> int:
    """Have ClickFunnels send events to the daemon at URL.

    There `/webhooks/WORKSPACE` leads to the daemon's `web.listen`. Makes one endpoint in each
    workspace, or in the one that URL ends with, and keeps its secret. It may be run again at any
    time: what is right stays, one that was deleted, changed or whose secret is not known is put
    right.

    \b
    Example:
      cfsync webhooks register https://hooks.example.com
      cfsync webhooks register https://hooks.example.com/webhooks/42
    """
    from cfsync.sync.events import webhooks

    return _run(lambda context: webhooks.register(context, url), config, json=json)


def list_endpoints(config: Config = None, json: Json = False) -> int:
    """The endpoints that there are, and how it is with each.

    ok: it leads here, and its secret is known. foreign: it leads elsewhere. For the others
    (no secret, types differ, deleted) run `cfsync webhooks register URL`; then it exits 5.

    \b
    Example:
      cfsync webhooks list
    """
    from cfsync.sync.events import webhooks

    return _run(webhooks.list_endpoints, config, json=json)


def remove(
    endpoint_id: Annotated[str, typer.Argument(metavar="ID", help="Id or public id.")],
    config: Config = None,
    json: Json = False,
) -> int:
    """Delete an endpoint in ClickFunnels, and its secret here.

    Of one that was deleted in ClickFunnels already, the secret: then nothing misses it any more.

    \b
    Example:
      cfsync webhooks remove 311
    """
    from cfsync.sync.events import webhooks

    async def work(context: Context) -> Sequence[Endpoint]:
        return [await webhooks.remove(context, endpoint_id)]

    return _run(work, config, json=json)


def rotate(config: Config = None, json: Json = False) -> int:
    """Replace the secret of each endpoint that leads here.

    ClickFunnels shows a secret only when it makes an endpoint, so another one takes its place. What
    was signed with the old secret is taken for another 25 hours, since it may still be on its way.

    \b
    Example:
      cfsync webhooks rotate
    """
    from cfsync.sync.events import webhooks

    return _run(webhooks.rotate, config, json=json)


def _run(
    work: Callable[[Context], Awaitable[Sequence[Endpoint]]], config: Path | None, *, json: bool
) -> int:
    settings = configured(config)

    async def body(stop: asyncio.Event) -> Sequence[Endpoint]:
        async with opened(settings, stop) as context:
            return await work(context)

    found = until_stopped(body)
    if json:
        print_json({"endpoints": [asdict(endpoint) for endpoint in found]})
    elif found:
        print(columns([("workspace", "id", "state", "done", "url"), *map(_row, found)]))
    else:
        print("there is none; `cfsync webhooks register URL` makes one")
    return 0 if all(endpoint.state in WELL for endpoint in found) else 5


def _row(endpoint: Endpoint) -> tuple[object, ...]:
    return endpoint.workspace_id, endpoint.id, endpoint.state, endpoint.done, endpoint.url
