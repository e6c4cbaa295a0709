"""What docs/commands.md says of the commands, from the commands themselves: the table of all, and
how each is written.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from enum import Enum
from itertools import chain
from typing import Any

from cfsync.cli.sections import SECTIONS
from tests.meta.documents import leaves

COMMON = {"config", "json"}
"""Options that every command has."""

WIDTH = 100


def table() -> str:
    """A row for each command: its name, what it takes, and the first line of its help."""
    rows = [
        f"| [`{name}`](#{name.replace(' ', '-')}) | {_taken(command)} | {_does(command)} |"
        for name, command in in_order()
    ]
    return "\n".join(["| command | takes | does |", "| --- | --- | --- |", *rows, ""])


def in_order() -> list[tuple[str, Any]]:
    """The commands as `cfsync --help` lists them."""
    order = list(chain.from_iterable(SECTIONS.values()))
    return sorted(leaves().items(), key=lambda item: order.index(item[0].partition(" ")[0]))


def params(command: Any) -> list[Any]:
    """What a command takes beside the options that all have, arguments first."""
    shown = [p for p in command.params if p.name not in COMMON and not getattr(p, "hidden", False)]
    return sorted(shown, key=lambda p: p.param_type_name != "argument")


def _taken(command: Any) -> str:
    return ", ".join(f"`{written(param)}`" for param in params(command)).replace("|", r"\|")


def written(param: Any) -> str:
    """`--since TIME`, `ID...`: how an option or an argument is written."""
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    name = next(opt for opt in param.opts if opt.startswith("--") or len(param.opts) == 1)
    return name if getattr(param, "is_flag", False) else f"{name} {metavar(param)}"


def metavar(param: Any) -> str:
    """What an option takes."""
    annotation = param.type_descriptor.annotation
    if param.metavar is None and isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(member.value) for member in annotation)
    assert param.metavar, f"{param.name} needs a metavar"
    return str(param.metavar)


def usage(name: str) -> str:
    """How a command is written, as a block of a document."""
    words = [_optional(param) for param in params(leaves()[name])]
    lines = _wrapped(f"cfsync {name}", words)
    return "\n".join(["```text", *lines, "```", ""])


def _optional(param: Any) -> str:
    text = written(param)
    if param.param_type_name == "argument":
        return text if param.required or text.startswith("[") else f"[{text}]"
    return f"[{text}]" + ("..." if param.multiple else "")


def _wrapped(begin: str, words: Iterable[str]) -> list[str]:
    # A word with a space in it stays in one piece.
    text = " ".join([begin, *(word.replace(" ", "\0") for word in words)])
    indent = " " * 4
    lines = textwrap.wrap(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\0", " ") for line in lines]


def _does(command: Any) -> str:
    return summary(command).replace("|", r"\|")


def summary(command: Any) -> str:
    """The first sentence of its help."""
    first = str(command.help).strip().partition("\n\n")[0]
    return " ".join(first.split()).rstrip(".")
