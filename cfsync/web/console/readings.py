"""What the larger pages show, read in one transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cfsync.config import Settings
from cfsync.mirror.bookkeeping import conflicts, outbox, tombstones
from cfsync.mirror.bookkeeping.outbox import Edit, OutboxState
from cfsync.mirror.bookkeeping.tombstones import Tombstone, TombstoneState
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.reports import browse, related, status
from cfsync.mirror.reports import waiting as waits
from cfsync.mirror.reports.related import Related
from cfsync.resources import Resource
from cfsync.sync import health_facts
from cfsync.sync.inspection import status as inspection
from cfsync.sync.inspection import timeline
from cfsync.sync.inspection.explain import Explanation
from cfsync.web.console.html.overview import RANGES, Overview
from cfsync.web.console.html.waiting import Group, Waiting

PASSES = 9
"""Passes that the overview shows."""

OTHERS = 200
"""Lines of `cf_waiting` that the page shows of kinds without buttons."""

_IN_OTHER_PARTS = ("conflict", "parked", "held", "deletion")
"""Kinds of `cf_waiting` that the page shows otherwise."""


def overview(tx: Tx, place: Place, settings: Settings, range_name: str) -> Overview:
    back_s, spans = RANGES[range_name]
    return Overview(
        status=inspection.read_status(tx, place, settings),
        timeline=timeline.read(tx, back_s, spans),
        range_name=range_name,
        waiting=waits.counts(tx),
        problems=health_facts.read_problems(tx, settings),
        passes=browse.last_passes(tx, PASSES),
    )


def waiting(tx: Tx) -> Waiting:
    """All that waits. Edits whose record is in conflict as a whole stand with their conflict."""
    disputes = conflicts.find(tx)
    whole = {(c.resource, c.record_id) for c in disputes if c.is_about_record}
    states = (OutboxState.PARKED, OutboxState.HELD)
    edits = [e for e in outbox.find(tx, states=states) if (e.resource, e.record_id) not in whole]
    parked = [e for e in edits if e.state == OutboxState.PARKED]
    stones = tombstones.find(tx, states=(TombstoneState.HELD,))
    some = [
        *((c.resource, c.record_id) for c in disputes),
        *((e.resource, e.record_id) for e in parked),
        *((s.resource, s.record_id) for s in stones),
    ]
    return Waiting(
        conflicts=disputes,
        parked=parked,
        held=groups([e for e in edits if e.state == OutboxState.HELD]),
        deletions=_by_resource(stones),
        others=[
            (w["resource"], w["reason"], w["command"])
            for w in status.waiting(tx, OTHERS, without=_IN_OTHER_PARTS)
        ],
        titles=browse.titles(tx, set(some)),
        now=tx.now,
    )


def held(tx: Tx, resource: str, given: Mapping[str, str], last: int | None) -> list[Edit]:
    """The held edits that the page shows of a resource, up to a number; only those with an `op` and
    a `reason` where given.
    """
    whole = {c.record_id for c in conflicts.find(tx, resources=[resource]) if c.is_about_record}
    found = outbox.find(tx, states=(OutboxState.HELD,), resources=[resource])
    return [
        e
        for e in found
        if e.record_id not in whole
        and (last is None or e.seq <= last)
        and given.get("op", e.op) == e.op
        and given.get("reason", e.error or "") == (e.error or "")
    ]


def edits(tx: Tx, seqs: Sequence[int]) -> list[Edit]:
    """Those of the edits with these numbers that wait for a person."""
    wanted = set(seqs)
    states = (OutboxState.PARKED, OutboxState.HELD)
    return [e for e in outbox.find(tx, states=states) if e.seq in wanted]


def groups(edits: Sequence[Edit]) -> list[Group]:
    """Edits that wait for the same reason, together. Pure."""
    found: dict[tuple[str, str, str], list[Edit]] = {}
    for one in edits:
        found.setdefault((one.resource, one.op, one.error or ""), []).append(one)
    return [Group(*key, edits=some) for key, some in found.items()]


def _by_resource(stones: Sequence[Tombstone]) -> Mapping[str, Sequence[Tombstone]]:
    found: dict[str, list[Tombstone]] = {}
    for stone in stones:
        found.setdefault(stone.resource, []).append(stone)
    return found


@dataclass(frozen=True, slots=True)
class RecordReading:
    """What a page about a record shows beside its explanation."""

    related: Sequence[Related]
    now: str


def record(tx: Tx, resource: Resource, known: Explanation) -> RecordReading:
    row = {f.field: f.value for f in known.fields}
    return RecordReading(related.related(tx, resource, row) if row else (), tx.now)
