"""`doctor`: check everything that cfsync needs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cfsync.cli.common import Config, Json, load_settings, open_mirror, until_stopped
from cfsync.cli.text import columns, print_json
from cfsync.errors import CfsyncError

if TYPE_CHECKING:
    from cfsync.config import Settings
    from cfsync.sync.inspection.probes import Check

_SIGNS = {"ok": "ok", "note": "note", "todo": "TO DO"}


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(config: Config = None, json: Json = False) -> int:
    """Check settings, token, database and the API's behaviour.

    Prints one line for each check: ok, or what to do. Changes nothing.

    \b
    Example:
      cfsync doctor
    """
    from cfsync.sync.inspection.doctor import exit_code

    settings = load_settings(config)
    checks = until_stopped(lambda stop: _examine(settings, config, stop))
    if json:
        print_json([asdict(check) for check in checks])
    else:
        print(columns([(_SIGNS[check.state], check.name, check.text) for check in checks]))
    return exit_code(checks)


async def _examine(settings: Settings, config: Path | None, stop: asyncio.Event) -> list[Check]:
    import os

    from cfsync.api import Api, Retry
    from cfsync.config import find_file
    from cfsync.mirror.db.engine import Mirror
    from cfsync.sync.inspection.doctor import run_checks

    api: Api | CfsyncError
    mirror: Mirror | CfsyncError
    async with AsyncExitStack() as stack:
        try:
            api = await stack.enter_async_context(
                Api(settings.for_api(), stop=stop, retry=Retry(attempts=2))
            )
        except CfsyncError as error:
            api = error
        try:
            mirror = await open_mirror(settings)
            stack.callback(mirror.close)
        except CfsyncError as error:
            mirror = error
        return await run_checks(
            settings, file=find_file(config, os.environ), api=api, mirror=mirror
        )
