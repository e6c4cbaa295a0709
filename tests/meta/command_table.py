"""The table of all commands in docs/commands.md, from the commands themselves."""

from __future__ import annotations

from itertools import chain
from typing import Any

from cfsync.cli.sections import SECTIONS
from tests.meta.documents import leaves

COMMON = {"config", "json"}
"""Options that every command has."""


def table() -> str:
    """A row for each command: its name, what it takes, and the first line of its help."""
    rows = [
        f"| [`{name}`](#{name.replace(' ', '-')}) | {_taken(command)} | {_does(command)} |"
        for name, command in sorted(leaves().items(), key=lambda item: _place(item[0]))
    ]
    return "\n".join(["| command | takes | does |", "| --- | --- | --- |", *rows, ""])


def _place(name: str) -> int:
    """Where `cfsync --help` lists the command, or its group."""
    return list(chain.from_iterable(SECTIONS.values())).index(name.partition(" ")[0])


def _taken(command: Any) -> str:
    shown = [p for p in command.params if p.name not in COMMON and not getattr(p, "hidden", False)]
    shown.sort(key=lambda p: p.param_type_name != "argument")
    return ", ".join(f"`{_param(param)}`" for param in shown).replace("|", r"\|")


def _param(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    name = next(opt for opt in param.opts if opt.startswith("--") or len(param.opts) == 1)
    return name if getattr(param, "is_flag", False) else f"{name} {param.metavar or 'VALUE'}"


def _does(command: Any) -> str:
    first = str(command.help).strip().partition("\n\n")[0]
    return " ".join(first.split()).rstrip(".").replace("|", r"\|")
