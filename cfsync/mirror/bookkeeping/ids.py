"""Ids: a row that ClickFunnels doesn't know has a provisional one until its record exists there.

Then the row's id and every reference to it change to the real id. `cf_ids` keeps the pair, so that
a reference that commits later is put right when it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import rows
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Op
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx, try_write
from cfsync.mirror.db.tables import IDS, OUTBOX, TABLES
from cfsync.mirror.history.changes import BY_PUSH
from cfsync.mirror.progress import meta
from cfsync.records import is_provisional
from cfsync.resources import RESOURCES, Resource, items
from cfsync.resources.model import Field

_ID = re.compile(r"-?[0-9]{1,18}", re.ASCII).fullmatch
"""Longer ones are no id of ours, nor a number that both databases compare with one."""

_OF_PAIRS = sa.select(IDS).where(
    sa.tuple_(IDS.c.resource, IDS.c.local_id).in_(sa.bindparam("pairs", expanding=True))
)
_PAIRS_AT_ONCE = 1_000
"""PostgreSQL nests the comparisons of pairs, and its stack takes only some thousand."""

RealIds = Mapping[tuple[str, int], int]
"""(resource, provisional id) -> the id in ClickFunnels."""

Outlook = Literal["awaited", "unseen", "never"]
"""`never`: one of them is gone for good, its insert was dropped or deleted unsent. `unseen`: one
was never inserted, as far as can be seen, for its transaction may still be open.
"""


def local_ids(resource: Resource, values: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The (resource, provisional id) pairs to which a row's values refer. Pure."""
    for target, value in _references(resource, values):
        for number in _members(value):
            if is_provisional(number):
                yield target, number


