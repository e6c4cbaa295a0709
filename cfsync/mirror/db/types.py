"""Column types: canonical Python values (`cfsync.values`) in, the same canonical values out.

| type      | SQLite                | PostgreSQL       |
| --------- | --------------------- | ---------------- |
| integer   | BIGINT                | BIGINT           |
| text      | TEXT                  | TEXT             |
| boolean   | BOOLEAN               | BOOLEAN          |
| timestamp | TEXT, `...12:18:51.772Z` | TIMESTAMPTZ   |
| money     | NUMERIC, 15 digits    | NUMERIC          |
| number    | REAL                  | DOUBLE PRECISION |
| json      | TEXT                  | JSONB            |

How timestamp, money and json are held says `Dialect.stored`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import sqlalchemy as sa

from cfsync.mirror.db.dialect import named
from cfsync.mirror.db.dialect.stored import Stored
from cfsync.resources.model import Type


class _Canonical(sa.types.TypeDecorator[Any]):
    """A type that each dialect holds in its own way."""

    impl = sa.Text
    cache_ok = True
    kind: ClassVar[Literal["timestamp", "money", "json"]]

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(self._stored(dialect).type)

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        convert = self._stored(dialect).to_driver
        return value if value is None or convert is None else convert(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        convert = self._stored(dialect).from_driver
        return value if value is None or convert is None else convert(value)

    def _stored(self, dialect: sa.Dialect) -> Stored:
        return named(dialect.name).stored[self.kind]


class Timestamp(_Canonical):
    cache_ok = True
    kind = "timestamp"


class Money(_Canonical):
    cache_ok = True
    kind = "money"


class Json(_Canonical):
    """JSON by content; what isn't JSON (SQLite has no such type) comes back as its text."""

    cache_ok = True
    kind = "json"


TYPES: Mapping[Type, sa.types.TypeEngine[Any]] = {
    "integer": sa.BigInteger(),
    "text": sa.Text(),
    "boolean": sa.Boolean(),
    "timestamp": Timestamp(),
    "money": Money(),
    "number": sa.Double(),
    "json": Json(),
}
