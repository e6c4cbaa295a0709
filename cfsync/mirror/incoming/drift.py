"""Drift: what was changed in the mirror while no trigger captured it is never put right unseen.

A row that differs from its base, and from what ClickFunnels shows, without an open edit has
drifted. `sweep.on_drift` says what becomes of each such field:

| setting        | the row                   | cf_conflicts                   |
| -------------- | ------------------------- | ------------------------------ |
| `ask`          | keeps its value           | open: a person decides         |
| `clickfunnels` | takes ClickFunnels' value | resolved: its value is kept    |
| `local`        | keeps its value           | nothing: it is an edit from now |

A column that can't be sent always takes ClickFunnels' value. A row that is missing comes back.
Where a trigger of the user's changes what cfsync writes, nothing has drifted: it is noted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import orjson

from cfsync.errors import UsageError
from cfsync.merge import Drift, FieldConflict, Winner, find_drift
from cfsync.mirror.bookkeeping import bases, conflicts, ids, open_edits, rows
from cfsync.mirror.bookkeeping.agreement import Part
from cfsync.mirror.bookkeeping.bases import Base
from cfsync.mirror.bookkeeping.conflicts import Conflict
from cfsync.mirror.bookkeeping.open_edits import OpenEdits
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx, savepoint, try_write
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.outgoing.user_edits import edit_from
from cfsync.mirror.progress import notes
from cfsync.records import Record
from cfsync.resources.model import Resource
from cfsync.values import equal


@dataclass(slots=True)
class Drifted:
    """Which rows have drifted, and what becomes of them."""

    #: Record id -> the values that its row keeps.
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)
    #: Rows of which something is put right.
    put_right: set[int] = field(default_factory=set)
    #: Rows that are missing, and come back.
    missing: set[int] = field(default_factory=set)
    #: Rows of which something became an edit.
    edited: set[int] = field(default_factory=set)

    @property
    def ids(self) -> set[int]:
        """All of them."""
        return self.kept.keys() | self.put_right | self.missing | self.edited


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A row that differs from its base."""

    id: int
    #: The values as last read.
    base: Mapping[str, Any]
    row: Mapping[str, Any]
    drift: Drift


def settle(
    tx: Tx,
    reading: Reading,
    records: Sequence[Record],
    known: Mapping[int, Base],
    edits: Mapping[int, OpenEdits],
) -> Drifted:
    """Find drift in the rows of some records, which are locked and have a base, before they are
    written. Writes conflicts and edits, and no other value of a row.
    """
    found = Drifted()
    if not records:
        return found
    suspects = _suspects(tx, reading.resource, records, known, edits, found)
    suspects = _without_tidied(tx, reading.resource, suspects)
    already = conflicts.of_records(tx, reading.resource, [s.id for s in suspects])
    fields: set[str] = set()
    for suspect in suspects:
        before = {c.field: c for c in already if c.record_id == suspect.id}
        fields |= _settle_row(tx, reading, suspect, before, found)
    if fields or found.missing:
        _log(tx, reading.resource, found, fields)
    return found


def ask(tx: Tx, resource: Resource, records: Sequence[Record], *, keep: bool) -> set[int]:
    """The ids of those of some records whose rows have drifted. With `keep`, what can be sent is
    kept as a conflict; no row is written.
    """
    known = bases.load(tx, resource, [r.id for r in records])
    edits, found = open_edits.load(tx, resource, list(known)), Drifted()
    records = [r for r in records if r.id in known]
    suspects = _without_tidied(tx, resource, _suspects(tx, resource, records, known, edits, found))
    already = {(c.record_id, c.field): c for c in conflicts.of_records(tx, resource, list(known))}
    for suspect in suspects:
        for conflict in suspect.drift.conflicts:
            if keep and conflict.winner == Winner.HOLD:
                before = already.get((suspect.id, conflict.field))
                _write_conflict(tx, resource, suspect.id, conflict, before)
    return {s.id for s in suspects}


def _suspects(
    tx: Tx,
    resource: Resource,
    records: Sequence[Record],
    known: Mapping[int, Base],
    edits: Mapping[int, OpenEdits],
    found: Drifted,
) -> list[_Suspect]:
    paths = [f.name for f in resource.columns if f.path]
    before = {
        r.id: {n: r.values[n] for n in paths if n in r.values}
        | dict(bases.decode(resource, known[r.id]).values)
        for r in records
    }
    table = TABLES[resource.name]
    differing = statements.differing_ids(tx, table, list(before.values()))
    present = statements.load(tx, table, differing)
    found.missing = set(differing) - present.keys() - edits.keys()
    suspects = []
    for record in records:
        if record.id in present:
            drift = find_drift(
                resource,
                base=before[record.id],
                local=ids.resolve_references(tx, resource, present[record.id]),
                remote=record.values,
                edited=edits[record.id].by_field if record.id in edits else (),
            )
            if drift.conflicts:
                suspects.append(_Suspect(record.id, before[record.id], present[record.id], drift))
    return suspects


