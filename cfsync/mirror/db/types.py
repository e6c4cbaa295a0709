"""Column types: canonical Python values (`cfsync.values`) in, the same canonical values out.

| type      | SQLite                | PostgreSQL       |
| --------- | --------------------- | ---------------- |
| integer   | BIGINT                | BIGINT           |
| text      | TEXT                  | TEXT             |
| boolean   | BOOLEAN               | BOOLEAN          |
| timestamp | TEXT, `...12:18:51.772Z` | TIMESTAMPTZ   |
| money     | TEXT, exactly as sent | NUMERIC          |
| number    | REAL                  | DOUBLE PRECISION |
| json      | TEXT                  | JSONB            |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import sqlalchemy as sa

from cfsync.resources.model import Type
from cfsync.values import json_of, time_text


class Timestamp(sa.types.TypeDecorator[str]):
    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return _variant(dialect, sa.Text(), lambda: sa.DateTime(timezone=True))

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name == "sqlite":
            return value
        return datetime.fromisoformat(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return time_text(value) if isinstance(value, datetime) else value


class Money(sa.types.TypeDecorator[str]):
    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return _variant(dialect, sa.Text(), sa.Numeric)

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> Any:
        return value if value is None or dialect.name == "sqlite" else Decimal(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return str(value) if isinstance(value, Decimal) else value


class Json(sa.types.TypeDecorator[Any]):
    """JSON by content; what isn't JSON (SQLite has no such type) comes back as its text."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return _variant(dialect, sa.Text(), _jsonb)

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        if dialect.name != "sqlite" or not isinstance(value, str):
            return value
        try:
            return json_of(value)
        except ValueError:
            return value


def _jsonb() -> sa.types.TypeEngine[Any]:
    from sqlalchemy.dialects.postgresql import JSONB  # a large import, for nothing on SQLite

    return JSONB(none_as_null=True)


def _variant(
    dialect: sa.Dialect,
    sqlite: sa.types.TypeEngine[Any],
    other: Callable[[], sa.types.TypeEngine[Any]],
) -> sa.types.TypeEngine[Any]:
    return dialect.type_descriptor(sqlite if dialect.name == "sqlite" else other())


TYPES: Mapping[Type, sa.types.TypeEngine[Any]] = {
    "integer": sa.BigInteger(),
    "text": sa.Text(),
    "boolean": sa.Boolean(),
    "timestamp": Timestamp(),
    "money": Money(),
    "number": sa.Double(),
    "json": Json(),
}
