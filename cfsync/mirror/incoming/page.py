"""Writing the records of one answer into the mirror, merged with what users have edited.

All of it in the caller's transaction, in this order: load the bases; classify the records as new,
changed, the same or outdated; lock the rows; load their open edits; write. Rows that a constraint
or trigger of the user's refuses wait alone, and each pass tries them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cfsync.mirror.bookkeeping import (
    agreement,
    bases,
    ids,
    open_edits,
    rows,
    tombstones,
    webhook_secrets,
)
from cfsync.mirror.bookkeeping.bases import Base
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.incoming import drift, membership, on_request
from cfsync.mirror.incoming.edited_record import Edited, write_edited
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.incoming.refused import write_each
from cfsync.mirror.lists import event_coverage, missing_rows
from cfsync.mirror.progress import events, notes
from cfsync.records import Record
from cfsync.resources.model import Resource
from cfsync.values import equal


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the records: how many, and the ids of those that were not written."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    #: Rows that were changed without an edit.
    drift: int = 0
    #: New ones.
    conflicts: int = 0
    #: The mirror has something newer than this answer, or the answer lacks some fields: to be read
    #: singly.
    again: tuple[int, ...] = ()
    #: Somebody holds the row, or an insert still has it under a provisional id: noted, so that the
    #: next pass reads it again.
    busy: tuple[int, ...] = ()
    #: A constraint or trigger of the user's refuses the row: noted, so that each pass tries again.
    refused: tuple[int, ...] = ()
    #: Of a workspace that is not mirrored, or of one that nothing tells.
    foreign: tuple[int, ...] = ()
    #: The highest `cf_rev` now, for the next `Reading.rev_before`.
    rev: int = 0


@dataclass(slots=True)
class Classified:
    """An answer's records by what the mirror knows of them."""

    new: list[Record] = field(default_factory=list)
    changed: list[Record] = field(default_factory=list)
    same: list[Record] = field(default_factory=list)
    again: list[Record] = field(default_factory=list)
    #: Field -> a record that showed it before and doesn't now.
    vanished: dict[str, int] = field(default_factory=dict)
    #: Fields that a record shows and didn't before.
    returned: set[str] = field(default_factory=set)


def write_records(
    tx: Tx, reading: Reading, records: Sequence[Record], *, full: bool = False
) -> Written:
    """Merge the records that a reading brought into the mirror.

    With `full` (a sweep) the rows of unchanged records are compared too: drift is found and copies
    of other records are refreshed. Deleted records that are still shown are not written, and become
    candidates for deletion. Records of workspaces that are not mirrored are left.
    """
    resource = reading.resource
    statements.serialize_writers(tx, TABLES[resource.name])
    records, foreign = membership.take(tx, reading, records)
    gone, records = [r.id for r in records if r.deleted], [r for r in records if not r.deleted]
    missing_rows.add_not_found(tx, resource, gone, rev_before=reading.rev_before)
    known = bases.load(tx, resource, [r.id for r in records])
    records, lacking = on_request.complete(resource, records, known)
    found = _without_tombstones(tx, reading, records, known)
    differing, copies = _stale_rows(tx, resource, found.same, known) if full else ([], [])
    news = [*found.new, *found.changed]
    touched = list({r.id: r for r in (*news, *differing, *copies)}.values())
    busy = statements.lock(tx, TABLES[resource.name], [r.id for r in touched])
    busy |= ids.awaited(tx, resource, [r.id for r in found.new])
    edits = open_edits.load(tx, resource, [r.id for r in touched])
    suspects = [r for r in (*found.changed, *differing) if r.id not in busy]
    drifted = drift.settle(tx, reading, suspects, known, edits)
    if drifted.edited:
        edits |= open_edits.load(tx, resource, list(drifted.edited))
    put_right = [r for r in differing if r.id in drifted.put_right | drifted.missing]
    writes = {r.id: r for r in (*news, *copies, *put_right) if r.id not in busy}
    unedited = [r for r in writes.values() if r.id not in edits]
    edited = [
        Edited(r, known.get(r.id), edits[r.id], drifted.kept.get(r.id, {}))
        for r in writes.values()
        if r.id in edits
    ]
    refused, conflicts = _write(tx, reading, unedited, edited, drifted.kept)
    left = busy | refused.keys()
    settled = (*found.changed, *(found.same if full else ()))
    agreement.end_settled(tx, resource, [r.id for r in settled if r.id not in left])
    singly = [*(r.id for r in found.again), *lacking]
    events.add_busy(tx, resource, busy | set(singly if resource.on_request else ()))
    workspaces = {r.id: r.values.get("workspace_id") for r in records if r.id in refused}
    events.add_refused(tx, resource, refused, workspaces)
    _note_news(tx, reading, [r for r in news if r.id not in left])
    return Written(
        new=sum(r.id not in left for r in found.new),
        changed=sum(r.id not in left for r in found.changed),
        unchanged=len(found.same),
        drift=len(drifted.ids - left),
        conflicts=conflicts,
        again=tuple(singly),
        busy=tuple(sorted(busy)),
        refused=tuple(sorted(refused)),
        foreign=tuple(foreign),
        rev=bases.highest_rev(tx),
    )


def _without_tombstones(
    tx: Tx, reading: Reading, records: Sequence[Record], known: Mapping[int, Base]
) -> Classified:
    """The records classified; the tombstones of those that exist are deleted, and fields that come
    or go are noted.
    """
    proofs = tombstones.proof_revs(tx, reading.resource, [r.id for r in records])
    found = classify(reading, records, known, proofs)
    exist = [r.id for r in (*found.new, *found.changed, *found.same) if r.id in proofs]
    tombstones.delete(tx, reading.resource, exist)
    notes.note_vanished(tx, reading.resource, found.vanished)
    notes.forget_vanished(tx, reading.resource, found.returned)
    agreement.end_deletions(tx, reading.resource, exist)
    return found


