"""Checks single values that were sent, and brings them into the form that the server stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from cfsync.resources import Field
from cfsync.sandbox.seeds.formats import time_ms, time_text

LONGEST = 65_535
"""Longest text, in characters."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Invalid(ValueError):
    """A value that the server refuses; the text is the server's message about the field."""


def accepted(field: Field, value: Any) -> Any:
    """The value as the server stores it. Raises Invalid."""
    if value is None:
        if field.null or field.write_only:
            return None
        raise Invalid("can't be blank")
    if field.name == "email_address" and not _EMAIL.fullmatch(str(value)):
        raise Invalid("is invalid")
    return _ACCEPT[field.type](value)


def _of(*types: type) -> Callable[[Any], Any]:
    def accept(value: Any) -> Any:
        if type(value) not in types:
            raise Invalid("is invalid")
        return value

    return accept


def _integer(value: Any) -> int:
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    raise Invalid("is not a number")


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Invalid("is invalid")
    if "\0" in value:
        raise Invalid("contains a null byte")
    if len(value) > LONGEST:
        raise Invalid(f"is too long (maximum is {LONGEST} characters)")
    return value


def _time(value: Any) -> str:
    try:
        return time_text(time_ms(value))
    except (ValueError, TypeError, OverflowError):
        raise Invalid("is not a time") from None


def _money(value: Any) -> str:
    try:
        return str(Decimal(str(value)).quantize(Decimal("0.01")))
    except InvalidOperation:
        raise Invalid("is not a number") from None


_ACCEPT: Mapping[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "text": _text,
    "boolean": _of(bool),
    "timestamp": _time,
    "money": _money,
    "number": _of(int, float),
    "json": _of(list, dict),
}


def snake_case(key: str) -> str:
    """An attribute's name as the server writes it: 'Favourite Colour' -> 'favourite_colour'."""
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])", key)
    return "_".join(words).lower()


def attributes(value: Mapping[str, Any]) -> dict[str, str]:
    """`custom_attributes` as the server stores them: text values, names in snake_case."""
    return {snake_case(key): "" if v is None else str(v) for key, v in value.items()}
