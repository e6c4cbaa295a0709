"""Ids: a row that ClickFunnels doesn't know has a negative one until its record exists there.

Then the row's id and every reference to it change to the real id. `cf_ids` keeps the pair, so that
a reference that commits later is put right when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from cfsync.mirror import rows
from cfsync.mirror.engine import Tx
from cfsync.mirror.schema import IDS, OUTBOX, TABLES
from cfsync.resources import RESOURCES, Resource
from cfsync.resources.model import Field

Known = Mapping[tuple[str, int], int]
"""(resource, negative id) -> the id in ClickFunnels."""


def local_ids(resource: Resource, values: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The (resource, negative id) pairs to which a row's values refer. Pure."""
    for name, target in resource.references.items():
        for number in _members(values.get(name)):
            if number < 0:
                yield target, number


def _members(value: Any) -> list[int]:
    """The ids in a reference: a number, a number as text, or a list of them."""
    found = value if isinstance(value, list) else [value]
    return [int(v) for v in found if isinstance(v, int) or (isinstance(v, str) and _is_int(v))]


def _is_int(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def known(tx: Tx, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    pairs = list(wanted)
    if not pairs:
        return {}
    query = sa.select(IDS).where(sa.tuple_(IDS.c.resource, IDS.c.local_id).in_(pairs))
    return {(row.resource, row.local_id): row.id for row in tx.conn.execute(query)}


def with_real_ids(resource: Resource, values: Mapping[str, Any], ids: Known) -> dict[str, Any]:
    """The values with every known negative id replaced. Pure."""
    return {
        name: _real(resource.by_name[name], value, ids) if name in resource.references else value
        for name, value in values.items()
    }


def _real(field: Field, value: Any, ids: Known) -> Any:
    target = field.ref or ""
    if isinstance(value, list):
        return [_real(field, v, ids) for v in value]
    if isinstance(value, str):
        return str(ids.get((target, int(value)), value)) if _is_int(value) else value
    return ids.get((target, value), value)


def remember(tx: Tx, resource: Resource, local_id: int, real_id: int) -> None:
    row = {"resource": resource.name, "local_id": local_id, "id": real_id}
    rows.upsert(tx, IDS, [row])


def given_away(tx: Tx, resource: Resource, ids: Iterable[int]) -> set[int]:
    """Which of these real ids some insert has been given already."""
    query = sa.select(IDS.c.id).where(IDS.c.resource == resource.name, IDS.c.id.in_(list(ids)))
    return set(tx.conn.execute(query).scalars())


def move(tx: Tx, resource: Resource, local_id: int, real_id: int) -> None:
    """Change every reference in the mirror and the outbox from the negative id to the real one."""
    tx.conn.execute(
        sa.update(OUTBOX)
        .where(OUTBOX.c.resource == resource.name, OUTBOX.c.record_id == local_id)
        .values(record_id=real_id)
    )
    tx.new_rev()
    for other in RESOURCES.values():
        for name, target in other.references.items():
            if target == resource.name:
                _move_column(tx, other, other.by_name[name], local_id, real_id)


def _move_column(tx: Tx, other: Resource, field: Field, local_id: int, real_id: int) -> None:
    table = TABLES[other.name]
    column = table.c[field.name]
    stamp = {"cf_rev": tx.rev()}
    if field.type != "json":
        old, new = (str(i) if field.type == "text" else i for i in (local_id, real_id))
        tx.conn.execute(sa.update(table).where(column == old).values({field.name: new, **stamp}))
        return
    found = tx.conn.execute(sa.select(table.c.id, column).where(_mentions(column, local_id)))
    for row_id, value in found.all():
        moved = [real_id if v == local_id else v for v in value]
        tx.conn.execute(
            sa.update(table).where(table.c.id == row_id).values({field.name: moved, **stamp})
        )


def _mentions(column: sa.ColumnElement[Any], local_id: int) -> sa.ColumnElement[bool]:
    """Whether the JSON text of a list may hold the number: negative ids are long and rare."""
    return sa.cast(column, sa.Text).contains(orjson.dumps(local_id).decode())
