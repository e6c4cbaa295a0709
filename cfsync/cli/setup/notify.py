"""`notify`: try whether notices reach people."""

from __future__ import annotations

from socket import gethostname

import typer

from cfsync.cli.common import Config, Json, load_settings
from cfsync.cli.text import print_json, print_lines
from cfsync.errors import UsageError


def register(app: typer.Typer) -> None:
    app.command()(notify)


def notify(config: Config = None, json: Json = False) -> int:
    """Send a test notice to every channel of [notify].

    Exits 2 if one of them can't be reached.

    \b
    Example:
      cfsync notify
    """
    from cfsync.daemon.notices import channels

    settings = load_settings(config, quiet=True)
    text = f"cfsync on {gethostname()}: this is a test; notices reach you here"
    result = channels.send(settings.notify, text)
    if not result:
        raise UsageError("nobody is to be told: set webhook, email_to or command in [notify]")
    if json:
        print_json({name: problem or "sent" for name, problem in result.items()})
    else:
        print_lines(f"{name}: {problem or 'sent'}" for name, problem in result.items())
    return 2 if any(result.values()) else 0
