"""How results reach a person or a program: columns of text, or one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def problem(line: str) -> None:
    """One line on standard error, even where the text has several."""
    print("cfsync: " + " ".join(line.split()), file=sys.stderr)


def print_json(value: Any) -> None:
    print(json.dumps(value, default=str, ensure_ascii=False))


def columns(rows: Iterable[Sequence[Any]]) -> str:
    """Aligned columns, those with a number to the right. None shows as `-`."""
    table = [list(row) for row in rows]
    pads = [
        str.rjust if any(isinstance(v, (int, float)) for v in column) else str.ljust
        for column in zip(*table, strict=True)
    ]
    cells = [["-" if v is None else str(v) for v in row] for row in table]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            pad(text, width) for pad, text, width in zip(pads, row, widths, strict=True)
        ).rstrip()
        for row in cells
    )


def counted(n: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def took(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def as_line(value: Any) -> str:
    """A value on one line, as JSON."""
    return json.dumps(value, default=str, ensure_ascii=False)


def shortly(value: Any, limit: int = 60) -> str:
    """The same, cut where it is long."""
    text = as_line(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
