"""Times and ids in the form in which the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cfsync.resources import ALL

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_CORE_FIRST = sorted(ALL, key=lambda name: ALL[name].group != "core")

NUMBERS = {name: n for n, name in enumerate(_CORE_FIRST)}
"""A number for each resource: part of its public ids, and of what its seeded records depend on.
Those of the core stand first, so that a new entry of another group changes none of theirs.
"""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def time_text(ms: int) -> str:
    """Milliseconds of Unix time as the API writes them: `2025-05-21T12:18:51.772Z`."""
    day, ms = divmod(ms, 86_400_000)
    minute, ms = divmod(ms, 60_000)
    return f"{_day_text(day)}T{minute // 60:02}:{minute % 60:02}:{ms // 1000:02}.{ms % 1000:03}Z"


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return (EPOCH + timedelta(days=day)).date().isoformat()


def time_ms(text: str) -> int:
    """The reverse of `time_text`; any ISO 8601 time. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def public_id(resource: str, id_: int) -> str:
    number, text = id_ * 1009 + NUMBERS[resource], ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return "p" + text


def id_of(resource: str, text: str) -> int | None:
    """The id that a path or a filter names, by itself or by a public_id; None if it is neither."""
    try:
        if text[:1] != "p":
            return int(text)
        id_, number = divmod(int(text[1:], 36), 1009)
    except ValueError:
        return None
    return id_ if number == NUMBERS[resource] else None