def _references(resource: Resource, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(resource, id or ids) of every column, and of every item of a list, that refers to others."""
    for field in resource.columns:
        if field.ref:
            yield field.ref, values.get(field.name)
        if field.items:
            yield from items.references(field.items, values.get(field.name))


def columns_about(resource: Resource, target: Resource) -> list[str]:
    """The columns of a resource that may hold ids of records of another one. Pure."""
    return [
        f.name for f in resource.columns if target.name in (f.ref, *(key.ref for key in f.items))
    ]


def _members(value: Any) -> list[int]:
    """The ids in a reference: a number, a number as text, or a list of them."""
    found = value if isinstance(value, list) else [value]
    return [int(v) for v in found if isinstance(v, int) or (isinstance(v, str) and _is_int(v))]


def _is_int(text: str) -> bool:
    return _ID(text) is not None


def find_real_ids(tx: Tx, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The real ids of those of these (resource, provisional id) pairs that have one."""
    pairs, found = list(set(wanted)), dict[tuple[str, int], int]()
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = {"pairs": pairs[start : start + _PAIRS_AT_ONCE]}
        for row in tx.conn.execute(_OF_PAIRS, some):
            found[row.resource, row.local_id] = row.id
    return found


def with_real_ids(
    resource: Resource, values: Mapping[str, Any], real_ids: RealIds
) -> dict[str, Any]:
    """The values with every known provisional id replaced. Pure."""
    return {
        name: _resolved(resource.by_name[name], value, real_ids)
        if name in resource.by_name
        else value
        for name, value in values.items()
    }


def _resolved(field: Field, value: Any, real_ids: RealIds) -> Any:
    if field.ref:
        return _real(field.ref, value, real_ids)
    if field.items:
        return items.with_references(field.items, value, partial(_real, real_ids=real_ids))
    return value


def _real(target: str, value: Any, real_ids: RealIds) -> Any:
    if isinstance(value, list):
        return [_real(target, v, real_ids) for v in value]
    if isinstance(value, str):
        return str(real_ids.get((target, int(value)), value)) if _is_int(value) else value
    return real_ids.get((target, value), value) if isinstance(value, int) else value


def save(tx: Tx, resource: Resource, local_id: int, real_id: int) -> None:
    """Keep the real id of an inserted row."""
    row = {"resource": resource.name, "local_id": local_id, "id": real_id}
    statements.upsert(tx, IDS, [row])


def already_assigned(tx: Tx, resource: Resource, ids: Iterable[int]) -> set[int]:
    """Which of these real ids some insert has been given already."""
    query = sa.select(IDS.c.id).where(IDS.c.resource == resource.name, IDS.c.id.in_(list(ids)))
    return set(tx.conn.execute(query).scalars())


def save_successor(tx: Tx, resource: Resource, record_id: int, new_id: int) -> None:
    """Keep that a deleted record was brought back as this row."""
    meta.put(tx.conn, f"{meta.UNDELETED}{resource.name}/{record_id}", str(new_id))


def successor(tx: Tx, resource: Resource, record_id: int) -> int | None:
    """The id that the row has now as which a deleted record was brought back."""
    text = meta.get(tx.conn, f"{meta.UNDELETED}{resource.name}/{record_id}")
    return None if text is None else _now(tx, resource, int(text))


def predecessors(tx: Tx, resource: Resource, record_id: int) -> list[int]:
    """The ids of the deleted records that were brought back as this one, and those of theirs."""
    kept = meta.with_prefix(tx.conn, f"{meta.UNDELETED}{resource.name}/")
    before = [int(old) for old, new in kept.items() if _now(tx, resource, int(new)) == record_id]
    return before + [i for old in before for i in predecessors(tx, resource, old)]


def _now(tx: Tx, resource: Resource, record_id: int) -> int:
    """The real id, where a provisional one has become one."""
    pair = (resource.name, record_id)
    return (
        find_real_ids(tx, [pair]).get(pair, record_id) if is_provisional(record_id) else record_id
    )


def awaited(tx: Tx, resource: Resource, ids: Collection[int]) -> set[int]:
    """Which of these real ids an open insert is to give to its row, which has its provisional one
    until then.
    """
    if not ids:
        return set()
    insert = sa.select(OUTBOX.c.seq).where(
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.record_id == IDS.c.local_id,
        OUTBOX.c.op == Op.INSERT,
        OUTBOX.c.state.in_(OPEN_STATES),
    )
    query = sa.select(IDS.c.id).where(IDS.c.resource == resource.name, IDS.c.id.in_(list(ids)))
    return set(tx.conn.execute(query.where(sa.exists(insert))).scalars())


def outlook(tx: Tx, wanted: Iterable[tuple[str, int]]) -> Outlook:
    """What is to be expected of rows that have no real id yet."""
    inserts = [_insert_states(tx, resource, local_id) for resource, local_id in wanted]
    if any(states and states.isdisjoint(OPEN_STATES) for states in inserts):
        return "never"
    return "awaited" if all(inserts) else "unseen"


def _insert_states(tx: Tx, resource: str, local_id: int) -> set[str]:
    insert = sa.select(OUTBOX.c.state).where(
        OUTBOX.c.resource == resource, OUTBOX.c.record_id == local_id, OUTBOX.c.op == Op.INSERT
    )
    return set(tx.conn.execute(insert).scalars())


def replace_everywhere(tx: Tx, resource: Resource, local_id: int, real_id: int) -> None:
    """Change every reference in the mirror, and the outbox, from a provisional id to the real one.
    A row that somebody else holds keeps it until its edits are claimed. A table without edits to
    send isn't looked at: it may be broken.
    """
    tx.conn.execute(
        sa.update(OUTBOX)
        .where(OUTBOX.c.resource == resource.name, OUTBOX.c.record_id == local_id)
        .values(record_id=real_id)
    )
    real_ids = {(resource.name, local_id): real_id}
    edited = sa.select(OUTBOX.c.resource).where(OUTBOX.c.state.in_(OPEN_STATES)).distinct()
    for other in tx.conn.execute(edited).scalars().all():
        for name in columns_about(RESOURCES[other], resource):
            for row in _referring(tx, RESOURCES[other], name, local_id):
                replace_references(tx, RESOURCES[other], row, real_ids)


def _referring(tx: Tx, other: Resource, name: str, local_id: int) -> list[Mapping[str, Any]]:
    """The free rows that refer to a provisional id, locked. Only what waits to be sent can."""
    table = TABLES[other.name]
    edited = sa.select(OUTBOX.c.record_id).where(
        OUTBOX.c.resource == other.name, OUTBOX.c.state.in_(OPEN_STATES)
    )
    query = sa.select(table).where(
        table.c.id.in_(edited), _mentions(other.by_name[name], table.c[name], local_id)
    )
    return [dict(r) for r in tx.conn.execute(query.with_for_update(skip_locked=True)).mappings()]


def _mentions(field: Field, column: sa.ColumnElement[Any], local_id: int) -> sa.ColumnElement[bool]:
    """Whether a value refers to the id; of a list, whether its text may: such ids are rare."""
    if field.type == "json":
        return sa.cast(column, sa.Text).contains(str(local_id))
    return column == (str(local_id) if field.type == "text" else local_id)


def replace_references(
    tx: Tx, resource: Resource, row: Mapping[str, Any] | None, real_ids: RealIds
) -> None:
    """Write real ids in place of the provisional ones that a row, which is locked, refers to. A row
    that a constraint or trigger of the user's holds keeps them until its own answer is written.
    """
    real = with_real_ids(resource, row or {}, real_ids)
    wrong = {name: value for name, value in real.items() if row and value != row[name]}
    if row and wrong:
        write = partial(rows.set_fields, tx, resource, row["id"], wrong, BY_PUSH)
        if tx.careful:
            try_write(tx, write, (resource.name, row["id"]))
        else:
            write()


def resolve_references(tx: Tx, resource: Resource, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values with the real ids that are known by now in its references."""
    return with_real_ids(resource, row, find_real_ids(tx, local_ids(resource, row)))
