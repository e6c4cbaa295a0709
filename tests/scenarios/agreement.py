"""Whether both sides are the same: mirror = ClickFunnels = base, record by record."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from cfsync.decode import decode_record
from cfsync.mirror.engine import Mirror, Tx
from cfsync.mirror.schema import BASE, OUTBOX, TABLES, TOMBSTONES
from cfsync.records import Listing
from cfsync.resources import RESOURCES, Resource
from cfsync.sandbox import World
from cfsync.values import equal
from tests.push.conftest import Account

Records = Mapping[int, Mapping[str, Any]]


def differences(account: Account, names: Collection[str]) -> list[str]:
    """One line for each record or field in which they differ, but for edits that still wait and
    deletions that a guard holds.
    """

    async def read(mirror: Mirror) -> tuple[Any, ...]:
        return await mirror.read(_mirrored, names)

    rows, bases, waiting = account.desk(read)
    found = []
    for name in names:
        there = _there(account.world, RESOURCES[name])
        edits = waiting.get(name, {})
        found += _compare(RESOURCES[name], there, rows[name], bases[name], edits)
    return found


def _there(world: World, resource: Resource) -> Records:
    found = {}
    for parent in (
        world.ids(resource.parent or "", world.workspaces[0])
        if resource.nested
        else (world.workspaces)
    ):
        listing = Listing(resource.name, parent, world.workspaces[0])
        for shown in world.records(resource.name, parent):
            record = decode_record(resource, shown, listing)
            found[record.id] = record.values
    return found


def _mirrored(tx: Tx, names: Collection[str]) -> tuple[Any, ...]:
    rows = {
        name: {r["id"]: r for r in tx.conn.execute(sa.select(TABLES[name])).mappings()}
        for name in names
    }
    bases: dict[str, dict[int, Any]] = {name: {} for name in names}
    for r in tx.conn.execute(sa.select(BASE).where(BASE.c.resource.in_(names))).mappings():
        body = json.loads(r["body"])
        bases[r["resource"]][r["id"]] = decode_record(RESOURCES[r["resource"]], body).values
    waiting: dict[str, dict[int, set[str]]] = {}
    open_ = sa.select(OUTBOX).where(OUTBOX.c.state.in_(("parked", "held", "pending", "sending")))
    for r in tx.conn.execute(open_).mappings():
        fields = waiting.setdefault(r["resource"], {}).setdefault(r["record_id"], set())
        fields |= {*r["patch"], r["op"]}
    held = sa.select(TOMBSTONES).where(TOMBSTONES.c.state == "held")
    for r in tx.conn.execute(held).mappings():
        waiting.setdefault(r["resource"], {}).setdefault(r["record_id"], set()).add("deletion")
    return rows, bases, waiting


def _compare(
    resource: Resource,
    there: Records,
    rows: Records,
    bases: Records,
    waiting: Mapping[int, set[str]],
) -> Iterator[str]:
    name = resource.name
    for record in sorted(there.keys() | rows.keys() | bases.keys()):
        edited = waiting.get(record, set())
        if record not in there:
            if not edited:
                yield f"{name} {record} is not in ClickFunnels"
        elif record not in rows:
            if "delete" not in edited:
                yield f"{name} {record} is not in the mirror"
        else:
            yield from _fields(resource, record, there[record], rows[record], edited, "row")
            yield from _fields(resource, record, there[record], bases.get(record, {}), (), "base")


def _fields(
    resource: Resource,
    record: int,
    there: Mapping[str, Any],
    here: Mapping[str, Any],
    edited: Collection[str],
    where: str,
) -> Iterator[str]:
    for name, value in there.items():
        field = resource.by_name[name]
        if field.merge == "quote" or name in edited or (where == "base" and field.path):
            continue
        if not equal(field, here.get(name), value):
            shown = f"{here.get(name)!r} in its {where}, {value!r} there"
            yield f"{resource.name} {record}: {name} is {shown}"
