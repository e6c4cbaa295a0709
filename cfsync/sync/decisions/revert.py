"""Takes back what a push sent, as edits in the mirror that the next push sends.

Each field that still holds the value that the push wrote gets the value that ClickFunnels had
before. What can't be taken back is reported field by field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import decided
from cfsync.mirror.bookkeeping.outbox import Edit, Op, OutboxState, Sent
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.history import last
from cfsync.mirror.outgoing import user_edits
from cfsync.mirror.outgoing.user_edits import edit
from cfsync.mirror.user_decisions import batches, discard, undelete
from cfsync.mirror.user_decisions.undelete import Undelete
from cfsync.records import is_provisional
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.decisions import decision_log
from cfsync.sync.decisions.undo import CHANGED, fold_batch, group_by_record, undo
from cfsync.values import equal

DELETED = "it was deleted"
"""How the reason begins of a record that the batch has deleted."""
CREATED = "it was created"
"""How the reason begins of a record that the batch has created."""
_CREATED = f"{CREATED}: --with-created deletes it"
UNSURE = "nobody knows whether it was created, or was there before"
PIECE = 100
"""Records that are written in one transaction."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is not taken back, and why. `field` is None if that concerns the whole record."""

    resource: str
    record_id: int
    field: str | None
    reason: str


@dataclass(slots=True)
class Reverted:
    """What a revert has done. `fields`: (resource, record id, the fields that an edit restores).
    `deleted`: records that the batch has created; `discarded`: rows that it could not create.
    """

    batch: int
    deleted: list[tuple[str, int]] = field(default_factory=list)
    discarded: list[tuple[str, int]] = field(default_factory=list)
    fields: list[tuple[str, int, list[str]]] = field(default_factory=list)
    #: (resource, record id) -> field -> (its value, the one that it gets back).
    sides: dict[tuple[str, int], dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)

    @property
    def is_any(self) -> bool:
        """Whether anything is taken back."""
        return bool(self.fields or self.deleted or self.discarded)

    @property
    def records(self) -> list[tuple[str, int]]:
        """Of which something is taken back."""
        return [*((r, i) for r, i, _ in self.fields), *self.deleted, *self.discarded]

    @property
    def exit_code(self) -> int:
        return 5 if self.left else 0


Confirm = Callable[[Sequence[tuple[str, int]]], None]


async def revert(
    mirror: Mirror,
    batch: int,
    delete: Confirm | None = None,
    begin: Callable[[], None] = lambda: None,
) -> Reverted:
    """Take back what the push with this batch number sent; rows that it could not create are
    discarded. With `delete`, records that it created are deleted, too: they are shown to it first,
    and it raises an error to stop. `begin` is called before changes are committed, if there are
    any. Raises UsageError if there is no such batch.
    """
    edits = await _edits(mirror, batch)
    done = Reverted(batch)
    unsure = await mirror.read(batches.unsure, edits)
    records = group_by_record(edits)
    if delete and (created := [_name(one) for one in records if _may_delete(one, unsure)]):
        delete(created)
    for start in range(0, len(records), PIECE):
        piece = records[start : start + PIECE]
        part = await mirror.write(
            _revert_noted, done, piece, unsure, with_created=delete is not None, before_commit=begin
        )
        done.fields += part.fields
        done.deleted += part.deleted
        done.discarded += part.discarded
        done.left += part.left
        decision_log.reverted(batch, part.fields)
        decision_log.reverted(batch, [(r, i, []) for r, i in part.deleted + part.discarded])
    return done


def _revert_noted(
    tx: Tx, /, done: Reverted, records: Sequence[list[Edit]], unsure: Set[int], **options: Any
) -> Reverted:
    """`_revert`, of a part of what is reverted; who does it is noted for all of it, so far."""
    part = _revert(tx, records, unsure, **options)
    if part.is_any:
        noted, deleted = done.records + part.records, len(done.deleted + part.deleted)
        decided.reverted(tx, done.batch, noted, deleted)
    return part


async def _edits(mirror: Mirror, batch: int) -> list[Edit]:
    edits = await mirror.read(batches.find, batch)
    if not edits:
        last = await mirror.read(batches.last)
        raise UsageError(f"there is no batch {batch}" + (f"; the last is {last}" if last else ""))
    return edits


class _Tried(Exception):
    """Ends a transaction of which nothing shall be left."""

    def __init__(self, found: Reverted) -> None:
        super().__init__()
        self.found = found


async def preview(mirror: Mirror, batch: int, *, with_created: bool = False) -> Reverted:
    """What `revert` would do: it is done, and rolled back. Raises as `revert` does."""
    edits = await _edits(mirror, batch)
    unsure = await mirror.read(batches.unsure, edits)
    records, told = group_by_record(edits), Reverted(batch)
    for start in range(0, len(records), PIECE):
        try:
            piece = records[start : start + PIECE]
            await mirror.write(_try, piece, unsure, with_created=with_created)
        except _Tried as tried:
            told.fields += tried.found.fields
            told.sides |= tried.found.sides
            told.deleted += tried.found.deleted
            told.discarded += tried.found.discarded
            told.left += tried.found.left
    return told


def _try(tx: Tx, records: Sequence[list[Edit]], unsure: Set[int], *, with_created: bool) -> None:
    raise _Tried(_revert(tx, records, unsure, with_created=with_created))


