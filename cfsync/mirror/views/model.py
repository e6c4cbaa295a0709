"""`View`, the class of a view, and the format of its columns.

A line for each column, in order: name, type, and where its value comes from:

    o.created_at                    SQL, in which any of the next may stand, read as the column's
                                    type; a column of a table keeps its own
    item:products_price.amount      the value at that path in a member `item` of `rows`
    tag:                            the member itself
    o.visits:last_visit.uuid        the value at that path in a JSON column
    item#                           the member's place in its list
    attribute@                      the member's name in its object

A column may be added at the end, but never moved or removed, and keeps its type: PostgreSQL can
then replace a view in place, and views that users have built on it stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from cfsync.mirror.db.dialect.view_sql import SQLiteViews, ViewSql
from cfsync.mirror.db.quoting import ident
from cfsync.resources import RESOURCES
from cfsync.resources.model import Type

_TABLE = re.compile(r'\b(?:FROM|JOIN) "?(\w+)"? (\w+)')
_JSON = re.compile(r"(\w+(?:\.\w+)?):([\w.]*)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view."""

    name: str
    type: Type
    #: Where its value comes from, as the module's docstring explains.
    source: str


@dataclass(frozen=True, slots=True)
class Links:
    """What a view with one row for each member of a set writes: the set, a member at a time."""

    #: The resource whose records have the set.
    resource: str
    #: The field that holds it.
    field: str
    #: The column with the record's id.
    record: str
    #: The column with the member's id, or its name.
    member: str
    name: str

    @property
    def members(self) -> str:
        """The resource of the members."""
        return RESOURCES[self.resource].references[self.field]


@dataclass(frozen=True, slots=True)
class View:
    """A view, the same on every database."""

    name: str
    #: What it has one row for.
    row: str
    #: The format of the columns is explained above.
    columns: tuple[Column, ...]
    #: FROM and all that follows.
    source: Callable[[ViewSql], str]
    #: Which of these records it leaves out; empty: none.
    without: str = ""
    #: It reads cfsync's own tables, of which its readers see nothing else.
    private: bool = False
    #: Its columns are as they come: a condition on one can use an index.
    plain: bool = False
    #: What an INSERT or a DELETE changes; None: it is for reading.
    links: Links | None = None

    def statement(self, sql: ViewSql) -> str:
        """The statement that makes it."""
        source = self.source(sql)
        tables = {alias: name for name, alias in _TABLE.findall(source)}
        selected = ",\n  ".join(
            f"{c.source if self.plain else _value(c, sql, tables)} AS {ident(c.name)}"
            for c in self.columns
        )
        barrier = sql.barrier if self.private else ""
        return f"{sql.create} {ident(self.name)}{barrier} AS\nSELECT {selected}\n{source}"

    def origins(self) -> dict[str, str]:
        """Column -> where its value stands, as `orders.created_at`; '' where it is computed."""
        tables = {alias: name for name, alias in _TABLE.findall(self.source(SQLiteViews()))}
        return {c.name: _origin(c.source, tables) for c in self.columns}

    @property
    def tables(self) -> set[str]:
        """The tables of the mirror that it reads: the same on every database."""
        found = _TABLE.findall(self.source(SQLiteViews()))
        return {name for name, _ in found if name in RESOURCES}


def _origin(source: str, tables: dict[str, str]) -> str:
    alias, _, name = source.partition(".")
    return f"{tables[alias]}.{name}" if alias in tables and name.isidentifier() else ""


def _value(column: Column, sql: ViewSql, tables: dict[str, str]) -> str:
    source = column.source
    alias, _, name = source.partition(".")
    if name.isidentifier() and tables.get(alias) in RESOURCES:
        return f"{alias}.{ident(name)}"
    return sql.typed(_computed(column, sql), column.type)


def _computed(column: Column, sql: ViewSql) -> str:
    source = column.source
    if source.endswith("#"):
        return sql.position(source[:-1])
    if source.endswith("@"):
        return sql.key(source[:-1])
    return _JSON.sub(lambda match: _in_json(match[1], match[2], column.type, sql), source)


def _in_json(json: str, path: str, type_: Type, sql: ViewSql) -> str:
    if not path:
        return sql.member(json, type_)
    return sql.value(json if "." in json else f"{json}.value", path, type_)


def columns(text: str) -> tuple[Column, ...]:
    """The columns in a text of the format above. Raises ValueError on an unknown type."""
    return tuple(_column(line.split(maxsplit=2)) for line in text.splitlines() if line.strip())


def _column(words: list[str]) -> Column:
    name, type_, source = words
    if type_ not in get_args(Type):
        raise ValueError(f"column {name}: unknown type {type_!r}")
    return Column(name, type_, source)  # type: ignore[arg-type]
