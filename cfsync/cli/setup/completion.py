"""`completion`: let the shell complete commands, options, resources and numbers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cfsync.cli import candidates as offers
from cfsync.cli.common import Config, Json
from cfsync.cli.text import print_json


def register(app: typer.Typer) -> None:
    app.command()(completion)


def completion(
    context: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORD]...", hidden=True)] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Print what makes your shell complete cfsync's words.

    Commands, options, resources and numbers.

    Numbers of pushes, edits and conflicts come from the mirror that the settings name.

    \b
    Example:
      cfsync completion bash >> ~/.bashrc
      cfsync completion zsh >> ~/.zshrc
      cfsync completion fish > ~/.config/fish/completions/cfsync.fish
    """
    text = offers.script(shell)
    if words is None:
        if json:
            print_json({"text": text})
        else:
            print(text, end="")
        return
    numbers = partial(offers.in_mirror, config or _config(words))
    root: Any = context.find_root().command
    for line in offers.lines(shell, offers.candidates(root, words, numbers)):
        print(line)


def _config(words: list[str]) -> Path | None:
    """The file of settings that the words name."""
    at = words.index("--config") + 1 if "--config" in words else len(words)
    return Path(words[at]).expanduser() if at < len(words) - 1 else None
