"""What a row of the file is to the mirror: new, a change, or nothing to do. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cfsync.mirror.capture.rules import insert_refusals, insertable, updatable, update_refusals
from cfsync.mirror.capture.values import missing_message, needed, never_empty
from cfsync.resources.model import Resource
from cfsync.sync.importing.columns import Columns, Target
from cfsync.sync.importing.table import Row
from cfsync.sync.importing.values import Wrong, is_blank, value_of
from cfsync.values import equal, snake_case


class Kind(StrEnum):
    """What a row of the file is."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    """It can't be written, and the reason is given."""
    DOUBLED = "doubled"
    """A later row is the same record."""
    SKIPPED = "skipped"
    """The mirror has no such record, and none is to be made."""
    GONE = "gone"
    """The record was deleted or redacted earlier, and is not made again unasked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row is, and what is written for it."""

    kind: Kind
    line: int
    #: The row of the mirror; None: there is none.
    record_id: int | None = None
    #: What is written, canonical.
    values: Mapping[str, Any] = field(default_factory=dict)
    #: What the row of the mirror holds in these fields.
    before: Mapping[str, Any] = field(default_factory=dict)
    #: Why it is not written.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the options of an import say about its rows."""

    columns: Columns
    #: Whether the values are text: those of a CSV file.
    is_text: bool
    #: Whether a blank value empties the field, or leaves it.
    clear: bool = False
    #: Whether a record is made of a row that is none yet.
    insert: bool = True
    #: The workspace of new rows; None: the table has no such column.
    workspace_id: int | None = None
    #: Field with a set -> the members that every row gets.
    members: Mapping[str, Collection[int]] = field(default_factory=dict)


Given = Sequence[tuple[Target, Any]]


def values_in(rules: Rules, row: Row) -> Given:
    """What a row gives, canonical; None: it empties the field. Raises Wrong."""
    found = list[tuple[Target, Any]]()
    columns = rules.columns
    for column, target in columns.targets.items():
        if column not in row.values:
            continue
        value = row.values[column]
        if isinstance(value, str):
            value = value.strip()
        if not is_blank(value):
            value = value_of(columns.resource, target, value, is_text=rules.is_text)
            found.append((target, value))
        elif rules.clear and column != columns.key_column and target.field.merge != "set":
            found.append((target, None if target.key is None else ""))
    return found


def compare(rules: Rules, row: Row, known: Mapping[str, Any] | None) -> Outcome:
    """What a row is beside the mirror's row, None where there is none."""
    try:
        given = values_in(rules, row)
        if known is None:
            return _new(rules, row.line, given)
        return _change(rules, row.line, given, known)
    except Wrong as wrong:
        return Outcome(Kind.REFUSED, row.line, reason=str(wrong))


def _new(rules: Rules, line: int, given: Given) -> Outcome:
    resource, key = rules.columns.resource, rules.columns.key
    if not rules.insert:
        return Outcome(Kind.SKIPPED, line)
    if key not in insertable(resource):
        raise Wrong(f"no row of {resource.name} has this {key.name}")
    if resource.insert is None:
        raise Wrong(f"{resource.name}: INSERT is refused: {resource.refuse_insert}")
    values: dict[str, Any] = {}
    for target, value in given:
        if value not in (None, ""):
            _check_insertable(resource, target)
            values[target.field.name] = _merged(target, values.get(target.field.name), value)
    for name, members in rules.members.items():
        values[name] = sorted({*values.get(name, ()), *members})
    if rules.workspace_id is not None:
        values.setdefault("workspace_id", rules.workspace_id)
    for needed_field in needed(resource):
        if is_blank(values.get(needed_field.name)):
            raise Wrong(missing_message(resource, needed_field))
    return Outcome(Kind.NEW, line, values=values)


def _check_insertable(resource: Resource, target: Target) -> None:
    if target.field not in insertable(resource):
        refusals = {r.column: r.message for r in insert_refusals(resource)}
        raise Wrong(refusals[target.field.name])


def _change(rules: Rules, line: int, given: Given, known: Mapping[str, Any]) -> Outcome:
    resource, key = rules.columns.resource, rules.columns.key
    here = known.get("workspace_id")
    if None not in (here, rules.workspace_id) and here != rules.workspace_id:
        raise Wrong(f"the record is in workspace {here}, not in {rules.workspace_id}")
    values: dict[str, Any] = {}
    for target, value in given:
        name = target.field.name
        if target.field is not key:
            values[name] = _merged(target, values.get(name, known[name]), value)
    for name, members in rules.members.items():
        values[name] = sorted({*values.get(name, known[name] or ()), *members})
    wanted = {n: v for n, v in values.items() if not equal(resource.by_name[n], known[n], v)}
    _check_updatable(resource, wanted)
    before = {name: known[name] for name in wanted}
    kind = Kind.CHANGED if wanted else Kind.UNCHANGED
    return Outcome(kind, line, known["id"], wanted, before)


def _merged(target: Target, before: Any, value: Any) -> Any:
    """The value of a field after a cell: one key of a map, or members added to a set."""
    if target.field.merge == "set":
        return sorted({*(before or ()), *(value or ())})
    if target.field.merge != "map":
        return value
    old = before or {}
    changed = {target.key: value} if target.key is not None else value or {}
    return {**old, **{k if k in old else snake_case(k): v for k, v in changed.items()}}


def _check_updatable(resource: Resource, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        column = resource.by_name[name]
        if column not in updatable(resource):
            refusals = {r.column: r.message for r in update_refusals(resource)}
            raise Wrong(refusals[name])
        if is_blank(value) and column in never_empty(resource):
            raise Wrong(missing_message(resource, column))