def _without_tidied(tx: Tx, resource: Resource, suspects: Sequence[_Suspect]) -> list[_Suspect]:
    """Those of which something has drifted. cfsync writes their base once more, and rolls that
    back: what differs then is the work of a trigger of the user's.
    """
    if not suspects:
        return []
    written: dict[int, dict[str, Any]] = {}

    def write(some: Sequence[_Suspect]) -> None:
        rows.save(tx, resource, [s.base for s in some], by=None)
        written.update(statements.load(tx, TABLES[resource.name], [s.id for s in some]))

    with savepoint(tx) as attempt:
        if try_write(tx, partial(write, suspects)):
            for suspect in suspects:
                try_write(tx, partial(write, [suspect]))
        attempt.rollback()
    tidied = {s.id: _tidied(resource, s, written.get(s.id, s.base)) for s in suspects}
    if examples := {name: record_id for record_id, names in tidied.items() for name in names}:
        notes.note_tidied(tx, resource, examples)
    left = [replace(s, drift=_without(s.drift, tidied[s.id])) for s in suspects]
    return [s for s in left if s.drift.conflicts]


def _tidied(resource: Resource, suspect: _Suspect, written: Mapping[str, Any]) -> set[str]:
    """The columns that a trigger of the user's has changed: `written` holds what became of the
    base. Of a value that can't be sent, any change shows it, such as that of a time.
    """
    found = set()
    for conflict in suspect.drift.conflicts:
        f = resource.by_name[_column(conflict)]
        if equal(f, written[f.name], suspect.row[f.name]) or (
            f.name not in suspect.drift.row and not equal(f, written[f.name], suspect.base[f.name])
        ):
            found.add(f.name)
    return found


def _without(drift: Drift, names: Collection[str]) -> Drift:
    return Drift(
        {name: value for name, value in drift.row.items() if name not in names},
        tuple(c for c in drift.conflicts if _column(c) not in names),
    )


def _column(conflict: FieldConflict) -> str:
    return conflict.field.partition(".")[0]


def _settle_row(
    tx: Tx,
    reading: Reading,
    suspect: _Suspect,
    already: Mapping[str, Conflict],
    found: Drifted,
) -> set[str]:
    """Settle the drift in one row. `already`: its open conflicts by field. Returns the fields that
    were not known to have drifted.
    """
    resource, sendable = reading.resource, suspect.drift.row
    left, new = suspect.drift.conflicts, set[str]()
    if reading.on_drift == "local" and sendable and _make_edit(tx, resource, suspect):
        found.edited.add(suspect.id)
        conflicts.resolve(tx, conflicts.about_fields(already.values(), sendable), Winner.LOCAL)
        new |= sendable.keys()
        left = _without(suspect.drift, sendable).conflicts
    elif reading.on_drift == "clickfunnels":
        left = tuple(replace(c, winner=Winner.CLICKFUNNELS) for c in left)
    elif sendable:
        found.kept[suspect.id] = dict(sendable)
    for conflict in left:
        if conflict.winner == Winner.CLICKFUNNELS:
            found.put_right.add(suspect.id)
        if _write_conflict(tx, resource, suspect.id, conflict, already.get(conflict.field)):
            new.add(_column(conflict))
    return new


def _make_edit(tx: Tx, resource: Resource, suspect: _Suspect) -> bool:
    """Make an edit of what can be sent; False if the triggers refuse it."""
    before = {name: suspect.base[name] for name in suspect.drift.row}
    try:
        edit_from(tx, resource, suspect.id, before, suspect.drift.row)
    except UsageError:
        return False
    tx.new_rev()  # the row may be written again
    return True


def _write_conflict(
    tx: Tx, resource: Resource, record_id: int, found: FieldConflict, already: Conflict | None
) -> bool:
    """Keep what was found; returns whether it is new. `already`: the open conflict about it."""
    part = Part.of(resource, found.field)
    if (
        already
        and already.winner == Winner.HOLD
        and part.same(already.local, found.local)
        and part.same(already.remote, found.remote)
    ):
        if found.winner != Winner.HOLD:
            conflicts.resolve(tx, [already], found.winner)
        return found.winner != Winner.HOLD
    conflicts.add_drift(tx, resource, record_id, replace(found, local=_as_json(found.local)))
    return True


def _as_json(value: Any) -> Any:
    """A value that the column can't have, such as a BLOB, as text."""
    try:
        orjson.dumps(value)
    except TypeError:
        return str(value)
    return value


def _log(tx: Tx, resource: Resource, found: Drifted, fields: Collection[str]) -> None:
    """One line for all of an answer's rows, without values."""
    said: dict[str, object] = {"resource": resource.name, "fields": sorted(fields)}
    for name in ("kept", "put_right", "missing", "edited"):
        if found_ids := sorted(getattr(found, name)):
            said[name] = len(found_ids)
            said.setdefault("ids", found_ids[: conflicts.NAMED])
    tx.warnings.append(("drift.found", said))