def classify(
    reading: Reading,
    records: Iterable[Record],
    known: Mapping[int, Base],
    proofs: Mapping[int, int],
) -> Classified:
    """The records of an answer by what the mirror knows of them: their bases, and the `cf_rev` of
    the proofs that some are gone. One of which base or proof was written after the request is to be
    read again. Pure.
    """
    resource, found = reading.resource, Classified()
    for record in records:
        base = known.get(record.id)
        if base is None:
            proof = proofs.get(record.id, 0)
            (found.again if proof > reading.rev_before else found.new).append(record)
        elif record.body == base.body:
            found.same.append(record)
        elif base.rev > reading.rev_before:
            found.again.append(record)
        else:
            before = bases.decode(resource, base)
            found.vanished |= dict.fromkeys(_shown_only_in(resource, before, record), record.id)
            found.returned |= _shown_only_in(resource, record, before)
            same = same_content(resource, record, before)
            (found.same if same else found.changed).append(record)
    return found


def _shown_only_in(resource: Resource, one: Record, other: Record) -> set[str]:
    """The fields of which one version of a record has a value and the other shows none."""
    names = one.values.keys() - other.values.keys()
    fields = (resource.by_name[n] for n in names if one.values[n] is not None)
    return {f.name for f in fields if f.shown and not f.on_request}


def same_content(resource: Resource, record: Record, before: Record) -> bool:
    """Whether only copies of other records differ, which say nothing of this one."""
    return all(
        equal(f, record.values[f.name], before.values.get(f.name))
        for f in resource.columns
        if f.shown and f.merge != "quote" and f.name in record.values
    )


def _stale_rows(
    tx: Tx, resource: Resource, same: Sequence[Record], known: Mapping[int, Base]
) -> tuple[list[Record], list[Record]]:
    """Unchanged records whose row is to be written all the same: those that drifted (or are
    edited), and those in which the copies of other records are out of date.
    """
    table = TABLES[resource.name]
    differing = set(statements.differing_ids(tx, table, [r.values for r in same]))
    rows_now = statements.load(tx, table, list(differing))
    suspects = [r for r in same if r.id in differing]
    drifted = [r for r in suspects if not _holds(resource, rows_now.get(r.id), r)]
    return drifted, [r for r in same if r.body != known[r.id].body]


def _holds(resource: Resource, row: Mapping[str, Any] | None, record: Record) -> bool:
    return row is not None and all(
        equal(resource.by_name[name], row[name], value)
        for name, value in record.values.items()
        if resource.by_name[name].merge != "quote"
    )


def _write(
    tx: Tx,
    reading: Reading,
    unedited: Sequence[Record],
    edited: Sequence[Edited],
    kept: Mapping[int, Mapping[str, Any]],
) -> tuple[dict[int, str], int]:
    """Write the unedited records, and merge the others; returns the database's words for those
    that are refused, and how many conflicts there are.
    """
    conflicts: dict[int, int] = {}

    def merge_one(one: Edited) -> None:
        conflicts[one.record.id] = write_edited(tx, reading, one)

    merges = {one.record.id: partial(merge_one, one) for one in edited}
    if not tx.careful:
        _write_unedited(tx, reading, unedited, kept)
        for merge in merges.values():
            merge()
        return {}, sum(conflicts.values())
    released: dict[int, Mapping[str, Any]] = {}
    alone = {r.id: partial(_write_unedited, tx, reading, [r], kept, released) for r in unedited}
    release = {r.id: partial(_release, tx, reading.resource, r, released) for r in unedited}
    refused = write_each(tx, reading.resource.name, alone | merges, release)
    return refused, sum(n for record_id, n in conflicts.items() if record_id not in refused)


def _write_unedited(
    tx: Tx,
    reading: Reading,
    records: Sequence[Record],
    kept: Mapping[int, Mapping[str, Any]],
    released: Mapping[int, Mapping[str, Any]] | None = None,
) -> None:
    """Rows and bases of records without open edits: the mirror takes what ClickFunnels shows, but
    for what it has `kept` of each. `released`: see `rows.save`.
    """
    if records:
        on_request.empty_unread(tx, reading.resource, records)
        values = [{**r.values, **kept.get(r.id, {})} for r in records]
        rows.save(tx, reading.resource, values, reading.origin, released)
        bases.save(tx, records, reading.lane)


def _release(
    tx: Tx, resource: Resource, record: Record, released: dict[int, Mapping[str, Any]]
) -> None:
    """Empty the fields of a row that its record changes, so that other rows may take the values;
    put the row, as it was, among those `released`.
    """
    row = statements.load(tx, TABLES[resource.name], [record.id]).get(record.id, {})
    changed = [
        f.name
        for f in resource.columns
        if f.type in ("text", "integer")
        and row.get(f.name) is not None
        and f.name in record.values
        and not equal(f, record.values[f.name], row[f.name])
    ]
    if changed:
        released[record.id] = row
        rows.set_fields(tx, resource, record.id, dict.fromkeys(changed), by=None)


def _note_news(tx: Tx, reading: Reading, news: Sequence[Record]) -> None:
    """Count new and changed records for the lane that brought them, and keep what has no column."""
    if news:
        notes.count_found(tx, reading.resource, reading.lane, news)
        event_coverage.update(tx, reading.resource, news, reading.lane)
    webhook_secrets.keep(tx, news)
    notes.note_odd_fields(tx, news)
