"""A field's value: from the API's JSON to the one canonical form that everything compares.

Canonical: integer -> int, text -> str, boolean -> bool, timestamp -> `2025-05-21T12:18:51.772Z`,
money -> str exactly as sent, number -> int or float, json -> what the JSON parser gives.
Pure: used by the codec, the merge and the mirror, so that all three mean the same by "equal".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from cfsync.records import ABSENT
from cfsync.resources.model import Field, Type

BIGINT = 2**63
"""Ids and integers from -BIGINT to BIGINT - 1 fit into a column."""

_USUAL_TIME = re.compile(r"[12]\d{3}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
_FOREIGN = re.compile("[\0\ud800-\udfff]")


class Unholdable(ValueError):
    """A value that no column of its type can hold."""


def decode(type_: Type, value: Any) -> Any:
    """The canonical form of a value as the API sent it. Raises Unholdable."""
    return None if value is None else _DECODERS[type_](value)


def _integer(value: Any) -> int:
    if type(value) is int and -BIGINT <= value < BIGINT:
        return value
    raise Unholdable


def _text(value: Any) -> str:
    if type(value) is str and not _FOREIGN.search(value):
        return value
    raise Unholdable


def _boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise Unholdable


def _timestamp(value: Any) -> str:
    if type(value) is not str:
        raise Unholdable
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if _USUAL_TIME.fullmatch(value):
            return value
        return time_text(moment)
    except (ValueError, OverflowError):
        raise Unholdable from None


def _money(value: Any) -> str:
    try:
        if type(value) is str and Decimal(value).is_finite():
            return value
    except InvalidOperation:
        pass
    raise Unholdable


def _number(value: Any) -> int | float:
    if type(value) in (int, float) and abs(value) < 1e308:
        return value  # type: ignore[no-any-return]
    raise Unholdable


def _json(value: Any) -> Any:
    if isinstance(value, (list, dict)) and not _has_foreign(value):
        return value
    raise Unholdable


def _has_foreign(value: Any) -> bool:
    """Whether JSONB could not hold it: a NUL or lone surrogate in any string, a number too large."""
    try:
        return b"\\u0000" in orjson.dumps(value)
    except (TypeError, ValueError):
        return True


_DECODERS: Mapping[Type, Callable[[Any], Any]] = {
    "integer": _integer,
    "text": _text,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "money": _money,
    "number": _number,
    "json": _json,
}


def time_text(moment: datetime) -> str:
    """An instant in the API's own form, UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def equal(field: Field, a: Any, b: Any) -> bool:
    """Whether two canonical values are the same to the API: JSON by content, money by value,
    sets without order, maps with their keys in snake_case and null as ''.
    """
    if a is b:
        return True
    if a is ABSENT or b is ABSENT:
        return False
    return bool(normal(field, a) == normal(field, b))


def normal(field: Field, value: Any) -> Any:
    """A form of a canonical value in which equal values are equal Python values."""
    if field.merge == "map":
        return normal_map(value)
    if value is None:
        return None
    if field.merge == "set":
        return frozenset(value)
    if field.type == "money":
        return Decimal(value)
    if field.type == "timestamp":
        return datetime.fromisoformat(value)
    if field.type == "json":
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return value


def normal_map(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """`custom_attributes` as the server writes them (ClickFunnels: snake_case keys, null -> '')."""
    return {snake_case(k): "" if v is None else v for k, v in (value or {}).items()}


def snake_case(key: str) -> str:
    """The server's form of an attribute's name: 'Favourite Colour' -> 'favourite_colour'."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", key)
    return re.sub(r"[^0-9A-Za-z]+", "_", spaced).strip("_").lower()
