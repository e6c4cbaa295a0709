"""Writes results: aligned columns for people, one JSON object for programs."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, TextIO

from cfsync import streams

GAP = "  "
"""Between two columns."""
NARROWEST = 6
"""Characters that a column keeps where a table doesn't fit the terminal."""


def print_problem(line: str) -> None:
    """Print one line on standard error, also for a text with several lines."""
    print("cfsync: " + visible(" ".join(line.split())), file=sys.stderr)


def print_json(value: Any) -> None:
    print(to_json(value))


def columns(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as aligned columns; columns with numbers are aligned to the right. None shows as `-`. On
    a terminal, what doesn't fit goes on in the next line, in its column.
    """
    table, most = aligned(rows), width()
    if most is not None and table and len(GAP.join(table[0])) > most:
        table = list(_broken(table, most))
    return "\n".join(GAP.join(row).rstrip() for row in table)


def _broken(table: Sequence[Sequence[str]], most: int) -> Iterator[list[str]]:
    """The rows in as many lines as they need. Words are not broken; the first column, which holds
    names, keeps its width if it leaves room.
    """
    names, *rest = (len(cell) for cell in table[0])
    left = most - names - len(GAP)
    widths = [names, *fitted(rest, left)] if left >= most // 4 else fitted([names, *rest], most)
    for row in table:
        cells = [_lines(cell, n) for cell, n in zip(row, widths, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            yield [text.ljust(n) for text, n in zip(line, widths, strict=True)]


def _lines(cell: str, n: int) -> list[str]:
    if len(cell) <= n:
        return [cell]
    text = cell.strip()
    return textwrap.wrap(text, n, break_long_words=False, break_on_hyphens=False) or [""]


def fitted(wanted: Sequence[int], most: int) -> list[int]:
    """The widths of columns that fit together: the widest give way first."""
    left = most - len(GAP) * (len(wanted) - 1)
    limit = max(wanted, default=0)
    while limit > NARROWEST and sum(min(n, limit) for n in wanted) > left:
        limit -= 1
    return [min(n, limit) for n in wanted]


def aligned(rows: Iterable[Sequence[Any]], right: Collection[int] = ()) -> list[list[str]]:
    """The cells of rows, those of a column as wide as the widest. `right`: columns that are aligned
    to the right beside those with numbers.
    """
    table = [list(row) for row in rows]
    pads = [
        str.rjust
        if place in right or any(isinstance(v, (int, float)) for v in column)
        else str.ljust
        for place, column in enumerate(zip(*table, strict=True))
    ]
    cells = [["-" if v is None else visible(str(v)) for v in row] for row in table]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        [pad(text, width) for pad, text, width in zip(pads, row, widths, strict=True)]
        for row in cells
    ]


def visible(text: str) -> str:
    """The text with escapes in place of characters that a terminal obeys and doesn't show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def print_lines(lines: Iterable[str], file: TextIO | None = None) -> None:
    """Print lines, or texts of several, with what a terminal would obey made visible."""
    for text in lines:
        print("\n".join(map(visible, text.split("\n"))), file=file)


def plural(n: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def duration(seconds: float) -> str:
    """`1.5 s`, `2 min 5 s`, `1 h 30 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def age(seconds: float) -> str:
    """About how long: `38 s`, `12 min`, `5 h`, `3 days`."""
    for unit, length in (("s", 60), ("min", 60), ("h", 48)):
        if seconds < length:
            return f"{seconds:.0f} {unit}"
        seconds /= length if unit != "h" else 24
    return f"{seconds:.0f} days"


def moment(at: str) -> str:
    """A time as a person reads it: `2025-05-21 12:18:51 UTC`."""
    return at[:19].replace("T", " ") + " UTC"


def width() -> int | None:
    """How many characters a line on standard output may have; None: any number, no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def cut(line: str) -> str:
    """The line as far as the terminal has room for it; whole elsewhere."""
    most = width()
    return line if most is None or len(line) <= most else line[: most - 3] + "..."


def wrapped(text: str, indent: str = "") -> str:
    """The text in lines that fit the terminal, all but the first indented; one line elsewhere."""
    most = width()
    if most is None or len(text) <= most:
        return text
    return textwrap.fill(
        text, most, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def to_json(value: Any, indent: int | None = None) -> str:
    """The value as JSON, on one line without `indent`; in ASCII for a terminal that isn't UTF-8."""
    ascii_only = not streams.is_utf8(sys.stdout)
    return json.dumps(value, default=str, ensure_ascii=ascii_only, indent=indent)


def shortened(value: Any, limit: int = 60) -> str:
    """The value as JSON, cut to `limit` characters."""
    text = visible(to_json(value))
    return text if len(text) <= limit else text[: limit - 3] + "..."
