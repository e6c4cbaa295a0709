"""`run`: the daemon."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from contextlib import suppress
from functools import partial

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, check_to_run, load_settings, open_mirror, until_stopped
from cfsync.cli.text import print_json

_RUN = Change(
    "the daemon reads what is new, and sends edits made by SQL within seconds",
    "after `cfsync pause` edits wait, so that `cfsync plan` shows them before",
    "`cfsync revert BATCH` takes them back",
)


def register(app: typer.Typer) -> None:
    app.command()(run)


@changes(_RUN)
def run(config: Config = None, json: Json = False) -> int:
    """Run the daemon: keep both sides the same until stopped.

    Edits made by SQL are sent within seconds. SIGTERM stops it within `daemon.stop_timeout`, SIGHUP
    makes it read the settings again. Creates the database if there is none.

    \b
    Example:
      cfsync run
      cfsync run --config /etc/cfsync/config.toml
    """
    import structlog

    from cfsync import daemon, logs
    from cfsync.config import explain_sources, token_is_fixed
    from cfsync.mirror.db import allocator

    allocator.use_one_arena()
    gc.set_threshold(50_000)  # sooner than in a short command: what lives long must stay small
    checked = [check_to_run(config)]  # at the start no program is asked twice for a secret
    _RUN.say(json=json or not sys.stderr.isatty())
    read = partial(load_settings, config, memory=logs.Memory(logs.RepeatFilter()))
    source = daemon.SettingsSource(
        lambda: read(checked=checked.pop() if checked else None),
        token_is_fixed(config, os.environ),
        lambda: explain_sources(config),
        lambda: check_to_run(config),
        lambda settings: read(checked=settings),
    )
    with suppress(KeyboardInterrupt):  # a signal before anything had started
        until_stopped(
            lambda stop: daemon.run(
                source, lambda settings: asyncio.run(open_mirror(settings, create=True)), stop
            ),
            lambda _: structlog.get_logger().info("daemon.stopping"),
        )
    if json:
        print_json({"state": "stopped"})
    return 0
