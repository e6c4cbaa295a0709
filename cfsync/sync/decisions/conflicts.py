"""Resolves conflicts by a person's choice: the mirror's value, ClickFunnels' value, or another one.

| the conflict is about            | --local                       | --remote                     |
| -------------------------------- | ----------------------------- | ---------------------------- |
| a field                          | an edit sends the row's value | the row takes ClickFunnels'  |
| ... whose local value was sent   | nothing is left to do         | an edit sends the lost value |
| an inserted row without an edit  | an edit creates the record    | the row is deleted           |
| a record deleted in ClickFunnels | the record is created again   | the row is deleted           |
| a row deleted in the mirror      | the delete is sent            | the row comes back           |

An edit is made like a user's, through the triggers, and the next push sends it. A choice that would
overwrite a value which the conflict does not show resolves nothing: the conflict then shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cfsync.errors import UsageError
from cfsync.merge import Winner
from cfsync.mirror.bookkeeping import conflicts, decided, open_edits, outbox, rows
from cfsync.mirror.bookkeeping.agreement import Part, unseen_values
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import Op, OutboxState
from cfsync.mirror.capture.rules import insertable_values
from cfsync.mirror.db import clock, statements
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.history.person import by_person
from cfsync.mirror.outgoing.user_edits import edit, edit_from
from cfsync.mirror.user_decisions import deleted_remotely, discard, uncaptured_rows, waiting_edits
from cfsync.resources import RESOURCES, Resource, named
from cfsync.sync.decisions import decision_log
from cfsync.sync.selection import Filter, select
from cfsync.values import equal

Choice = Literal["local", "remote", "value"]
_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a resolution has done.

    `edited`: whether the next push has something to send. `record_id`: the row's id afterwards, a
    provisional one if the record is created again. `seqs`: the edits that the conflict was about,
    and those that it has made.
    """

    conflict: Conflict
    edited: bool
    record_id: int
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """Nothing was resolved: the record has changed since the conflict was found.

    `now`: the conflict to decide about, with the values that the record has now.
    """

    was: Conflict
    now: Conflict


async def open_conflicts(mirror: Mirror, names: Sequence[str] = ()) -> list[Conflict]:
    """Open conflicts of the resources named, or of all, oldest first. Raises UnknownResource."""
    return await mirror.read(conflicts.find, resources=[named(name).name for name in names])


@dataclass(frozen=True, slots=True)
class Left:
    """A conflict of several that could not be resolved, and why."""

    conflict_id: int
    reason: str


async def resolve_all(
    mirror: Mirror,
    which: Sequence[str],
    given: Filter,
    decision: tuple[Choice, Any],
    confirm: Callable[[Sequence[Conflict]], None],
) -> list[Resolved | Changed | Left]:
    """As `resolve`, for the conflicts with some numbers or all that fit what is given, each by
    itself. `decision`: choice and value. Conflicts that nobody has named are shown to `confirm`
    first, which raises an error to stop.

    Raises UnknownResource, and UsageError if no conflict is meant, or the only one that is named
    can't be resolved.
    """
    now = await mirror.read(clock.now)
    listed = "cfsync conflicts list"
    selection = select(
        which, given, now, noun="a conflict", listed=listed, also=tuple(ConflictKind)
    )
    numbers: Sequence[int] = selection.numbers
    if not numbers:
        found = await mirror.read(conflicts.find, resources=selection.resources)
        chosen = [c for c in found if selection.fits([c.field, c.kind], c.found_at)]
        if not chosen:
            raise UsageError("no such conflict is open")
        confirm(chosen)
        numbers = [c.id for c in chosen]
    elif len(numbers) == 1:
        return [await resolve(mirror, numbers[0], *decision)]
    return [await _resolve_or_leave(mirror, number, *decision) for number in numbers]


async def _resolve_or_leave(
    mirror: Mirror, number: int, choice: Choice, value: Any
) -> Resolved | Changed | Left:
    try:
        return await resolve(mirror, number, choice, value)
    except (UsageError, Constrained) as error:
        return Left(number, str(error))


def _any(_: Conflict) -> bool:
    return True


