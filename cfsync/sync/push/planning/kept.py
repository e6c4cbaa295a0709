"""The edits that a push would not send, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cfsync.merge import Winner
from cfsync.mirror.bookkeeping import agreement, conflicts
from cfsync.mirror.bookkeeping.outbox import TO_SEND_STATES, OutboxState
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.outgoing import unsent
from cfsync.mirror.progress import notes
from cfsync.resources import Resource
from cfsync.times import later

DAY = 86_400.0
"""For so many seconds a plan tells of values that were left as they were."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Edits that a push would not send, and why."""

    resource: str
    seqs: tuple[int, ...]
    record_ids: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class NullLeft:
    """A field that kept its value in an INSERT of a known id, which may have meant to empty it."""

    resource: str
    field: str
    #: The last record of which it was so.
    record_id: int


def for_a_person(tx: Tx, resource: Resource) -> list[Kept]:
    """Edits that wait for a person already."""
    states = (OutboxState.HELD, OutboxState.PARKED)
    found = [
        together(resource, f"{state}: {error}", edits)
        for (state, error), edits in unsent.by_reason(tx, resource, states).items()
    ]
    found.sort(key=lambda kept: kept.reason)
    about = conflicts.find(tx, resources=[resource.name])
    over = {conflict.id for conflict, _ in agreement.settled(tx, resource, about)}
    for conflict in (c for c in about if c.id not in over):
        if conflict.winner == Winner.HOLD and not conflict.is_about_record:
            reason = f"conflict on {conflict.field}: cfsync conflicts resolve {conflict.id}"
            found.append(Kept(resource.name, (), (conflict.record_id,), reason))
    return found


def all_of(tx: Tx, resource: Resource, reason: str) -> list[Kept]:
    """All unsent edits of a resource, for one reason that concerns them all."""
    edits: dict[int, int] = {}
    for some in unsent.by_reason(tx, resource, TO_SEND_STATES).values():
        edits |= some
    return [together(resource, reason, edits)] if edits else []


def nulls_left(tx: Tx, resource: Resource) -> list[NullLeft]:
    found = notes.find(tx, resource, notes.NULL_LEFT, since=later(tx.now, -DAY))
    return [NullLeft(resource.name, name, record_id) for name, record_id in found]


def together(resource: Resource, reason: str, edits: Mapping[int, int]) -> Kept:
    """Edits (number -> record id) that are kept for the same reason. Pure."""
    return Kept(resource.name, tuple(edits), tuple(dict.fromkeys(edits.values())), reason)
