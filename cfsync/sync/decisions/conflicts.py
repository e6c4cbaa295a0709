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
from cfsync.mirror.db import clock, statements
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import is_about_row
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.history.person import by_person
from cfsync.mirror.outgoing.user_edits import edit, edit_from
from cfsync.mirror.user_decisions import discard
from cfsync.resources import RESOURCES, Resource, named
from cfsync.sync.decisions import decision_log, record_conflicts
from cfsync.sync.decisions.record_conflicts import row_of
from cfsync.sync.selection import Filter, select
from cfsync.values import equal

Choice = Literal["local", "remote", "value"]
Confirm = Callable[[Sequence[Conflict]], None]


def agree(_: Sequence[Conflict]) -> None:
    """Confirm whatever is shown."""


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
    confirm: Confirm,
) -> list[Resolved | Changed | Left]:
    """As `resolve`, for the conflicts with some numbers or all that fit what is given, each by
    itself. `decision`: choice and value. Conflicts that nobody has named are shown to `confirm`
    first, which raises an error to stop; each with a number is shown to it before the commit.

    Raises UnknownResource, and UsageError if no conflict is meant, or the only one that is named
    can't be resolved.
    """
    now = await mirror.read(clock.now)
    listed = "cfsync conflicts list"
    selection = select(
        which, given, now, noun="a conflict", listed=listed, also=tuple(ConflictKind)
    )
    if len(selection.numbers) == 1:
        return [await resolve(mirror, *selection.numbers, *decision, before_commit=confirm)]
    if selection.numbers:
        return [await _resolve_or_leave(mirror, n, decision, confirm) for n in selection.numbers]
    found = await mirror.read(conflicts.find, resources=selection.resources)
    chosen = [c for c in found if selection.fits([c.field, c.kind], c.found_at)]
    if not chosen:
        raise UsageError("no such conflict is open")
    confirm(chosen)
    return [await _resolve_or_leave(mirror, c.id, decision, agree) for c in chosen]


async def _resolve_or_leave(
    mirror: Mirror, number: int, decision: tuple[Choice, Any], before_commit: Confirm
) -> Resolved | Changed | Left:
    try:
        return await resolve(mirror, number, *decision, before_commit=before_commit)
    except UsageError as error:
        if not is_about_row(error):
            raise
        return Left(number, str(error))


def _any(_: Conflict) -> bool:
    return True


async def resolve(
    mirror: Mirror,
    conflict_id: int,
    choice: Choice,
    value: Any = None,
    is_as_shown: Callable[[Conflict], bool] = _any,
    before_commit: Confirm = agree,
) -> Resolved | Changed:
    """Resolve a conflict. `value` is the JSON value for the choice "value", and ignored otherwise.
    `is_as_shown` tells whether somebody has seen the conflict as it is: it keeps its number when
    its values change. `before_commit` is called with the conflict if the choice resolves it.

    Raises UsageError if the conflict isn't open, doesn't offer the choice, or the database refuses
    the value.
    """

    def work(tx: Tx) -> Resolved | Changed:
        done = _resolve(tx, conflict_id, choice, value, is_as_shown)
        if isinstance(done, Resolved):
            before_commit([done.conflict])
        return done

    done = await mirror.write(work)
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
        done = Resolved(conflict, *record_conflicts.resolve(tx, resource, conflict, choice))
    else:
        done = _resolve_field(tx, resource, conflict, choice, value)
    decided.conflict(tx, conflict.id, choice)
    new = outbox.find(tx, resources=[resource.name], record_id=done.record_id)
    return replace(done, seqs=(*seqs, *(e.seq for e in new if e.seq > last)))


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


def _resolve_field(
    tx: Tx, resource: Resource, conflict: Conflict, choice: Choice, value: Any
) -> Resolved:
    part = Part.of(resource, conflict.field)
    base = discard.base_values(tx, resource, conflict.record_id)
    if choice == "remote" and not _is_sent(part, conflict, base):
        _take_remote(tx, resource, conflict, part, base)
        edited = False
    else:
        row = row_of(tx, resource, conflict)
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
