"""Colors, where the output is a terminal that shows them and nobody has set NO_COLOR."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import TextIO

from cfsync.cli.text import visible


class Style(StrEnum):
    """What a text tells; its value is the code of its color."""

    GOOD = "32"
    CAREFUL = "33"
    BAD = "31"
    FAINT = "2"
    HEAD = "1"


Part = str | tuple[str, Style]
"""A text, which may have a style."""


def are_shown(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_parts(lines: Iterable[Part | Iterable[Part]]) -> None:
    """Print lines of one or several parts; what a terminal would obey in them is made visible."""
    shown = are_shown(sys.stdout)
    for line in lines:
        parts = [line] if isinstance(line, str) or _is_styled(line) else line
        print("".join(_rendered(part, shown) for part in parts))  # type: ignore[arg-type]


def _is_styled(line: object) -> bool:
    return isinstance(line, tuple) and len(line) == 2 and isinstance(line[1], Style)


def _rendered(part: Part, shown: bool) -> str:
    text, style = part if isinstance(part, tuple) else (part, None)
    text = "\n".join(map(visible, text.split("\n")))
    return f"\x1b[{style}m{text}\x1b[0m" if style and shown and text else text
