"""How SQLite holds values, in columns of any type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from cfsync.amounts import Rounded
from cfsync.mirror.db.dialect.stored import Stored
from cfsync.values import json_of


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _from_json(value: Any) -> Any:
    """The column has no type of its own, so it may hold something that is not JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json_of(value)
    except ValueError:
        return value


def _amount(value: Any) -> Any:
    """Text, which a trigger would have refused, is no amount."""
    return value if isinstance(value, str) else Rounded.of(value)


STORED: Mapping[Literal["timestamp", "money", "json"], Stored] = {
    "timestamp": Stored(sa.Text()),
    "money": Stored(sa.Numeric(asdecimal=False), float, _amount),
    "json": Stored(sa.Text(), _to_json, _from_json),
}
