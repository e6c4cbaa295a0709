"""Models for SQLAlchemy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from cfsync.orm.names import Attribute, attributes, class_name, tables_of
from cfsync.resources.model import Resource, Type

_HEAD = '''"""The mirror of a ClickFunnels account, for SQLAlchemy 2. Printed by `cfsync models`.

An UPDATE writes what has changed, and `cf_rev` as it was read: so it is refused where ClickFunnels
has changed the record since; read the object again then. Give a JSON column another value: a change
within its list or dict is not noticed. A new object has a provisional id until a push.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Double, ForeignKey, Integer, Numeric, Text, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    object_session,
    relationship,
)
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.types import TypeDecorator

Id = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Time(TypeDecorator[datetime]):
    """A time with its zone, which SQLite holds as text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else self.impl)

    def process_bind_param(self, value: datetime | None, dialect: Any) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        return datetime.fromisoformat(value) if isinstance(value, str) else value


class Money(TypeDecorator[Decimal]):
    """An exact amount, which SQLite holds as a number of 15 digits."""

    impl = Numeric()
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(Double() if dialect.name == "sqlite" else self.impl)

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> Any:
        return float(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        return Decimal(f"{value:.15g}") if isinstance(value, float) else value


class Base(DeclarativeBase):
    pass


@event.listens_for(Base, "before_update", propagate=True)
def _write_cf_rev(mapper: Any, connection: Any, row: Any) -> None:
    session = object_session(row)
    if "cf_rev" in row.__dict__ and isinstance(session, Session) and session.is_modified(row):
        flag_modified(row, "cf_rev")
'''

_TYPES: Mapping[Type, tuple[str, str]] = {
    "integer": ("int", "BigInteger"),
    "text": ("str", "Text"),
    "boolean": ("bool", ""),
    "timestamp": ("datetime", "Time"),
    "money": ("Decimal", "Money"),
    "number": ("float", "Double"),
    "json": ("Any", "Json"),
}
"""A type of the catalogue -> Python's, and SQLAlchemy's."""


def module(resources: Sequence[Resource]) -> str:
    """The text of the module."""
    tables = tables_of(resources)
    return "\n\n".join([_HEAD, *("\n".join(_class(r, tables)) + "\n" for r in resources)])


def _class(resource: Resource, tables: Collection[str]) -> Iterator[str]:
    found = attributes(resource, tables)
    yield f"class {class_name(resource.name)}(Base):"
    yield f'    __tablename__ = "{resource.name}"'
    for attribute in found:
        yield f"    {_column(attribute)}"
    yield "    cf_rev: Mapped[int | None] = mapped_column(BigInteger)"
    for attribute in found:
        if attribute.relation is not None:
            target = class_name(str(attribute.field.ref))
            yield (
                f"    {attribute.relation}: Mapped[{target} | None] = relationship("
                f"foreign_keys=[{attribute.name}])"
            )


def _column(attribute: Attribute) -> str:
    field = attribute.field
    if field.name == "id":
        return "id: Mapped[int] = mapped_column(Id, primary_key=True)"
    python, sql = _TYPES[field.type]
    key = f'ForeignKey("{field.ref}.id")' if attribute.relation is not None else ""
    column = f'"{field.name}"' if attribute.name != field.name else ""
    given = ", ".join(filter(None, [column, sql, key]))
    hint = "Any" if python == "Any" else f"{python} | None"
    return f"{attribute.name}: Mapped[{hint}] = mapped_column({given})"
