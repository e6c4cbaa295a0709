"""A record that ClickFunnels shows while edits of it are open: the merge, written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cfsync.merge import FieldConflict, Policy, Winner, merge
from cfsync.mirror.bookkeeping import bases, conflicts, ids, open_edits, outbox
from cfsync.mirror.bookkeeping.bases import Base
from cfsync.mirror.bookkeeping.checkpoints import Lane
from cfsync.mirror.bookkeeping.conflicts import ConflictKind
from cfsync.mirror.bookkeeping.open_edits import OpenEdits
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.records import ABSENT, Record
from cfsync.resources.model import Resource
from cfsync.values import equal


def write_edited(
    tx: Tx,
    resource: Resource,
    record: Record,
    base: Base | None,
    pending: OpenEdits,
    lane: Lane,
    policy: Policy,
) -> int:
    """Merge a record that has open edits; returns how many new conflicts that made."""
    before = bases.decode(resource, base).values if base else {}
    bases.save(tx, [record], lane)
    if pending.deleted:
        return _clash_with_delete(tx, resource, record, before, pending)
    row = statements.load(tx, TABLES[resource.name], [record.id]).get(record.id)
    given = {name: value for r in pending.edits for name, value in r.given.items()}
    merged = merge(
        resource,
        base=before,
        local=ids.resolve_references(tx, resource, given if row is None else row),
        remote=record.values,
        edits=pending.by_field,
        policy=policy,
    )
    bases.save_rows(tx, resource, [merged.row])
    for conflict in merged.conflicts:
        conflicts.add(tx, resource, record.id, conflict)
    open_edits.close_settled_parked(tx, resource, pending, merged.row, record.values)
    return len(merged.conflicts)


def _clash_with_delete(
    tx: Tx, resource: Resource, record: Record, before: Mapping[str, Any], pending: OpenEdits
) -> int:
    """A row that the user deleted and ClickFunnels changed meanwhile: the delete waits for a
    human, unless that change is of copies and the time stamp alone, or our own.
    """
    ours = {name: edit.sent for name, edit in pending.by_field.items()}
    changed = [
        f.name
        for f in resource.columns
        if f.merge != "quote"
        and f.name in record.values
        and f.name != "updated_at"
        and not equal(f, record.values[f.name], before.get(f.name))
        and not equal(f, record.values[f.name], ours.get(f.name, ABSENT))
    ]
    if not changed:
        return 0
    conflict = FieldConflict(
        ConflictKind.DELETED_HERE,
        before.get("updated_at"),
        None,
        record.updated_at,
        Winner.HOLD,
    )
    conflicts.add(tx, resource, record.id, conflict)
    outbox.hold(tx, [pending.edits[-1].seq], "changed in ClickFunnels since it was deleted here")
    return 1
