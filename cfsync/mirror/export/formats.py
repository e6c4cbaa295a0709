"""How rows are written: CSV, JSON lines, Parquet. Values come in canonical (`cfsync.values`).

CSV and JSON lines have amounts as ClickFunnels writes them; Parquet has decimals and timestamps.
JSON is nested in JSON lines, and text in the others.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, BinaryIO

from cfsync.errors import UsageError
from cfsync.mirror.export.relations import Relation
from cfsync.resources.model import Type
from cfsync.text_forms import as_text, csv_line, json_line, json_text, typed_csv_line

DIGITS, DECIMALS = 38, 9
"""Of an amount in Parquet: what warehouses take (BigQuery's NUMERIC, for one)."""

GROUP = 20_000
"""Rows of a group in Parquet: readers take a group as a whole."""


class Format(StrEnum):
    """The ending of a file's name, too."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class Writer(ABC):
    """Writes the rows of a relation to a file."""

    @abstractmethod
    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write some rows."""

    def close(self) -> None:
        """Write what comes after the last row."""
        return


class _Lines(Writer):
    def __init__(self, file: BinaryIO, line: Callable[[Sequence[Any]], str], head: str) -> None:
        self._file, self._line = file, line
        file.write(head.encode())

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self._file.write("".join(f"{self._line(row)}\n" for row in rows).encode())


class _Csv(_Lines):
    def __init__(self, file: BinaryIO, relation: Relation) -> None:
        types = list(relation.columns.values())
        head = f"{csv_line(relation.columns)}\n"
        super().__init__(file, lambda row: typed_csv_line(types, row), head)


class _JsonLines(_Lines):
    def __init__(self, file: BinaryIO, relation: Relation) -> None:
        names = list(relation.columns)
        super().__init__(file, lambda row: json_line(names, row), "")


class _Parquet(Writer):
    """Rows are kept, in the form of columns, until there are enough for a group."""

    def __init__(self, file: BinaryIO, relation: Relation) -> None:
        try:
            # Only this format needs it, and its types are not those of mypy's strict mode.
            self._arrow: Any = importlib.import_module("pyarrow")
            parquet: Any = importlib.import_module("pyarrow.parquet")
        except ModuleNotFoundError:
            raise UsageError(
                "Parquet needs pyarrow: pip install 'cfsync[parquet]', or choose csv or jsonl"
            ) from None
        self._relation = relation
        self._batches: list[Any] = []
        types = self._types()
        self._schema = self._arrow.schema([(n, types[t]) for n, t in relation.columns.items()])
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")

    def _types(self) -> Mapping[Type, Any]:
        arrow = self._arrow
        return {
            "integer": arrow.int64(),
            "text": arrow.string(),
            "boolean": arrow.bool_(),
            "timestamp": arrow.timestamp("us", tz="UTC"),
            "money": arrow.decimal128(DIGITS, DECIMALS),
            "number": arrow.float64(),
            "json": arrow.string(),
        }

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        arrays = [
            self._array(field, type_, values)
            for field, type_, values in zip(
                self._schema, self._relation.columns.values(), zip(*rows, strict=True), strict=True
            )
        ]
        self._batches.append(self._arrow.record_batch(arrays, schema=self._schema))
        if sum(batch.num_rows for batch in self._batches) >= GROUP:
            self._write_group()

    def _write_group(self) -> None:
        if self._batches:
            self._writer.write_table(self._arrow.Table.from_batches(self._batches, self._schema))
            self._batches.clear()

    def _array(self, field: Any, type_: Type, values: Sequence[Any]) -> Any:
        convert = _FOR_ARROW.get(type_, _unchanged)
        try:
            return self._arrow.array(
                [None if v is None else convert(v) for v in values], field.type
            )
        except (self._arrow.ArrowException, ArithmeticError, ValueError) as error:
            raise UsageError(
                f"Parquet can't hold a value in {self._relation.name}.{field.name} as {field.type}:"
                " choose csv or jsonl"
            ) from error

    def close(self) -> None:
        self._write_group()
        self._writer.close()


def _unchanged(value: Any) -> Any:
    return value


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


_FOR_ARROW: Mapping[Type, Callable[[Any], Any]] = {
    "text": as_text,
    "timestamp": _moment,
    "money": lambda value: Decimal(str(value)),
    "number": float,
    "json": json_text,
}

_WRITERS: Mapping[Format, Callable[[BinaryIO, Relation], Writer]] = {
    Format.CSV: _Csv,
    Format.JSONL: _JsonLines,
    Format.PARQUET: _Parquet,
}


def writer(format_: Format, file: BinaryIO, relation: Relation) -> Writer:
    """What writes a relation to a file. Raises UsageError where the format needs a library."""
    return _WRITERS[format_](file, relation)