async def resolve(
    mirror: Mirror,
    conflict_id: int,
    choice: Choice,
    value: Any = None,
    is_as_shown: Callable[[Conflict], bool] = _any,
) -> Resolved | Changed:
    """Resolve a conflict. `value` is the JSON value for the choice "value", and ignored otherwise.
    `is_as_shown` tells whether somebody has seen the conflict as it is: it keeps its number when
    its values change.

    Raises UsageError if the conflict isn't open, doesn't offer the choice, or the database refuses
    the value.
    """
    done = await mirror.write(_resolve, conflict_id, choice, value, is_as_shown)
    if isinstance(done, Resolved):
        decision_log.resolved(done.conflict, done.seqs, choice)
    return done


def _resolve(
    tx: Tx, conflict_id: int, choice: Choice, value: Any, is_as_shown: Callable[[Conflict], bool]
) -> Resolved | Changed:
    conflict = conflicts.lock_open(tx, conflict_id)
    if not is_as_shown(conflict):
        return Changed(conflict, conflict)
    resource = RESOURCES[conflict.resource]
    discard.lock(tx, resource, conflict.record_id)
    if changed := _changed(tx, resource, conflict, conflict_id, choice):
        return changed
    seqs, last = open_edits.seqs_about(tx, resource, conflict), outbox.highest_seq(tx)
    if conflict.is_about_record:
        done = _resolve_record(tx, resource, conflict, choice)
    else:
        done = _resolve_field(tx, resource, conflict, choice, value)
    decided.conflict(tx, conflict.id, choice)
    new = outbox.find(tx, resources=[resource.name], record_id=done.record_id)
    return replace(done, seqs=(*seqs, *(e.seq for e in new if e.seq > last)))


def _resolve_record(tx: Tx, resource: Resource, conflict: Conflict, choice: Choice) -> Resolved:
    if choice == "value":
        raise UsageError(f"conflict {conflict.id} is about a whole record: it has no --value")
    return _ABOUT_RECORDS[conflict.kind](tx, resource, conflict, choice)


def _changed(
    tx: Tx, resource: Resource, conflict: Conflict, asked: int, choice: Choice
) -> Changed | None:
    """What the conflict that was `asked` about doesn't show; None: the choice overwrites nothing
    unseen.
    """
    if conflict.id != asked:
        return Changed(conflicts.by_id(tx, asked), conflict)
    if conflict.is_about_record:
        return None
    part = Part.of(resource, conflict.field)
    row = statements.load(tx, TABLES[resource.name], [conflict.record_id]).get(conflict.record_id)
    base = discard.base_values(tx, resource, conflict.record_id)
    sides = {"local": row or {}, "remote": base}
    held = {side: part.of_row(v) for side, v in sides.items() if part.field.name in v}
    values = unseen_values(conflict, part, held)
    if choice == "remote":  # it overwrites nothing there
        values.pop("remote", None)
    return Changed(conflict, conflicts.update(tx, conflict, values)) if values else None


def _resolve_remote_deletion(
    tx: Tx, resource: Resource, conflict: Conflict, choice: Choice
) -> Resolved:
    """Resolve the deletion of a record in ClickFunnels, and with it all conflicts about it."""
    about_it = conflicts.find(tx, resources=[resource.name], record_id=conflict.record_id)
    if choice == "remote":
        deleted_remotely.accept_deletion(tx, resource, conflict.record_id)
        conflicts.resolve(tx, about_it, Winner.CLICKFUNNELS)
        return Resolved(conflict, False, conflict.record_id)
    given = insertable_values(resource, _row(tx, resource, conflict, anew=True))
    new_id = deleted_remotely.recreate(tx, resource, conflict.record_id, given)
    conflicts.resolve(tx, about_it, Winner.LOCAL)
    return Resolved(conflict, True, new_id)


