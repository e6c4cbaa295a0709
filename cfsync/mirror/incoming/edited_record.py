"""Writing a record with open edits: its merge goes into row, base, conflicts and outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cfsync.merge import FieldConflict, Winner, merge
from cfsync.mirror.bookkeeping import bases, conflicts, ids, open_edits, outbox, rows, tombstones
from cfsync.mirror.bookkeeping.bases import Base
from cfsync.mirror.bookkeeping.conflicts import ConflictKind
from cfsync.mirror.bookkeeping.open_edits import OpenEdits
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.incoming.reading import Reading
from cfsync.records import ABSENT, Record
from cfsync.resources.model import Field, Resource
from cfsync.values import equal


@dataclass(frozen=True, slots=True)
class Edited:
    """A record that ClickFunnels shows, and what the mirror knows of it."""

    record: Record
    base: Base | None
    open: OpenEdits
    #: Values of fields without an edit that its row keeps all the same: see `drift`.
    kept: Mapping[str, Any]


def write_edited(tx: Tx, reading: Reading, edited: Edited) -> int:
    """Merge a record that has open edits; returns how many new conflicts there are."""
    resource, record, base, found = reading.resource, edited.record, edited.base, edited.open
    before = bases.decode(resource, base).values if base else {}
    if found.deleted:
        bases.save(tx, [record], reading.lane)
        return _hold_delete(tx, resource, record, before, found)
    row = statements.load(tx, TABLES[resource.name], [record.id]).get(record.id)
    given = {name: value for r in found.edits for name, value in r.given.items()}
    local = ids.resolve_references(tx, resource, given if row is None else row)
    merged = merge(
        resource,
        base=before,
        local=bases.in_stored_forms(resource, base, local, record.values),
        remote=record.values,
        edits=found.by_field,
        policy=reading.policy,
    )
    after = {**merged.row, **edited.kept}
    rows.save(tx, resource, [after], reading.origin)
    since = bases.same_since(resource, row, after, base)
    bases.save(tx, [record], reading.lane, same_since=since)
    for conflict in merged.conflicts:
        conflicts.add(tx, resource, record.id, conflict)
    open_edits.close_settled_parked(tx, resource, found, merged.row, record.values)
    return len(merged.conflicts)


def _hold_delete(
    tx: Tx, resource: Resource, record: Record, before: Mapping[str, Any], found: OpenEdits
) -> int:
    """Hold the delete of a row that ClickFunnels has changed since, with a conflict; returns how
    many conflicts there are. A change of copies and of `updated_at` alone doesn't count, nor does
    one that we sent ourselves, nor that it no longer refers to a record that was deleted.
    """
    ours = {name: edit.sent for name, edit in found.by_field.items()}
    changed = [
        f
        for f in resource.columns
        if f.merge != "quote"
        and f.name in record.values
        and f.name != "updated_at"
        and not equal(f, record.values[f.name], before.get(f.name))
        and not equal(f, record.values[f.name], ours.get(f.name, ABSENT))
    ]
    if all(_lost_only_deleted(tx, f, before.get(f.name), record.values[f.name]) for f in changed):
        return 0
    conflict = FieldConflict("", before.get("updated_at"), None, record.updated_at, Winner.HOLD)
    conflicts.add(tx, resource, record.id, conflict, ConflictKind.DELETED_HERE)
    outbox.hold(tx, [found.edits[-1].seq], "changed in ClickFunnels since it was deleted here")
    return 1


def _lost_only_deleted(tx: Tx, field: Field, before: Any, after: Any) -> bool:
    """Whether a reference has changed in this alone that records which it led to were deleted."""
    lost = _lost_ids(before, after) if field.ref else set()
    return bool(lost) and lost <= tombstones.confirmed(tx, str(field.ref), lost)


def _lost_ids(before: Any, after: Any) -> set[int]:
    """The ids that a reference, or a list of them, has lost; none where it has changed in another
    way, too. Pure.
    """
    had, has = (v if isinstance(v, list) else [] if v is None else [v] for v in (before, after))
    is_known = all(type(i) is int for i in (*had, *has))
    return set(had) - set(has) if is_known and set(has) <= set(had) else set()
