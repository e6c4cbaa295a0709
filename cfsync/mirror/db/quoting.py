"""Names and texts as they stand in SQL, on every database."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy.engine.default import DefaultDialect

from cfsync.records import PROVISIONAL_FROM

if TYPE_CHECKING:
    import sqlalchemy as sa

_preparer = DefaultDialect().identifier_preparer


@cache
def ident(name: str) -> str:
    """The name of a table or column, always quoted, so that it may be an SQL keyword."""
    return _preparer.quote_identifier(name)


def table_name(table: sa.Table) -> str:
    """The name of a table, with its schema where it has one of its own."""
    name = ident(table.name)
    return f"{ident(table.schema)}.{name}" if table.schema else name


def exists_in_clickfunnels(id_column: str) -> str:
    """Whether a row's id is ClickFunnels', no provisional one."""
    return f"{id_column} < {PROVISIONAL_FROM}"


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