def _resolve_local_deletion(
    tx: Tx, resource: Resource, conflict: Conflict, choice: Choice
) -> Resolved:
    """Resolve the delete of a row whose record was changed in ClickFunnels."""
    entry = open_edits.load(tx, resource, [conflict.record_id]).get(conflict.record_id)
    edits = entry.edits if entry else []
    held = [r for r in edits if r.op == Op.DELETE and r.state == OutboxState.HELD]
    if choice == "local":
        waiting_edits.approve(tx, [r.seq for r in held])
    elif held:
        kept = [r for r in edits if r not in held]
        discard.take_back(tx, resource, conflict.record_id, held, kept)
        outbox.discard(tx, [r.seq for r in held])
    conflicts.resolve(tx, [conflict], Winner.LOCAL if choice == "local" else Winner.CLICKFUNNELS)
    return Resolved(conflict, choice == "local", conflict.record_id)


def _resolve_inserted(tx: Tx, resource: Resource, conflict: Conflict, choice: Choice) -> Resolved:
    """Resolve a row that was inserted while no trigger captured it."""
    record_id = conflict.record_id
    if choice == "local":
        given = _row(tx, resource, conflict, anew=True)
        record_id = uncaptured_rows.make_insert(tx, resource, given)
    else:
        rows.delete(tx, resource, record_id, by_person())
    conflicts.resolve(tx, [conflict], Winner.LOCAL if choice == "local" else Winner.CLICKFUNNELS)
    return Resolved(conflict, choice == "local", record_id)


def _resolve_field(
    tx: Tx, resource: Resource, conflict: Conflict, choice: Choice, value: Any
) -> Resolved:
    part = Part.of(resource, conflict.field)
    base = discard.base_values(tx, resource, conflict.record_id)
    if choice == "remote" and not _is_sent(part, conflict, base):
        _take_remote(tx, resource, conflict, part, base)
        edited = False
    else:
        row = _row(tx, resource, conflict)
        sides = {"local": conflict.local, "remote": conflict.remote}
        wanted = part.canonical(value) if choice == "value" else sides[choice]
        new = {part.field.name: part.in_row(row, wanted)}
        if conflict.kind == ConflictKind.DRIFT:  # no edit holds the row's value yet
            edited = not part.same(part.of_row(base), wanted)
            before = {part.field.name: part.in_row(row, part.of_row(base))}
            edit_from(tx, resource, conflict.record_id, before, new)
        else:
            edited = not part.same(part.of_row(row), wanted)
            edit(tx, resource, conflict.record_id, new)
    conflicts.resolve(tx, [conflict], Winner.CLICKFUNNELS if choice == "remote" else Winner.LOCAL)
    return Resolved(conflict, edited, conflict.record_id)


_ABOUT_RECORDS = {
    ConflictKind.DELETED_REMOTELY: _resolve_remote_deletion,
    ConflictKind.DELETED_HERE: _resolve_local_deletion,
    ConflictKind.DRIFT: _resolve_inserted,
}


def _is_sent(part: Part, conflict: Conflict, base: Mapping[str, Any]) -> bool:
    """Whether ClickFunnels has the mirror's value by now, and no longer the one that lost."""
    now = part.of_row(base)
    return part.same(now, conflict.local) and not part.same(now, conflict.remote)


def _take_remote(
    tx: Tx, resource: Resource, conflict: Conflict, part: Part, base: Mapping[str, Any]
) -> None:
    """Write ClickFunnels' present value to the row and drop the edits of the field."""
    row = statements.load(tx, TABLES[resource.name], [conflict.record_id]).get(conflict.record_id)
    if row is None:
        return
    name = part.field.name
    value = part.in_row(row, part.of_row(base) if name in base else conflict.remote)
    rows.set_fields(tx, resource, conflict.record_id, {name: value}, by_person())
    if name not in base or equal(part.field, value, base[name]):
        discard.forget_field(tx, resource, conflict.record_id, name)


def _row(tx: Tx, resource: Resource, conflict: Conflict, *, anew: bool = False) -> _Row:
    """The conflict's row. Raises UsageError if it is gone or, with `anew`, can't be created."""
    found = statements.load(tx, TABLES[resource.name], [conflict.record_id])
    if conflict.record_id not in found:
        raise UsageError(
            f"{resource.name} {conflict.record_id} is no longer in the mirror: only --remote ends"
            f" conflict {conflict.id}"
        )
    if anew and not resource.is_creatable(found[conflict.record_id]):
        raise UsageError(f"{resource.name} can't be created: {resource.refuse_insert}")
    return found[conflict.record_id]
