"""`api`: one raw call of the ClickFunnels API."""

from __future__ import annotations

import asyncio
import json as json_
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, until_stopped
from cfsync.cli.fields import body, query
from cfsync.cli.text import print_json, to_json
from cfsync.errors import ApiError, Refused, UsageError

_WRITE = Change(
    "what it writes takes effect in ClickFunnels at once; a pull brings it into the mirror",
    "`cfsync api GET PATH` shows what is there before",
    "cfsync can't take it back",
)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def register(app: typer.Typer) -> None:
    app.command()(api)


@changes(_WRITE)
def api(
    method: Annotated[str, typer.Argument(metavar="METHOD", help=", ".join(METHODS))],
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="What follows /api/v2, as in /teams.")
    ],
    field: Annotated[
        list[str] | None,
        typer.Option("-f", "--field", metavar="FIELD=VALUE", help="A text field; brackets nest."),
    ] = None,
    input: Annotated[  # noqa: A002
        Path | None,
        typer.Option(metavar="FILE", help="JSON body; - is standard input."),
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make one API call and print the JSON of its answer.

    It uses the same token, rate limit and error handling as all other commands. For a GET, fields
    go into the query; for the other methods, into the body. Values are always sent as text: to send
    numbers, null or lists of objects, give the body as a FILE.

    \b
    Example:
      cfsync api GET /workspaces/42/contacts -f 'filter[email_address]=ada@example.com'
      cfsync api PUT /contacts/7 -f 'contact[first_name]=Ada'
      echo '{"contact": {"tag_ids": [3]}}' | cfsync api PUT /contacts/7 --input -
    """
    settings = load_settings(config)
    method = method.upper()
    _check(method, path, field or [], input)
    asked = query(field or []) if method == "GET" else None
    sent = _read(input) if input else body(field or []) if method != "GET" else None

    async def call(stop: asyncio.Event) -> Any:
        from cfsync.api import Api, Retry

        async with Api(settings.for_api(), stop=stop, retry=Retry(attempts=2)) as client:
            if method != "GET":
                _WRITE.say(json=json)
            return await client.raw(method, path, query=asked, body=sent)

    try:
        answer = until_stopped(call)
    except Refused as error:  # its text may quote people: only the caller may see it
        raise ApiError(f"refused ({error.status}): {error.text}", call=error.call) from None
    if json:
        print_json({"status": answer.status, "data": answer.data})
    elif answer.data is not None:
        print(to_json(answer.data, indent=2))


def _check(method: str, path: str, fields: list[str], file: Path | None) -> None:
    if method not in METHODS:
        raise UsageError(f"METHOD must be one of {', '.join(METHODS)}, not {method}")
    if not path.startswith("/") or path.startswith(("//", "/api/v2")):
        raise UsageError("PATH is the part after /api/v2, such as /teams")
    if file and (fields or method == "GET"):
        raise UsageError("--input is the whole body: not with -f, and not with GET")


def _read(file: Path) -> Any:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return json_.loads(content)
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{file} is not JSON: {error}") from None
