"""Conflicts that end by themselves: those on which both sides agree by now, whoever saw to that.

Called wherever the mirror or ClickFunnels may have come to hold a new value: when records are
written, when an answer to a write is merged, and when a push claims what it sends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cfsync.errors import UsageError
from cfsync.merge import Winner
from cfsync.mirror.bookkeeping import bases, conflicts, open_edits, outbox
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import OutboxState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX, TABLES
from cfsync.resources.model import Field, Resource
from cfsync.values import Unholdable, decode, equal, normal_map, snake_case


@dataclass(frozen=True, slots=True)
class Part:
    """What a conflict is about: a column, or one `key` of the map in it ("" for the column)."""

    resource: Resource
    field: Field
    key: str

    @classmethod
    def of(cls, resource: Resource, name: str) -> Part:
        column, _, key = name.partition(".")
        return cls(resource, resource.by_name[column], key)

    def of_row(self, row: Mapping[str, Any]) -> Any:
        value = row.get(self.field.name)
        return normal_map(value, (self.key,)).get(self.key, "") if self.key else value

    def in_row(self, row: Mapping[str, Any], value: Any) -> Any:
        """The column's value with this part of it changed."""
        if not self.key:
            return value
        whole = row.get(self.field.name) or {}
        others = {k: v for k, v in whole.items() if self.key not in (k, snake_case(k))}
        return others | {self.key: value}

    def same(self, a: Any, b: Any) -> bool:
        return (a or "") == (b or "") if self.key else equal(self.field, a, b)

    def canonical(self, value: Any) -> Any:
        """A JSON value as this part stores it. Raises UsageError if it can't hold the value."""
        if value is None and self.key:
            return ""
        try:
            return decode("text" if self.key else self.field.type, value)
        except Unholdable:
            name = f"{self.resource.name}.{self.field.name}"
            kind = "text" if self.key else self.field.type
            raise UsageError(f"{name} is {kind}: no such value") from None


def is_settled(conflict: Conflict, part: Part, here: Any, there: Any, *, edited: bool) -> bool:
    """Whether nothing is left to decide: both sides hold one value, and it isn't the value that
    cfsync itself chose when it found the conflict. Pure.

    A value other than the two of the conflict settles it only if the side that lost has set it:
    `edited` says that an edit of the mirror did; otherwise it is a change in ClickFunnels.
    """
    if not part.same(here, there):
        return False
    if conflict.winner == Winner.HOLD:
        return True
    is_local = conflict.winner == Winner.LOCAL
    won, lost = conflict.local, conflict.remote
    if not is_local:
        won, lost = lost, won
    return part.same(there, lost) or (edited != is_local and not part.same(there, won))


def end_settled(
    tx: Tx, resource: Resource, ids: Sequence[int], *, edited: Collection[str] = ()
) -> None:
    """Resolve the open conflicts about these records on which both sides agree. `edited`: the
    fields that an edit of the mirror has just set in ClickFunnels.
    """
    found = conflicts.of_records(tx, resource, ids)
    for conflict in found:
        if conflict.kind == ConflictKind.DELETED_REMOTELY:
            _end_if_deleted_here_too(tx, resource, conflict)
    for conflict, winner in settled(tx, resource, found, edited=edited):
        conflicts.resolve(tx, [conflict], winner)


def settled(
    tx: Tx, resource: Resource, found: Sequence[Conflict], *, edited: Collection[str] = ()
) -> list[tuple[Conflict, Winner]]:
    """Those of some open conflicts on whose field both sides agree, with the side that prevailed.
    `edited`: as in `end_settled`.
    """
    about = list({c.record_id for c in found if not c.is_about_record})
    rows = statements.load(tx, TABLES[resource.name], about) if about else {}
    known = bases.load(tx, resource, about) if about else {}
    over: list[tuple[Conflict, Winner]] = []
    for conflict in found:
        row, base = rows.get(conflict.record_id), known.get(conflict.record_id)
        if conflict.is_about_record or not row or not base:
            continue
        part, theirs = Part.of(resource, conflict.field), bases.decode(resource, base).values
        here, there, mine = part.of_row(row), part.of_row(theirs), part.field.name in edited
        if part.field.name in theirs and is_settled(conflict, part, here, there, edited=mine):
            is_local = part.same(there, conflict.local)
            over.append((conflict, Winner.LOCAL if is_local else Winner.CLICKFUNNELS))
    return over


def _end_if_deleted_here_too(tx: Tx, resource: Resource, conflict: Conflict) -> None:
    """The user has deleted the row of a record that ClickFunnels has deleted: only the delete stays
    open, and its push finds that nothing is left to do.
    """
    entry = open_edits.load(tx, resource, [conflict.record_id]).get(conflict.record_id)
    if entry and entry.deleted:
        outbox.discard(tx, [e.seq for e in entry.edits[:-1]], "deleted in ClickFunnels")
        conflicts.resolve(tx, [conflict], Winner.CLICKFUNNELS)


def end_stopped_delete(tx: Tx, resource: Resource, record_id: int) -> None:
    """The record whose row was deleted here is gone from ClickFunnels too: resolve the conflict
    that has stopped the delete. Its push finds that nothing is left to do.
    """
    found = conflicts.of_records(tx, resource, [record_id])
    stopped = [c for c in found if c.kind == ConflictKind.DELETED_HERE]
    conflicts.resolve(tx, stopped, Winner.LOCAL)
    if stopped:
        outbox.release(
            tx,
            OUTBOX.c.resource == resource.name,
            OUTBOX.c.record_id == record_id,
            OUTBOX.c.state == OutboxState.HELD,
            approved=True,
        )


def end_deletions(tx: Tx, resource: Resource, ids: Sequence[int]) -> None:
    """Resolve the conflicts about records that were deleted in ClickFunnels and exist there again;
    the edits that waited for a decision are sent.
    """
    for conflict in conflicts.of_records(tx, resource, ids):
        if conflict.kind == ConflictKind.DELETED_REMOTELY:
            conflicts.resolve(tx, [conflict], Winner.LOCAL)
            outbox.release(
                tx,
                OUTBOX.c.resource == resource.name,
                OUTBOX.c.record_id == conflict.record_id,
                OUTBOX.c.state == OutboxState.HELD,
                OUTBOX.c.error == conflicts.GONE,
            )


def unseen_values(conflict: Conflict, part: Part, held: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a conflict doesn't show, by side. `held`: what each side holds now, where it
    is known. Pure.
    """
    seen = [conflict.local, conflict.remote]
    found: dict[str, Any] = {}
    for side in ("remote", "local"):
        if side in held and not any(part.same(held[side], value) for value in seen):
            found[side] = held[side]
            seen.append(held[side])
    return found