def _name(edits: Sequence[Edit]) -> tuple[str, int]:
    return edits[0].resource, edits[0].record_id


def _may_delete(edits: Sequence[Edit], unsure: Set[int]) -> bool:
    """Whether `revert` deletes a record, where it is asked to. Pure."""
    is_created = _created(edits) and unsure.isdisjoint(e.seq for e in edits)
    return is_created and RESOURCES[edits[0].resource].delete


def _created(edits: Sequence[Edit]) -> bool:
    """Whether a batch has created a record. Pure."""
    existed = any(before is not None for before, _ in fold_batch(edits).values())
    return any(e.op == Op.INSERT for e in edits) and not existed and not _unsent(edits)


def _unsent(edits: Sequence[Edit]) -> list[int]:
    """The insert of a row that a batch could not create. Pure."""
    return [
        e.seq
        for e in edits
        if e.op == Op.INSERT and is_provisional(e.record_id) and e.state in discard.DISCARDABLE
    ]


def _revert(
    tx: Tx,
    records: Iterable[list[Edit]],
    unsure: Set[int],
    *,
    with_created: bool,
    before_commit: Callable[[], None] = lambda: None,
) -> Reverted:
    found = Reverted(0)
    for edits in records:
        resource, record_id = RESOURCES[edits[0].resource], edits[0].record_id
        table = TABLES[resource.name]
        busy = statements.lock(tx, table, [record_id])
        row = statements.load(tx, table, [record_id]).get(record_id)
        reason = (
            "another program has locked its row"
            if busy
            else _irrevocable(resource, edits, row, unsure)
        )
        if reason == DELETED:
            reason = f"{DELETED}: {_way_back(undelete.plan(tx, resource, record_id))}"
        if reason is None and (unsent := _unsent(edits)):
            discard.discard(tx, unsent)
            found.discarded.append((resource.name, record_id))
        elif with_created and reason == _CREATED and row is not None:
            _delete(tx, found, resource, record_id)
        elif reason or row is None:
            found.left.append(Left(resource.name, record_id, None, reason or ""))
        else:
            part = Reverted(0)
            _revert_fields(tx, part, resource, row, fold_batch(edits))
            found.fields += part.fields
            found.sides |= part.sides
            found.left += [_with_author(tx, one, edits[-1].seq) for one in part.left]
    if found.is_any:
        before_commit()
    return found


def _delete(tx: Tx, found: Reverted, resource: Resource, record_id: int) -> None:
    try:
        user_edits.delete(tx, resource, record_id)
    except UsageError as refused:
        found.left.append(Left(resource.name, record_id, None, str(refused)))
    else:
        found.deleted.append((resource.name, record_id))


def _way_back(planned: Undelete) -> str:
    """What brings back a record that a batch has deleted, or why nothing does. Pure."""
    return planned.reason or f"cfsync undelete {planned.resource} {planned.record_id}"


def _with_author(tx: Tx, left: Left, seq: int) -> Left:
    """Who has changed a field since the edit `seq`, where the history knows."""
    if left.field is None or not left.reason.endswith(CHANGED):
        return left
    name, resource = left.field.partition(".")[0], RESOURCES[left.resource]
    who = last.who_changed(tx, resource, left.record_id, name, after=seq)
    return replace(left, reason=f"{left.reason} ({who})") if who else left


def _irrevocable(
    resource: Resource, edits: Sequence[Edit], row: Mapping[str, Any] | None, unsure: Set[int]
) -> str | None:
    """Why nothing of a record can be taken back; None if something can. Pure."""
    if any(e.state == OutboxState.SENDING for e in edits):
        return "its outcome is not known yet: push again first"
    if any(e.op == Op.DELETE and e.state == OutboxState.DONE for e in edits):
        return DELETED
    if row is None:
        return "it is no longer in the mirror"
    if any(e.may_exist for e in edits):
        return "nobody knows whether it was created: see cfsync outbox list"
    if _created(edits):
        if not unsure.isdisjoint(e.seq for e in edits):
            return UNSURE
        return _CREATED if resource.delete else f"{CREATED}: {resource.refuse_delete}"
    return None


def _revert_fields(
    tx: Tx, found: Reverted, resource: Resource, row: Mapping[str, Any], sent: Sent
) -> None:
    base = discard.base_values(tx, resource, row["id"])
    wanted: dict[str, Any] = {}
    for name, (before, value) in sent.items():
        one = resource.by_name[name]
        if one.shown and equal(one, base.get(name), before):
            continue  # ClickFunnels never took the value, or has the old one again
        back, reasons = undo(one, row[name], before, value)
        found.left += [Left(resource.name, row["id"], n, reason) for n, reason in reasons.items()]
        if not equal(one, back, row[name]):
            wanted[name] = back
    if not wanted:
        return
    try:
        edit(tx, resource, row["id"], wanted)
    except UsageError as refused:
        found.left += [Left(resource.name, row["id"], n, str(refused)) for n in wanted]
    else:
        found.fields.append((resource.name, row["id"], sorted(wanted)))
        sides = {name: (row[name], back) for name, back in sorted(wanted.items())}
        found.sides[resource.name, row["id"]] = sides
