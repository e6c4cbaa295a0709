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
    """Aligned columns, numbers to the right; the last column is not padded. None shows as `-`."""
    cells = [["-" if v is None else str(v) for v in row] for row in rows]
    numbers = [[isinstance(v, (int, float)) for v in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(row, widths, kinds, strict=True)
        ).rstrip()
        for row, kinds in zip(cells, numbers, strict=True)
    )


def counted(n: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def took(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"
