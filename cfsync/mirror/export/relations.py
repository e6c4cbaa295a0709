"""What can be exported: the mirror's tables and the views, with the types of their columns."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX, TABLES
from cfsync.mirror.db.types import TYPES
from cfsync.mirror.export import own_columns
from cfsync.mirror.export.own_columns import OwnColumn
from cfsync.mirror.views import VIEWS
from cfsync.resources import RESOURCES
from cfsync.resources.model import Type

CHUNK = 2_000
"""Rows that are in memory at a time."""

Columns = Mapping[str, Type]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a view."""

    name: str
    columns: Columns
    is_table: bool
    #: Those of the columns, the last ones, that users have added.
    own: Sequence[OwnColumn] = ()


def chosen(names: Sequence[str]) -> list[Relation]:
    """The tables and views of these names; without one, all tables. Neither cfsync's own tables nor
    its secrets are among them. Raises UsageError for a name that there isn't.
    """
    if not names:
        return [_table(name) for name in RESOURCES]
    return [_named(name) for name in dict.fromkeys(names)]


def _named(name: str) -> Relation:
    if name in RESOURCES:
        return _table(name)
    if name in VIEWS:
        return Relation(name, {c.name: c.type for c in VIEWS[name].columns}, False)
    known = (*RESOURCES, *VIEWS)
    close = get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(known)}"
    raise UsageError(f"there is no table or view {name!r} to export; {hint}")


def _table(name: str) -> Relation:
    return Relation(name, {f.name: f.type for f in RESOURCES[name].columns}, True)


def with_own_columns(tx: Tx, relations: Sequence[Relation]) -> list[Relation]:
    """The same, with the columns that users have added."""
    own = own_columns.find(tx, [r.name for r in relations if r.is_table])
    return [_extended(r, own.get(r.name, ())) if r.is_table else r for r in relations]


def _extended(table: Relation, own: Sequence[OwnColumn]) -> Relation:
    return replace(table, columns={**table.columns, **{c.name: c.type for c in own}}, own=own)


def count(tx: Tx, relation: Relation, since: str) -> int | None:
    """How many rows a table has to export; None: to count those of a view takes as long as reading
    them.
    """
    if not relation.is_table:
        return None
    query = sa.select(sa.func.count()).select_from(TABLES[relation.name])
    return int(tx.conn.execute(_since(query, relation, since)).scalar_one())


def check_dated(relations: Sequence[Relation]) -> None:
    """Raise UsageError if one of them doesn't tell which of its rows have changed."""
    if view := next((r.name for r in relations if not r.is_table), None):
        raise UsageError(f"--since is for tables: the view {view} doesn't say when a row changed")


def rows(tx: Tx, relation: Relation, since: str) -> Generator[Sequence[Sequence[Any]]]:
    """The rows, canonical, some at a time: those of a table by id, those of a view by all columns.
    `since`: of a table only rows that cfsync has written, or somebody has edited here, since then.
    """
    query = _since(_query(relation), relation, since)
    with tx.conn.execute(query, execution_options={"yield_per": CHUNK}) as found:
        yield from found.partitions()


def _query(relation: Relation) -> sa.Select[Any]:
    columns: list[Any]
    if relation.is_table:
        table = TABLES[relation.name]
        own = {column.name: column.expression for column in relation.own}
        columns = [own[n] if n in own else table.c[n] for n in relation.columns]
        return sa.select(*columns).select_from(table).order_by(table.c.id)
    columns = [sa.column(name, TYPES[type_]) for name, type_ in relation.columns.items()]
    return sa.select(*columns).select_from(sa.table(relation.name)).order_by(*columns)


def _since(query: sa.Select[Any], relation: Relation, since: str) -> sa.Select[Any]:
    return query.where(_moved(relation.name, since)) if since else query


def _moved(name: str, since: str) -> sa.ColumnElement[bool]:
    table = TABLES[name]
    edited = sa.select(OUTBOX.c.record_id).where(
        OUTBOX.c.resource == name, OUTBOX.c.captured_at >= since
    )
    return (table.c.cf_synced_at >= since) | table.c.id.in_(edited)
