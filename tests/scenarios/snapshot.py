"""Both sides as they stand, in canonical values: what the oracle looks at."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.decode import decode_record
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, CONFLICTS, IDS, OUTBOX, TABLES, TOMBSTONES
from cfsync.records import Listing
from cfsync.resources import RESOURCES
from cfsync.sandbox import Entry, World
from cfsync.sync.incoming import census_filter
from tests.push.conftest import Account
from tests.scenarios.there import parents_there

Values = Mapping[str, Any]
Records = Mapping[str, Mapping[int, Values]]
"""Resource -> id -> values."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`outbox`, `conflicts`, `tombstones`: rows of those tables, in order; `outbox` holds what is
    open, `discarded` what was dropped. `real`: (resource, provisional id) -> real one. `entries`:
    all writes that ClickFunnels has taken, in order; `created`: those over the API that made a
    record; `first`: (resource, id) of the records that were there from the beginning.
    """

    there: Records
    rows: Records
    bases: Records
    outbox: Sequence[Values]
    discarded: Sequence[Values]
    conflicts: Sequence[Values]
    tombstones: Mapping[tuple[str, int], Values]
    real: Mapping[tuple[str, int], int]
    entries: Sequence[Entry]
    created: Sequence[Entry]
    first: Collection[tuple[str, int]]

    def final(self, table: str, record: int) -> int:
        """The id that a record has by now."""
        return self.real.get((table, record), record)

    def open_of(self, table: str, record: int) -> list[Values]:
        """What is not done of a record's edits."""
        mine = (table, {record, self.final(table, record)})
        return [r for r in self.outbox if r["resource"] == mine[0] and r["record_id"] in mine[1]]

    def is_unprovable(self, table: str, record: int) -> bool:
        """Whether the list of a row shows nothing: that proves nothing, so the row stays."""
        resource = RESOURCES[table]
        above = self.rows[table].get(record, {}).get(resource.parent_field or "")
        there = self.there[table].values()
        listed = (values[resource.parent_field or ""] for values in there)
        return resource.parent == "workspaces" and above is not None and above not in listed


BULK = "contact_tag_actions"
"""Records that a push in bulk makes: they are nobody's edit."""

OPEN = ("pending", "sending", "parked", "held")


def snapshot(account: Account) -> Snapshot:
    world = account.world
    with world.lock:
        there = {name: _there(world, name) for name in RESOURCES}
        entries = list(world.ledger)
        created = list(_created(world, entries))
        keys = ((name, record) for name, records in there.items() for record in records)
        first = {key for key in keys if world.store.plan.index(*key) is not None}
    return account.desk(_read, there, entries, created, first)


def _created(world: World, entries: Sequence[Entry]) -> Iterator[Entry]:
    """An upsert has made a record if that was not there from the beginning or written before."""
    known: set[tuple[str, int]] = set()
    for entry in entries:
        key = (entry.resource, entry.id)
        is_new = key not in known and world.store.plan.index(*key) is None
        is_ours = entry.fields.get("name") == census_filter.NAME or entry.resource == BULK
        if entry.by == "api" and (entry.verb == "create" or (entry.verb == "upsert" and is_new)):
            yield from () if is_ours else (entry,)
        known.add(key)


async def _read(mirror: Any, *what: Any) -> Snapshot:
    found: Snapshot = await mirror.read(_of_mirror, *what)
    return found


def _there(world: World, name: str) -> dict[int, Values]:
    resource, found = RESOURCES[name], {}
    for parent in parents_there(world, name):
        for shown in world.records(name, parent):
            if shown.get("name") == census_filter.NAME or name == BULK:
                continue  # nobody's edit either: the filter that a census makes
            if resource.single:
                shown = {**shown, "id": parent}
            known = world.store.get(name, shown["id"]) if resource.in_workspace else None
            workspace = (known or {}).get("workspace_id")
            record = decode_record(resource, shown, Listing(name, parent, workspace))
            found[record.id] = record.values
    return found


def _of_mirror(
    tx: Tx,
    there: Records,
    entries: Sequence[Entry],
    created: Sequence[Entry],
    first: Collection[tuple[str, int]],
) -> Snapshot:
    outbox = _all(tx, OUTBOX, OUTBOX.c.seq)
    return Snapshot(
        there=there,
        rows={n: {r["id"]: r for r in _all(tx, TABLES[n])} for n in RESOURCES},
        bases=_bases(tx),
        outbox=[r for r in outbox if r["state"] in OPEN],
        discarded=[r for r in outbox if r["state"] == "discarded"],
        conflicts=_all(tx, CONFLICTS, CONFLICTS.c.id),
        tombstones={(r["resource"], r["record_id"]): r for r in _all(tx, TOMBSTONES)},
        real={(r["resource"], r["local_id"]): r["id"] for r in _all(tx, IDS)},
        entries=entries,
        created=created,
        first=first,
    )


def _all(tx: Tx, table: sa.Table, *order: Any) -> list[Values]:
    return [dict(r) for r in tx.conn.execute(sa.select(table).order_by(*order)).mappings()]


def _bases(tx: Tx) -> Records:
    found: dict[str, dict[int, Values]] = {name: {} for name in RESOURCES}
    for row in _all(tx, BASE):
        resource = RESOURCES[row["resource"]]
        found[resource.name][row["id"]] = decode_record(resource, json.loads(row["body"])).values
    return found
