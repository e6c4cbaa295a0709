"""Fills columns that a revision of the schema adds to tables that hold rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.decode import decode_record
from cfsync.mirror.db.tables import BASE, NOTES, TABLES
from cfsync.resources import RESOURCES

ROWS = 1000
"""Rows that are read and written at once: memory stays flat."""

OF_DECODING = ("unknown", "converted", "unholdable")
"""The kinds of notes that say how a value fits its column."""


def fill(conn: sa.Connection, columns: Mapping[str, Sequence[str]]) -> None:
    """Fill the columns (table -> their names) from what ClickFunnels showed last, which holds the
    fields that had no column yet. The triggers must be gone: this is no edit.
    """
    forget_notes(conn, columns)
    for name, new in columns.items():
        table = TABLES[name]
        values = {
            column: sa.bindparam(f"new_{column}", type_=table.c[column].type) for column in new
        }
        update = sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(values)
        for bodies in _bodies(conn, name):
            conn.execute(update, [_row(name, new, id_, body) for id_, body in bodies])


def forget_notes(conn: sa.Connection, columns: Mapping[str, Sequence[str]]) -> None:
    """Drop the notes that these columns (table -> their names) were unknown, or of another type."""
    for name, fields in columns.items():
        about = NOTES.c.resource == name, NOTES.c.field.in_(fields), NOTES.c.kind.in_(OF_DECODING)
        conn.execute(sa.delete(NOTES).where(*about))


def _bodies(conn: sa.Connection, resource: str) -> Iterator[Sequence[tuple[int, str]]]:
    """The kept bodies of a resource, in pieces, by id."""
    after = 0
    query = sa.select(BASE.c.id, BASE.c.body).where(BASE.c.resource == resource)
    while True:
        piece = query.where(BASE.c.id > after, BASE.c.body.is_not(None)).order_by(BASE.c.id)
        found = [(id_, body) for id_, body in conn.execute(piece.limit(ROWS))]
        if not found:
            return
        yield found
        after = found[-1][0]


def _row(resource: str, columns: Sequence[str], id_: int, body: str) -> dict[str, Any]:
    values = decode_record(RESOURCES[resource], json.loads(body)).values
    return {"row_id": id_} | {f"new_{column}": values.get(column) for column in columns}
