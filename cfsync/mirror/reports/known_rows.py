"""Finds rows by what people know them by, many at once, and records that were deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import ids
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Op
from cfsync.mirror.bookkeeping.tombstones import PROVEN_STATES
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX, TABLES, TOMBSTONES
from cfsync.records import is_provisional
from cfsync.resources.model import Field, Resource
from cfsync.values import json_of

_STREAMED = {"yield_per": 1_000}
"""So many rows are in memory at once."""


def find(
    tx: Tx, resource: Resource, field: Field, keys: Sequence[Any], workspace_id: int | None
) -> dict[Any, list[int]]:
    """Key -> the ids of the rows with this value of a field: an email address is the same in upper
    and lower case, and given in lower case. A provisional id may be that of a row that has its real
    one by now.
    """
    if field.name == "id":
        return _by_id(tx, resource, keys)
    in_one = workspace_id is not None and field.name != "public_id"
    query = _by_key(TABLES[resource.name], field.name, is_email=field.email, in_one=in_one)
    given = {"keys": keys} | ({"workspace": workspace_id} if in_one else {})
    found: dict[Any, list[int]] = {}
    for id_, key in tx.conn.execute(query, given):
        found.setdefault(_as_key(field, key), []).append(id_)
    return found


@cache
def _by_key(table: sa.Table, name: str, *, is_email: bool, in_one: bool) -> sa.Select[Any]:
    """The rows with one of `keys`, of any workspace or of `workspace`. Made once: a statement that
    holds the keys itself is a cycle, which keeps them until Python looks for garbage.
    """
    column = table.c[name]
    value = sa.func.lower(column) if is_email else column
    query = sa.select(table.c.id, column).where(value.in_(sa.bindparam("keys", expanding=True)))
    if in_one:
        query = query.where(table.c.workspace_id == sa.bindparam("workspace"))
    return query.order_by(table.c.id)


def _by_id(tx: Tx, resource: Resource, keys: Sequence[int]) -> dict[Any, list[int]]:
    real = ids.find_real_ids(tx, [(resource.name, key) for key in keys if is_provisional(key)])
    now = {key: real.get((resource.name, key), key) for key in keys}
    table = TABLES[resource.name]
    there = {i for (i,) in statements.by_ids(tx, table, ["id"], list(set(now.values())))}
    return {key: [id_] for key, id_ in now.items() if id_ in there}


def unknown(tx: Tx, name: str, wanted: Collection[int]) -> set[int]:
    """Those ids that no row of a table has; none where it has no row at all: its records may not be
    mirrored.
    """
    table = TABLES[name]
    there = {i for (i,) in statements.by_ids(tx, table, ["id"], list(wanted))}
    left = set(wanted) - there
    left -= {i for _, i in ids.find_real_ids(tx, [(name, i) for i in left])}
    is_empty = bool(left) and tx.conn.scalar(sa.select(table.c.id).limit(1)) is None
    return set() if is_empty else left


def deleted(
    tx: Tx, resource: Resource, field: Field, workspace_id: int | None
) -> Iterator[tuple[Any, int, str]]:
    """(value of a field, id, what became of it) of every record that was deleted, as far as its
    last state is known, and of every row whose DELETE has not been sent. The value is as in `find`.
    """
    yield from _tombstones(tx, resource, field, workspace_id)
    query = sa.select(OUTBOX.c.record_id, OUTBOX.c.patch).where(
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.op == Op.DELETE,
        OUTBOX.c.state.in_(OPEN_STATES),
    )
    if workspace_id is not None:
        query = query.where(OUTBOX.c.workspace_id == workspace_id)
    for record_id, patch in tx.conn.execute(query, execution_options=_STREAMED):
        if value := (patch.get(field.name) or [None])[0]:
            yield _as_key(field, value), record_id, "deleted here"


def _tombstones(
    tx: Tx, resource: Resource, field: Field, workspace_id: int | None
) -> Iterator[tuple[Any, int, str]]:
    columns = (TOMBSTONES.c.record_id, TOMBSTONES.c.cause, TOMBSTONES.c.body)
    query = sa.select(*columns).where(
        TOMBSTONES.c.resource == resource.name,
        TOMBSTONES.c.state.in_(PROVEN_STATES),
        TOMBSTONES.c.body.is_not(None),
    )
    for record_id, cause, body in tx.conn.execute(query, execution_options=_STREAMED):
        last = json_of(body)
        here = last.get("workspace_id", workspace_id)
        if last.get(field.name) and workspace_id in (None, here):
            yield _as_key(field, last[field.name]), record_id, str(cause)


def _as_key(field: Field, value: Any) -> Any:
    return str(value).lower() if field.email else value


def names(tx: Tx, resource: Resource, field: Field, workspace_id: int | None) -> dict[str, int]:
    """The values of a field of all rows in a workspace, each with its id; of several the first."""
    table = TABLES[resource.name]
    query = sa.select(table.c[field.name], table.c.id).order_by(table.c.id.desc())
    if workspace_id is not None:
        query = query.where(table.c.workspace_id == workspace_id)
    return {name: id_ for name, id_ in tx.conn.execute(query) if name}
