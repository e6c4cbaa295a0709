"""The history against the mirror: its changes make of an earlier state what is there now."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.tables import FEED, RUNS, TABLES
from cfsync.mirror.history.changes import ChangeOp, Source
from cfsync.mirror.history.replay import redone
from cfsync.resources import RESOURCES, Field
from cfsync.values import equal

Rows = dict[str, dict[int, dict[str, Any]]]


@dataclass(frozen=True)
class State:
    """All rows of some tables, and the number of the last change."""

    rows: Rows
    seq: int


def state_of(mirror: Mirror, names: Collection[str]) -> State:
    return asyncio.run(mirror.read(_state, names))


def _state(tx: Tx, names: Collection[str]) -> State:
    rows: Rows = {}
    for name in names:
        found = tx.conn.execute(sa.select(TABLES[name])).mappings()
        rows[name] = {row["id"]: dict(row) for row in found}
    last = tx.conn.execute(sa.select(sa.func.max(FEED.c.seq))).scalar()
    return State(rows, last or 0)


def changes_since(mirror: Mirror, seq: int) -> list[Mapping[str, Any]]:
    """All changes after a number, in order."""

    def read(tx: Tx) -> list[Mapping[str, Any]]:
        query = sa.select(FEED).where(FEED.c.seq > seq).order_by(FEED.c.seq)
        return [dict(row) for row in tx.conn.execute(query).mappings()]

    return asyncio.run(mirror.read(read))


def replay(rows: Rows, changes: Collection[Mapping[str, Any]]) -> Iterator[str]:
    """Do the changes again, in the rows; which of them can't be right."""
    for change in changes:
        table = rows.get(change["resource"])
        if table is None or change["op"] == ChangeOp.START:
            continue
        op, record_id, patch = change["op"], change["record_id"], change["patch"]
        place = patch["id"][0] if op == ChangeOp.RENUMBER else record_id
        before = table.pop(place, None)
        if op == ChangeOp.RENUMBER:
            before, patch = {**(before or {}), "id": record_id}, {}
        yield from _of_change(change, place, before)
        after = redone(before, op, patch)
        if after is not None:
            table[record_id] = {"workspace_id": change["workspace_id"], **after, "id": record_id}


def _of_change(
    change: Mapping[str, Any], place: int, before: Mapping[str, Any] | None
) -> Iterator[str]:
    """Whether the row is as the change says that it was."""
    what = f"{change['seq']} ({change['op']} of {change['resource']} {change['record_id']})"
    if (before is None) != (change["op"] == ChangeOp.INSERT):
        yield f"{what}: row {place} is {'not ' if before is None else ''}there"
    elif change["op"] != ChangeOp.RENUMBER:
        fields = RESOURCES[change["resource"]].by_name
        for name, (old, _) in change["patch"].items():
            f, was = fields.get(name), (before or {}).get(name)
            if f and _is_told(f) and not equal(f, old, was):
                yield f"{what}: {name} was {was!r}, not {old!r}"


def differences(mirror: Mirror, before: State) -> list[str]:
    """What the changes since an earlier state leave to explain; nothing, if the history is right.
    Copies of other records, `updated_at`, and values that ClickFunnels never shows are not in it.
    """
    rows = {name: dict(table) for name, table in before.rows.items()}
    changes = changes_since(mirror, before.seq)
    found = [*replay(rows, changes), *_without_pass(mirror, changes)]
    now = state_of(mirror, list(rows)).rows
    for name, table in now.items():
        told = rows[name]
        found += [f"{name} {i} is {'not ' if i in table else ''}told" for i in table.keys() ^ told]
        for record_id in table.keys() & told.keys():
            found += _of_row(name, record_id, table[record_id], told[record_id])
    return sorted(found)


def _without_pass(mirror: Mirror, changes: Collection[Mapping[str, Any]]) -> list[str]:
    """The changes that a pass has brought and that don't name its row."""
    runs = asyncio.run(mirror.read(lambda tx: set(tx.conn.execute(sa.select(RUNS.c.id)).scalars())))
    return [
        f"{change['seq']}: there is no run {change['run']}"
        for change in changes
        if change["source"] != Source.USER and change["op"] != ChangeOp.START
        if change["run"] not in runs
    ]


def _of_row(name: str, record_id: int, row: dict[str, Any], told: dict[str, Any]) -> list[str]:
    return [
        f"{name} {record_id}.{f.name}: {told.get(f.name)!r} told, is {row[f.name]!r}"
        for f in RESOURCES[name].columns
        if _is_told(f) and not equal(f, row[f.name], told.get(f.name))
    ]


def _is_told(f: Field) -> bool:
    return f.merge != "quote" and (f.shown or f.path) and f.name != "updated_at"
