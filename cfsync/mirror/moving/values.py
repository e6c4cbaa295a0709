"""Single values on their way from one database to another. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
import sqlalchemy as sa

from cfsync.amounts import Rounded, same_digits
from cfsync.mirror.db.types import Json, Money, Timestamp
from cfsync.times import time_text

_EXACT = 2**53
_DIGITS = 15
"""From so many on, a database that holds amounts as floats may have lost some."""

Convert = Callable[[Any], Any]


def to_write(column: sa.Column[Any]) -> Convert | None:
    """What makes of a canonical value the one to load; None: it is the same."""
    return json_text if isinstance(column.type, Json) else None


def to_compare(column: sa.Column[Any]) -> Convert | None:
    """What makes equal values of both databases the same; None: they are."""
    match column.type:
        case Json():
            return lambda value: json.dumps(_plain(value), sort_keys=True)
        case Money():
            return _amount
        case Timestamp():
            return _moment
    return None


def json_text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value)


def _plain(value: Any) -> Any:
    """One database writes 1.0 and 1e2 as it got them, the other one as 1 and 100."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float) and abs(value) < _EXACT and value.is_integer():
        return int(value)
    return float(value) if isinstance(value, int) and abs(value) >= _EXACT else value


def _amount(value: Any) -> str:
    try:
        return f"{Decimal(value).normalize():f}"
    except InvalidOperation:
        return str(value)


def _moment(value: Any) -> str:
    """Both keep milliseconds; a text that a person wrote may have another form."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return str(value)
    return time_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def may_be_rounded(value: Any) -> bool:
    """Whether an amount may have had more digits than its database holds."""
    digits = str(value).lstrip("-0.").replace(".", "")
    return isinstance(value, Rounded) and len(digits) >= _DIGITS


def exact(value: str, known: Any) -> str:
    """The amount as ClickFunnels showed it, where that is the one that was rounded."""
    try:
        return str(known) if same_digits(value, str(known)) else value
    except ValueError:
        return value


class Digest:
    """Tells whether two databases hold the same rows, in whatever order they are read."""

    def __init__(self, table: sa.Table) -> None:
        self.rows = 0
        self._sum = 0
        self._converts = [
            (i, convert) for i, c in enumerate(table.columns) if (convert := to_compare(c))
        ]

    def add(self, row: Sequence[Any]) -> None:
        values = list(row)
        for i, convert in self._converts:
            if values[i] is not None:
                values[i] = convert(values[i])
        found = hashlib.blake2b(repr(values).encode(), digest_size=16).digest()
        self._sum = (self._sum + int.from_bytes(found)) % 2**128
        self.rows += 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and (self.rows, self._sum) == (other.rows, other._sum)

    def __hash__(self) -> int:
        return hash((self.rows, self._sum))
