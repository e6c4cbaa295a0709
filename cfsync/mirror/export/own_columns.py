"""The columns that users have added to the mirror's tables, and their types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.db.types import TYPES
from cfsync.resources.model import Type

_TYPES: tuple[tuple[type[sa.types.TypeEngine[Any]], Type], ...] = (
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.Float, "number"),
    (sa.Numeric, "money"),
    (sa.JSON, "json"),
)
"""In this order: SQLAlchemy's Float is a Numeric."""


@dataclass(frozen=True, slots=True)
class OwnColumn:
    """A column that a user has added."""

    name: str
    #: What it is written as: a date, or what has no form of its own, as text.
    type: Type
    #: What is selected.
    expression: sa.ColumnElement[Any]


def find(tx: Tx, tables: Collection[str]) -> Mapping[str, list[OwnColumn]]:
    """Table -> the columns that users have added to it."""
    if not tables:
        return {}
    found = sa.inspect(tx.conn).get_multi_columns(filter_names=list(tables))
    return {
        table: [
            _own(c["name"], _known(c["type"], texts.get(c["name"])))
            for c in columns
            if c["name"] not in TABLES[table].c
        ]
        for (_, table), columns in found.items()
        for texts in [tx.dialect.declared_types(tx.conn, table)]
    }


def _known(reflected: sa.types.TypeEngine[Any], declared: str | None) -> sa.types.TypeEngine[Any]:
    """SQLAlchemy takes any type that SQLite doesn't know for NUMERIC, though it may hold texts."""
    is_money = declared is None or declared.upper().startswith(("NUMERIC", "DECIMAL"))
    return reflected if is_money or type(reflected) is not sa.NUMERIC else sa.TEXT()


def _own(name: str, declared: sa.types.TypeEngine[Any]) -> OwnColumn:
    """Its values as the driver reads them, where they have a form of their own. Pure."""
    as_is: sa.ColumnElement[Any] = sa.column(name)
    if getattr(declared, "timezone", False):
        return OwnColumn(name, "timestamp", as_is)
    kinds = (type_ for known, type_ in _TYPES if isinstance(declared, known))
    kind: Type = next(kinds, "text")
    if kind in ("json", "boolean"):
        return OwnColumn(name, kind, sa.column(name, TYPES[kind]))
    if kind != "text" or isinstance(declared, sa.LargeBinary):
        return OwnColumn(name, kind, as_is)
    return OwnColumn(name, "text", sa.cast(as_is, sa.Text).label(name))
