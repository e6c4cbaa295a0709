"""The rows of a file: CSV with a header, or JSON lines."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TextIO

import orjson

from cfsync.errors import UsageError
from cfsync.sync.importing.source import Source

DELIMITERS = ",;\t|"
LONGEST_LINE = 4_000_000
"""Characters; a line that is longer is none of a table."""
LONGEST_VALUE = 1_000_000
_SAMPLE = 50
"""Lines from which the delimiter is seen."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. A value of a CSV file is text without spaces around it; '' and None are blank."""

    #: The line at which it begins, from 1.
    line: int
    values: Mapping[str, Any]
    #: Why it can't be read.
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows of a source are written."""

    source: Source
    columns: tuple[str, ...]
    #: None: JSON lines.
    delimiter: str | None
    #: Lines before the header.
    skipped: int = 0

    @property
    def is_csv(self) -> bool:
        return self.delimiter is not None

    def rows(self) -> Iterator[Row]:
        """Its rows, from the first one. Raises UsageError where the file can't be read on."""
        with self.source.text() as text:
            lines = _lines(text, self.source)
            yield from _csv_rows(self, lines) if self.is_csv else _json_rows(lines)


def read_table(source: Source, is_known: Callable[[str], bool]) -> Table:
    """How the rows of a source are written. `is_known`: whether a column has a name that is known,
    by which the delimiter is chosen. Raises UsageError for a file without a header.
    """
    with source.text() as text:
        sample = list(islice(_lines(text, source), _SAMPLE))
    first = next((line.strip() for line in sample if line.strip()), "")
    if not first:
        raise UsageError(f"{source.name} is empty")
    if first.startswith("["):
        raise UsageError(f"{source.name} is one JSON list: write an object a line (jq -c '.[]')")
    if first.startswith("{"):
        return Table(source, _json_columns(source), None)
    csv.field_size_limit(LONGEST_VALUE)
    skipped = 1 if sample[0].lower().startswith("sep=") else 0
    given = sample[0].strip()[4:5] if skipped else ""
    delimiter = given or _delimiter(sample, is_known)
    header = next(filter(None, _reader(source, sample[skipped:], delimiter)), ())
    columns = tuple(name.strip() for name in header)
    _check_header(source, columns)
    return Table(source, columns, delimiter, skipped)


def _lines(text: TextIO, source: Source) -> Iterator[str]:
    n = 0
    try:
        while line := text.readline(LONGEST_LINE):
            n += 1
            if len(line) == LONGEST_LINE:
                raise UsageError(f"{source.name}: line {n} is too long; is this a table?")
            yield line
    except UnicodeError:
        raise UsageError(
            f"{source.name}: what follows line {n} is not {source.encoding}: give --encoding"
        ) from None


def _delimiter(sample: Sequence[str], is_known: Callable[[str], bool]) -> str:
    """The delimiter with which most of the header is known, or else most lines are alike. Pure."""

    def merit(delimiter: str) -> tuple[int, int, int]:
        try:
            rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            return 0, 0, 0
        width = len(rows[0])
        alike = sum(len(row) == width for row in rows) if width > 1 else 0
        return sum(map(is_known, rows[0])), alike, width

    return max(DELIMITERS, key=merit)


def _check_header(source: Source, columns: Sequence[str]) -> None:
    if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
        raise UsageError(f"{source.name}: the header has {', '.join(twice)} twice: rename one")


def _reader(source: Source, lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        yield from reader
    except csv.Error as error:
        raise UsageError(
            f"{source.name}: line {reader.line_num}: {error}: check the quotes"
        ) from None


def _csv_rows(table: Table, lines: Iterator[str]) -> Iterator[Row]:
    ends = _Counted(lines)
    for _ in islice(ends, table.skipped):
        pass
    width, is_header, begins = len(table.columns), True, ends.number + 1
    for cells in _reader(table.source, ends, table.delimiter or ","):
        line, begins = begins, ends.number + 1
        if not any(cells):
            continue
        if is_header:
            is_header = False
        elif len(cells) > width:
            yield Row(line, {}, f"has {len(cells)} values, and the header {width}")
        else:
            yield Row(line, dict(zip(table.columns, map(str.strip, cells), strict=False)))


class _Counted(Iterator[str]):
    """Lines, and the number of the last one."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self.number = lines, 0

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        return line


def _json_rows(lines: Iterator[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except ValueError:
            yield Row(number, {}, "is not JSON")
            continue
        if isinstance(value, dict):
            yield Row(number, {name.strip(): v for name, v in value.items()})
        else:
            yield Row(number, {}, "is not a JSON object")


def _json_columns(source: Source) -> tuple[str, ...]:
    """Every name in any of the rows."""
    with source.text() as text:
        rows = _json_rows(_lines(text, source))
        return tuple(dict.fromkeys(name for row in rows for name in row.values))
