"""Writing what ClickFunnels says: one page or one answer, merged with what the user has edited.

All of it in the caller's transaction, in this order: look at the bases, sort the records into new,
changed, same and too old; lock the rows; look at what is open in the outbox; write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cfsync.merge import Policy
from cfsync.mirror.bookkeeping import bases, events, notes, open_edits, tombstones
from cfsync.mirror.bookkeeping.bases import Base
from cfsync.mirror.bookkeeping.checkpoints import Lane
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.incoming import edited_record
from cfsync.mirror.lists import event_coverage
from cfsync.records import Record
from cfsync.resources.model import Resource
from cfsync.values import equal


@dataclass(frozen=True, slots=True)
class Reading:
    """What is noted before ClickFunnels is asked for records of a resource, so that an answer that
    took its time is never written over something newer.
    """

    resource: Resource
    lane: Lane
    #: The highest `cf_rev` before the request: a record with a higher one has newer news.
    rev_before: int
    #: The time before the request by the mirror's clock, canonical text.
    began_at: str
    #: Who wins where both sides changed a field: the resource's `on_conflict`.
    policy: Policy


def begin_reading(tx: Tx, resource: Resource, lane: Lane, policy: Policy) -> Reading:
    return Reading(resource, lane, bases.highest_rev(tx), tx.now, policy)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the records. `again`: the mirror has news that is younger than this answer,
    read them singly. `busy`: somebody holds the row; noted, so that the next pass looks again.
    `rev`: the highest `cf_rev` now, for the next `Reading.rev_before`.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    drift: int = 0
    conflicts: int = 0
    again: tuple[int, ...] = ()
    busy: tuple[int, ...] = ()
    rev: int = 0


@dataclass(slots=True)
class Sorted:
    """An answer's records by what the mirror knows of them."""

    new: list[Record] = field(default_factory=list)
    changed: list[Record] = field(default_factory=list)
    same: list[Record] = field(default_factory=list)
    again: list[Record] = field(default_factory=list)


def write_records(
    tx: Tx, reading: Reading, records: Sequence[Record], *, full: bool = False
) -> Written:
    """Merge the records that a reading brought into the mirror.

    With `full` (a sweep) the rows of unchanged records are compared too: drift is put right and
    copies of other records are refreshed.
    """
    resource, lane = reading.resource, reading.lane
    statements.serialize_writers(tx, TABLES[resource.name])
    known = bases.load(tx, resource, [r.id for r in records])
    proofs = tombstones.proof_revs(tx, resource, [r.id for r in records])
    found = sort(resource, records, known, proofs, reading.rev_before)
    tombstones.delete(tx, resource, _listed_again(found, proofs))
    drifted, copies = _stale_rows(tx, resource, found.same, known) if full else ([], [])
    news = [*found.new, *found.changed]
    touched = list({r.id: r for r in (*news, *drifted, *copies)}.values())
    busy = statements.lock(tx, TABLES[resource.name], [r.id for r in touched])
    pending = open_edits.load(tx, resource, [r.id for r in touched])
    free = [r for r in touched if r.id not in busy and r.id not in pending]
    _write_plain(tx, resource, free, lane)
    clashes = [
        edited_record.write_edited(
            tx, resource, r, known.get(r.id), pending[r.id], lane, reading.policy
        )
        for r in (*news, *copies)
        if r.id in pending and r.id not in busy
    ]
    _remember(tx, resource, [r for r in news if r.id not in busy], busy, lane)
    return Written(
        new=sum(r.id not in busy for r in found.new),
        changed=sum(r.id not in busy for r in found.changed),
        unchanged=len(found.same),
        drift=sum(r.id not in busy and r.id not in pending for r in drifted),
        conflicts=sum(clashes),
        again=tuple(r.id for r in found.again),
        busy=tuple(sorted(busy)),
        rev=bases.highest_rev(tx),
    )


def sort(
    resource: Resource,
    records: Iterable[Record],
    known: Mapping[int, Base],
    proofs: Mapping[int, int],
    rev_before: int,
) -> Sorted:
    """Pure. A record with news that is younger than the answer (its base, or the proof that it is
    gone, was written after the request went out) is to be read again.
    """
    found = Sorted()
    for record in records:
        base = known.get(record.id)
        if base is None:
            proof = proofs.get(record.id, 0)
            (found.again if proof > rev_before else found.new).append(record)
        elif record.body == base.body:
            found.same.append(record)
        elif base.rev > rev_before:
            found.again.append(record)
        else:
            same = same_content(resource, record, bases.decode(resource, base))
            (found.same if same else found.changed).append(record)
    return found


def same_content(resource: Resource, record: Record, before: Record) -> bool:
    """Whether only copies of other records differ, which say nothing of this one."""
    return all(
        equal(f, record.values[f.name], before.values.get(f.name))
        for f in resource.columns
        if f.shown and f.merge != "quote" and f.name in record.values
    )


def _listed_again(found: Sorted, proofs: Mapping[int, object]) -> list[int]:
    """Records that have a tombstone and are there all the same."""
    return [r.id for r in (*found.new, *found.changed, *found.same) if r.id in proofs]


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


def _write_plain(tx: Tx, resource: Resource, records: Sequence[Record], lane: Lane) -> None:
    """Rows and bases of records that have nothing open: the mirror takes what ClickFunnels says."""
    if records:
        bases.save_rows(tx, resource, [r.values for r in records])
        bases.save(tx, records, lane)


def _remember(
    tx: Tx, resource: Resource, news: Sequence[Record], busy: Collection[int], lane: Lane
) -> None:
    if news:
        notes.count_found(tx, resource, lane, news)
        event_coverage.note(tx, resource, news, lane)
    events.add_busy(tx, resource, busy)
    notes.keep_secrets(tx, [r for r in news if r.secrets])
    notes.note_odd_fields(tx, [r for r in news if r.noted or r.unknown])
