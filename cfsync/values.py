"""The canonical form of a field's value: decoding to it, and comparing in it.

Canonical: integer -> int, text -> str, boolean -> bool, timestamp -> `2025-05-21T12:18:51.772Z`,
money -> str exactly as sent, number -> int or float, json -> what the JSON parser gives.
Pure. The API's client, the merge and the mirror all compare values with `equal`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

from cfsync.amounts import Rounded, same_digits
from cfsync.records import ABSENT
from cfsync.resources.model import Field, Type
from cfsync.times import time_text

BIGINT = 2**63
"""Integers from -BIGINT to BIGINT - 1 fit into a column."""

_USUAL_TIME = re.compile(
    r"[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z",
    re.ASCII,
).fullmatch
"""Matches only days that every month has; `datetime` checks the others."""

_MONEY = re.compile(r"-?\d{1,300}(?:\.\d{1,1000})?", re.ASCII).fullmatch
"""Matches amounts that PostgreSQL's NUMERIC can hold, and a float with 15 digits."""

_WHOLE = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII).fullmatch
"""Matches integers whose text is the only one for their value."""

_EXACT = 2**53
"""Up to here a float holds each integer."""

_BOOLEANS: Mapping[Any, bool] = dict.fromkeys((0, "0", "false"), False) | dict.fromkeys(
    (1, "1", "true"), True
)

_FOREIGN = re.compile("[\0\ud800-\udfff]").search


class Unholdable(ValueError):
    """A value that no column of its type can hold."""


def decode(type_: Type, value: Any) -> Any:
    """The canonical form of a value as the API sent it; None for null. A value of another JSON type
    that converts without loss is converted. Raises Unholdable.
    """
    return None if value is None else _DECODERS[type_](value)


def decoder(field: Field) -> Callable[[Any], Any]:
    """`decode` for values of one field that are not None; for hot loops."""
    return _SHAPES.get(field.merge) or _DECODERS[field.type]


def as_is(field: Field) -> frozenset[type]:
    """The Python types whose values `decode` returns unchanged, if no text in them has a NUL or a
    lone surrogate and no integer in them more than 64 bits; for hot loops.
    """
    types = _AS_IS.get(field.type, frozenset({type(None)}))
    if field.merge == "map":
        return types - {list}
    return types - {list, dict} if field.merge == "set" else types


def _integer(value: Any) -> int:
    if _is_whole(value):
        value = int(value)
    if type(value) is int and -BIGINT <= value < BIGINT:
        return value
    raise Unholdable


def _is_whole(value: Any) -> bool:
    """Whether it is an integer of another JSON type."""
    if type(value) is str:
        return _WHOLE(value) is not None
    return type(value) is float and value.is_integer() and abs(value) <= _EXACT


def _text(value: Any) -> str:
    if type(value) is str and not (
        "\0" in value if value.isascii() else _FOREIGN(value)  # the cheap test first
    ):
        return value
    if type(value) in (int, bool) or (type(value) is float and isfinite(value)):
        return json.dumps(value)
    raise Unholdable


def _boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) in (int, str) and value in _BOOLEANS:
        return _BOOLEANS[value]
    raise Unholdable


def _timestamp(value: Any) -> str:
    if type(value) is not str:
        raise Unholdable
    if _USUAL_TIME(value):
        return value
    try:
        moment = datetime.fromisoformat(value)
        return time_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise Unholdable from None


def _money(value: Any) -> str:
    if type(value) is int or (type(value) is float and isfinite(value)):
        value = f"{Decimal(repr(value)):f}"
    if type(value) is str and _MONEY(value):
        return value
    raise Unholdable


def _number(value: Any) -> int | float:
    if type(value) is str and _MONEY(value):
        value = _same_number(value)
    if type(value) is float and abs(value) < 1e308:
        return value
    if type(value) is int:
        return _integer(value)
    raise Unholdable


def _same_number(text: str) -> int | float | None:
    """The number in a text; None where a column can't hold it without loss."""
    number = float(text)
    if abs(number) < 1e308 and Decimal(repr(number)) == Decimal(text):
        return number
    return None


def _json(value: Any) -> Any:
    if type(value) in (list, dict) and not (value and _has_foreign(value)):
        return value
    raise Unholdable


def _map(value: Any) -> Any:
    if type(value) is dict:
        return _json(value)
    raise Unholdable


def _set(value: Any) -> list[int]:
    """A set is sorted and has each member once, in whatever order the API shows them."""
    if type(value) is list:
        return sorted(set(map(_integer, value)))
    raise Unholdable


_SHAPES: Mapping[str, Callable[[Any], Any]] = {"map": _map, "set": _set}
"""How a field merges -> the decoder of its values, where JSON of any kind isn't enough."""


def _has_foreign(value: Any) -> bool:
    """Whether PostgreSQL's JSONB can't hold it: it has a NUL, a lone surrogate, or a number that is
    too large.
    """
    try:
        text = orjson.dumps(value)
    except TypeError:
        return True
    return b"\\u0000" in text and _has_nul(value)


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_nul, value)) or any(map(_has_nul, value.values()))
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


_DECODERS: Mapping[Type, Callable[[Any], Any]] = {
    "integer": _integer,
    "text": _text,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "money": _money,
    "number": _number,
    "json": _json,
}


_AS_IS: Mapping[Type, frozenset[type]] = {
    "text": frozenset({type(None), str}),
    "boolean": frozenset({type(None), bool}),
    "json": frozenset({type(None), list, dict}),
}


def json_of(text: str | bytes) -> Any:
    """The value of JSON text that the mirror keeps, which may hold what orjson refuses: lone
    surrogates and numbers of any size.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


_SCALARS = frozenset({str, int, bool})
"""Values of these types that are the same are equal in any field."""


def equal(field: Field, a: Any, b: Any) -> bool:
    """Whether two canonical values are the same to the API: JSON by content, money by value,
    sets without order, maps with their keys in snake_case, where null, '' and no key are the same.
    """
    if a is b or (type(a) is type(b) and type(a) in _SCALARS and a == b):
        return True
    if a is ABSENT or b is ABSENT:
        return False
    if Rounded in (type(a), type(b)) and a is not None and b is not None:
        return same_digits(a, b)
    return bool(normal(field, a) == normal(field, b))


def normal(field: Field, value: Any) -> Any:
    """A form of a canonical value in which equal values are equal Python values. A value that is
    not canonical, which SQLite accepts when the triggers are off, equals only itself.
    """
    try:
        return _normal(field, value)
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        return json.dumps(value, sort_keys=True, default=str)


def _normal(field: Field, value: Any) -> Any:
    if field.merge == "map":
        return {key: v for key, v in normal_map(value).items() if v != ""}
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


def normal_map(value: Mapping[str, Any] | None, shown: Collection[str] = ()) -> dict[str, Any]:
    """`custom_attributes` in the server's form: snake_case keys, '' in place of null. Keys that the
    server has `shown` are in that form already. Of two spellings of one key the other one counts,
    wherever the database puts it: the server's own stands in every row, so a person has added the
    other.
    """
    given = {key: "" if v is None else v for key, v in (value or {}).items()}
    names = {key: key if key in shown else snake_case(key) for key in given}
    found = {names[key]: v for key, v in given.items()}
    return found | {names[key]: v for key, v in given.items() if names[key] != key}


def snake_case(key: str) -> str:
    """The server's form of an attribute's name: 'Favourite Colour' -> 'favourite_colour'. Letters
    of every script are kept, or two names could become the same.
    """
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", key)
    return re.sub(r"[\W_]+", "_", spaced).strip("_").lower() or key
