"""`config example / show / check`: a settings file to start from, and the settings in force."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import typer

import cfsync
from cfsync.cli.common import Config, Json, check_to_run
from cfsync.cli.text import columns, print_json

EXAMPLE = "config.example.toml"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Print or check the settings, or print an example of them.")
    group.command()(example)
    group.command()(show)
    group.command()(check)
    app.add_typer(group, name="config")


def example(config: Config = None, json: Json = False) -> None:  # noqa: ARG001
    """Print a settings file with every key, its default and meaning.

    \b
    Example:
      cfsync config example > cfsync.toml
    """
    text = _example_text()
    if json:
        print_json({"text": text})
    else:
        print(text, end="")


def _example_text() -> str:
    """An installed cfsync has it inside the package, a checkout beside it."""
    inside = resources.files("cfsync") / EXAMPLE
    if inside.is_file():
        return inside.read_text(encoding="utf-8")
    return (Path(cfsync.__file__).parents[1] / EXAMPLE).read_text(encoding="utf-8")


def show(config: Config = None, json: Json = False) -> None:
    """Print the settings in force and where each comes from. Hides secrets.

    \b
    Example:
      cfsync config show
    """
    from cfsync.config import explain_sources

    found = explain_sources(config)
    if json:
        print_json({s.key: {"value": s.value, "source": s.source} for s in found})
    else:
        print(columns([(s.key, _written(s.value), s.source) for s in found]))


def check(config: Config = None, json: Json = False) -> None:
    """Check the settings as `run` does, without a connection.

    Every problem is reported at once; the exit code is then 2.

    \b
    Example:
      cfsync config check --config /etc/cfsync/config.toml
    """
    check_to_run(config)
    if json:
        print_json({"state": "ok"})
    else:
        print("ok: cfsync run takes these settings")


def _written(value: object) -> str | None:
    """The value about as TOML writes it; None if it is empty."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value in (None, "", [], {}) else str(value)
