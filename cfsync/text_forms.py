"""Values of a database as text for other programs: CSV and JSON lines. Pure.

CSV is as PostgreSQL writes it: NULL is nothing, and an empty text is two quotes. Amounts keep their
digits, as text in JSON too; JSON in a cell of CSV is its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from cfsync.resources.model import Type
from cfsync.times import time_text

_IN_QUOTES = re.compile(r'[",\r\n]|^ | $')


def as_text(value: Any) -> str | None:
    """A value as one text; None for NULL."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case datetime():
            return _time(value)
        case bytes() | memoryview():
            return "\\x" + bytes(value).hex()
        case list() | dict():
            return json_text(value)
        case _:
            return str(value)


def _time(value: datetime) -> str:
    """As the API writes it, if it is a moment of whole milliseconds."""
    if value.tzinfo is None or value.microsecond % 1000:
        return value.isoformat().replace("+00:00", "Z")
    return time_text(value)


def csv_line(values: Iterable[Any]) -> str:
    return ",".join(_cell(as_text(value)) for value in values)


def typed_csv_line(types: Sequence[Type], values: Iterable[Any]) -> str:
    """A row of columns of these types. A text in a column of JSON is JSON, too."""
    return csv_line(
        json_text(value) if type_ == "json" and value is not None else value
        for type_, value in zip(types, values, strict=True)
    )


def _cell(text: str | None) -> str:
    if text is None:
        return ""
    if text == "" or _IN_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def json_line(names: Sequence[str], values: Sequence[Any], *, ascii_only: bool = False) -> str:
    """One JSON object. Of columns with the same name the later ones get a number."""
    return json_text(dict(zip(names, values, strict=True)), ascii_only=ascii_only)


def distinct(names: Sequence[str]) -> list[str]:
    """The names, told apart: id, id_2."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return found


def json_text(value: Any, *, ascii_only: bool = False) -> str:
    """Compact JSON; amounts in it, and what JSON has no form for, are text."""
    try:
        if not ascii_only:
            return orjson.dumps(value, _for_json, orjson.OPT_PASSTHROUGH_DATETIME).decode()
    except TypeError:  # such as integers of more than 64 bits
        pass
    return json.dumps(value, default=_for_json, ensure_ascii=ascii_only, separators=(",", ":"))


def _for_json(value: Any) -> Any:
    return value.isoformat() if type(value) is date else as_text(value)
