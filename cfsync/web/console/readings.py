"""What the larger pages show, read in one transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cfsync.config import Settings
from cfsync.mirror.bookkeeping import conflicts, ids, outbox
from cfsync.mirror.bookkeeping.conflicts import Conflict
from cfsync.mirror.bookkeeping.outbox import AT_ONCE, Edit
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.reports import browse, related, status
from cfsync.mirror.reports import waiting as waits
from cfsync.mirror.user_decisions import undelete
from cfsync.mirror.user_decisions.discard import DISCARDABLE
from cfsync.resources import Resource
from cfsync.sync import health_facts
from cfsync.sync.inspection import changes, timeline
from cfsync.sync.inspection import status as inspection
from cfsync.sync.inspection.explain import Explanation
from cfsync.web.console.html.overview import RANGES, Overview
from cfsync.web.console.html.parts.gone import Reading
from cfsync.web.console.html.parts.history import Decided
from cfsync.web.console.html.waiting import Waiting

PASSES = 9
"""Passes that the overview shows."""

SHOWN = 100
"""Conflicts, refused edits, groups of held edits, deletions and other lines that the page shows of
each; the others are counted.
"""

GROUPS = 5
"""Groups of conflicts, and of refused edits, that can be decided at once."""

SAMPLES = 3
"""Edits of a group that are shown."""

_IN_OTHER_PARTS = ("conflict", "parked", "held", "deletion")
"""Kinds of `cf_waiting` that the page shows otherwise."""


def overview(
    tx: Tx, place: Place, settings: Settings, range_name: str, rows: Mapping[str, int]
) -> Overview:
    """`rows`: how many of each resource there are: on SQLite it takes long to count many."""
    back_s, spans = RANGES[range_name]
    found = inspection.read_status(tx, place, settings, rows)
    return Overview(
        status=found,
        timeline=timeline.read(tx, back_s, spans),
        range_name=range_name,
        waiting=waits.totals({name: r.waiting for name, r in found.resources.items()}),
        problems=health_facts.read_problems(tx, settings),
        passes=browse.last_passes(tx, PASSES),
    )


def waiting(tx: Tx) -> Waiting:
    """The first of all that waits. Edits whose record is in conflict as a whole are decided with
    their conflict.
    """
    disputes = conflicts.find(tx, limit=SHOWN)
    parked, deletions = waits.first_parked(tx, SHOWN), waits.deletions(tx, SHOWN)
    held = waits.held_groups(tx, SHOWN, SAMPLES)
    named = {
        *((c.resource, c.record_id) for c in disputes),
        *((e.resource, e.record_id) for e in parked),
        *((e.resource, e.record_id) for group in held[1] for e in group.first),
        *((s.resource, s.record_id) for group in deletions for s in group.first),
    }
    return Waiting(
        counts=waits.counts(tx),
        conflicts=disputes,
        conflict_groups=waits.conflict_groups(tx, GROUPS),
        newest_conflict=waits.newest_conflict(tx),
        parked=parked,
        parked_groups=waits.parked_groups(tx, GROUPS),
        newest_parked=waits.newest_parked(tx),
        held=held,
        deletions=deletions,
        others=[
            (w["resource"], w["reason"], w["command"])
            for w in status.waiting(tx, SHOWN, without=_IN_OTHER_PARTS)
        ],
        other_lines=status.waiting_lines(tx, without=_IN_OTHER_PARTS),
        titles=browse.titles(tx, named),
        now=tx.now,
    )


def edits(tx: Tx, seqs: Sequence[int]) -> list[Edit]:
    """Those of the edits with these numbers about which a person can decide."""
    found: list[Edit] = []
    for start in range(0, len(seqs), AT_ONCE):
        found += outbox.find(tx, states=DISCARDABLE, seqs=seqs[start : start + AT_ONCE])
    return found


def record(tx: Tx, resource: Resource, known: Explanation) -> Reading:
    row = {f.field: f.value for f in known.fields}
    key = (resource.name, known.id)
    return Reading(
        browse.titles(tx, [key]).get(key, ""),
        related.related(tx, resource, row) if row else (),
        None if row else undelete.plan(tx, resource, known.id),
        None if row else ids.successor(tx, resource, known.id),
        _decided(tx, known),
        tx.now,
        changes.known_since(tx, resource, row.get("workspace_id")),
    )


def _decided(tx: Tx, known: Explanation) -> Decided:
    numbers = [d.number for d in known.decisions if d.about == "conflict" and d.number]
    found: dict[tuple[str, int | None], Conflict | Edit] = {
        ("edit", edit.seq): edit for edit in known.ended
    }
    return found | {("conflict", n): one for n, one in conflicts.by_ids(tx, numbers).items()}
