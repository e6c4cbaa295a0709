"""`web` and `open`: the console without a daemon, and its address."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, load_settings, open_mirror, until_stopped
from cfsync.cli.text import print_json
from cfsync.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from cfsync.config import WebSettings

Listen = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="Where to serve it; default: web.listen.")
]


def register(app: typer.Typer) -> None:
    app.command()(web)
    app.command(name="open")(open_console)


def web(listen: Listen = None, config: Config = None, json: Json = False) -> int:
    """Serve the console until stopped, where no daemon runs.

    It shows the mirror and what waits for you, and lets you decide. It reads and writes the mirror
    only: what you change is sent by the next push. `cfsync run` serves the same pages.

    \b
    Example:
      cfsync web
      cfsync web --listen 127.0.0.1:9000
    """
    from cfsync.config import explain_sources
    from cfsync.web import console, server

    settings = load_settings(config)
    mine = settings.web.model_copy(update={"listen": listen} if listen else {})
    _check(mine)
    settings = settings.model_copy(update={"web": mine})
    asyncio.run(open_mirror(settings)).close()  # says in one line if it can't be used
    made = console.create(settings, explain_sources(config))

    async def serve(stop: asyncio.Event) -> None:
        async with server.serving(console.serve(made), mine) as port:
            listens = f"{mine.listen.rpartition(':')[0]}:{port}"
            if not json:
                print(
                    f"{address(listens, tls=mine.tls_cert is not None)} (Ctrl-C stops it)",
                    flush=True,
                )
            await stop.wait()

    until_stopped(serve, lambda _: None)
    made.close()
    if json:
        print_json({"state": "stopped"})
    return 0


def open_console(
    no_browser: Annotated[
        bool, typer.Option("--print", help="Only print the address; open no browser.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Open the console in the browser, and print its address.

    It is served by `cfsync run`, or by `cfsync web` where no daemon runs.

    \b
    Example:
      cfsync open
      cfsync open --print
    """
    import webbrowser

    web = load_settings(config, quiet=True).web
    if web.listen == "off" or web.console == "off":
        raise UsageError("the console is off: set web.listen, and web.console to on")
    shown = address(web.listen, tls=web.tls_cert is not None)
    print_json({"address": shown}) if json else print(shown)
    if not (json or no_browser):
        webbrowser.open(shown)


def _check(web: WebSettings) -> None:
    from cfsync.config import runnable

    if problems := runnable.web_problems(web):
        raise SettingsError(problems)
    if web.console == "off":
        raise UsageError("the console is off: set web.console to on, or to read-only")
    if web.listen == "off":
        raise UsageError("web.listen is off: name an address with --listen, such as 127.0.0.1:8787")


def address(listen: str, *, tls: bool) -> str:
    """The address for a browser on this machine. Pure."""
    host, _, port = listen.rpartition(":")
    host = "localhost" if host in ("", "0.0.0.0", "[::]") else host  # noqa: S104
    return f"{'https' if tls else 'http'}://{host}:{port}/"
