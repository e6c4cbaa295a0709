"""What SQL may do to each table, from the catalogue, and the words in which a trigger refuses it.

A trigger refuses what ClickFunnels is certain to refuse, by what the mirror holds, and what would
break the mirror. Anything else ClickFunnels decides (422), and the edit is parked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any, Literal

from cfsync.mirror.capture.ways import instead
from cfsync.resources import ALL
from cfsync.resources.model import Field, Resource, action_key

OWN = ("cf_rev", "cf_synced_at")
"""Columns of every table that only cfsync writes."""

MOVING = ("updated_at", "cf_synced_at")
"""Columns that change whenever the record does, and that nobody sets: an UPDATE that gives another
value is the save of a whole row that was read before.
"""

_OWN_FIELDS = (Field("cf_rev", "integer"), Field("cf_synced_at", "timestamp"))

IS_WRITING = "cf_is_writing"
"""What tells a trigger of the user's that cfsync is writing: a function on PostgreSQL, a view with
one row on SQLite.
"""

STALE = "changed in ClickFunnels since you read it; read it again"
STALE_ROW = (
    "a program that saves whole rows has read it before it changed: read it again, or give the"
    " model cf_rev"
)
NOT_AN_ID = "no row has this id; leave id out, ClickFunnels gives it"
ID_TOO_LONG = "an id that you choose is 989999999999999 at the most"
USED_BEFORE = "this id was used before; leave id out"
COUNTER_RESET = "the counter of new ids was reset; run cfsync migrate, then cfsync doctor"
RULED = "edits can't be recorded: the rule {} on cf_outbox is not cfsync's: drop it"
HAS_REAL_ID = "the record exists in ClickFunnels now, and the row's id is"


class SqlState(StrEnum):
    """The kind of a refusal. PostgreSQL reports it, and drivers and ORMs choose their error by it;
    on SQLite every refusal is a constraint error.
    """

    IMPOSSIBLE = "0A000"
    """feature_not_supported: ClickFunnels has no such insert or delete."""
    STALE = "23000"
    """integrity_constraint_violation: the row has changed since it was read."""
    MISSING = "23502"
    """not_null_violation: a value must be given."""
    UNKNOWN = "23503"
    """foreign_key_violation: the record that is referred to does not exist."""
    TAKEN = "23505"
    """unique_violation: another row has the value."""
    WRONG_VALUE = "23514"
    """check_violation: the column can't have this value."""
    UNREADY = "55000"
    """object_not_in_prerequisite_state: the counter of ids was reset, or a rule is in the way."""
    READ_ONLY = "428C9"
    """generated_always: the column is not for the user to set."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change of `column` is refused with `message` when `when` applies:

    always; sent: the record exists in ClickFunnels; unsent: it does not exist there yet;
    unless: the column `other` is not one of `values`; not_in: the new value is none of `values`;
    not_only: it is none of them, or NULL.
    """

    column: str
    message: str
    when: Literal["always", "sent", "unsent", "unless", "not_in", "not_only"] = "always"
    other: str = ""
    values: tuple[str, ...] = ()
    state: SqlState = SqlState.READ_ONLY


def columns(resource: Resource) -> tuple[Field, ...]:
    """Every column of the table but `id`."""
    return (*_but_id(resource), *_OWN_FIELDS)


@cache
def column_names(resource: Resource) -> frozenset[str]:
    """The names of all columns of the table."""
    return frozenset(["id", *(f.name for f in columns(resource))])


@cache
def parents(resource: Resource) -> tuple[str, ...]:
    """The columns with the ids of parent records, and of the one below which a record is created:
    given in the INSERT, never changed.
    """
    above = tuple(resource.create_paths) if len(resource.create_paths) == 1 else ()
    names = (resource.parent_field, *above, "workspace_id" if has_workspace(resource) else None)
    return tuple(dict.fromkeys(name for name in names if name))


def has_workspace(resource: Resource) -> bool:
    return resource.in_workspace


def unique_field(resource: Resource) -> Field | None:
    """The field that has another value in each row of a workspace."""
    return resource.by_name[resource.unique] if resource.unique and resource.insert else None


def unique_in_updates(resource: Resource) -> Field | None:
    """The field of which an UPDATE may give no row the value of another one. That by which an
    upsert finds a record is none: whoever merges two may take it before the other gives it up.
    """
    field = unique_field(resource)
    return field if field and field.name != resource.upsert_key else None


def taken_message(resource: Resource) -> str:
    """The words for a value of that field which another row has."""
    return (
        f"{resource.name}: another row has this {resource.unique}; use that row, or change or"
        " delete it first"
    )


def references(resource: Resource) -> Iterable[Field]:
    """The columns of which an unknown id is refused. A public id is text and not looked up."""
    return (f for f in resource.columns if f.ref and f.ref != "workspaces" and f.type != "text")


def is_in_workspace(field: Field) -> bool:
    """Whether what the column refers to belongs to a workspace."""
    return field.ref is not None and ALL[field.ref].in_workspace


def without_references(resource: Resource, tables: Collection[str]) -> Resource:
    """The resource as if its columns referred to none of these tables, which can't be read; the
    column with the parent's id still does.
    """
    if not set(tables).intersection(resource.references.values()):
        return resource
    fields = (
        replace(f, ref=None) if f.ref in tables and f.name != resource.parent_field else f
        for f in resource.fields
    )
    return replace(resource, fields=tuple(fields))


def insertable_references(resource: Resource) -> Iterable[Field]:
    """Those that an INSERT gives, but for the parent's id."""
    given = insertable(resource)
    return (f for f in references(resource) if f in given and f.name != resource.parent_field)


def unknown_message(resource: Resource, field: Field) -> str:
    """The words for the id of a record that the mirror does not have."""
    return (
        f"{resource.name}.{field.name}: the mirror has no such row in {field.ref} of this"
        f" workspace; if ClickFunnels has it, run cfsync pull {field.ref}"
    )


@cache
def kept(resource: Resource) -> tuple[Field, ...]:
    """The columns of which an UPDATE of the whole row may give a value that the program had read
    or filled in before: they keep theirs.
    """
    writable = updatable(resource)
    return tuple(f for f in columns(resource) if f not in writable)


@cache
def sets(resource: Resource) -> tuple[Field, ...]:
    """The columns with a set that an UPDATE may change: NULL is no value there, and the user's own
    statement stores them sorted, each member once.
    """
    return tuple(f for f in updatable(resource) if f.merge == "set")


@cache
def insertable(resource: Resource) -> tuple[Field, ...]:
    """The columns that an INSERT may give a value, but for `id`."""
    return tuple(f for f in _but_id(resource) if _may_insert(resource, f))


def insertable_values(resource: Resource, row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row that an INSERT may give."""
    return {
        f.name: row[f.name]
        for f in insertable(resource)
        if row[f.name] is not None and (not f.actions or action_key(row[f.name]) in f.actions)
    }


@cache
def updatable(resource: Resource) -> tuple[Field, ...]:
    """The columns that an UPDATE may change, at least in some rows."""
    barred = {r.column for r in update_refusals(resource) if r.when == "always"}
    return tuple(f for f in _but_id(resource) if f.name not in barred)


def insert_refusals(resource: Resource) -> list[Refusal]:
    """For an INSERT that gives the column a value."""
    found = [_own(resource, name) for name in OWN]
    for field in _but_id(resource):
        if field.only and resource.insert:
            found.append(_only_insert(resource, field))
        elif not _may_insert(resource, field):
            found.append(_not_in_insert(resource, field))
        elif field.actions:
            found.append(_only_actions(resource, field))
    return found


def update_refusals(resource: Resource) -> list[Refusal]:
    """For an UPDATE that changes the column."""
    found = [refusal for f in _but_id(resource) for refusal in _update_refusals(resource, f)]
    found.append(_own(resource, "cf_synced_at"))
    if not resource.update:
        return found
    told = (_as_stale(r) if r.column in MOVING else r for r in found)
    return sorted(told, key=lambda r: r.state != SqlState.STALE)


def _as_stale(refusal: Refusal) -> Refusal:
    """Nobody sets such a column by hand: a program that saves whole rows has an old value of it."""
    return replace(refusal, message=f"{refusal.message}; {STALE_ROW}", state=SqlState.STALE)


def _update_refusals(resource: Resource, field: Field) -> Iterable[Refusal]:
    name, say = field.name, f"{resource.name}.{field.name} is read-only in ClickFunnels"
    way = instead(resource, field, lambda f: bool(f.update or f.update_if))
    creates = _may_insert(resource, field)
    if name in parents(resource) and resource.insert:
        yield Refusal(
            name, f"{resource.name}.{name} is given in the INSERT and read-only afterwards"
        )
    elif way or not resource.update:
        yield Refusal(name, say + way)
    elif field.actions:
        yield _only_actions(resource, field)
    elif field.update_if:
        other, value = field.update_if
        shown = value if resource.by_name[other].type == "boolean" else f"'{value}'"
        yield Refusal(name, f"{say} unless {other} is {shown}", "unless", other, (value,))
    elif field.update and resource.insert and not creates:
        yield Refusal(
            name, f"{resource.name}.{name} can't be set before the record exists", "unsent"
        )
    elif not field.update and creates and not field.only:
        yield Refusal(name, f"{say} once the record exists", "sent")
    elif not field.update:
        yield Refusal(name, say)


def _may_insert(resource: Resource, field: Field) -> bool:
    if resource.insert is None:
        return False
    above = (*parents(resource), *resource.create_paths)
    return field.create or bool(field.actions or field.only) or field.name in above


def _not_in_insert(resource: Resource, field: Field) -> Refusal:
    name = f"{resource.name}.{field.name}"
    if resource.insert and resource.update and field.update:
        return Refusal(field.name, f"{name} can't be set before the record exists")
    way = instead(resource, field, lambda f: f.create)
    return Refusal(field.name, f"{name} is read-only in ClickFunnels{way}")


def _only_insert(resource: Resource, field: Field) -> Refusal:
    message = (
        f"{resource.name}: INSERT is refused unless {field.name} is '{field.only}':"
        f" {resource.refuse_insert}"
    )
    values, state = (str(field.only),), SqlState.IMPOSSIBLE
    return Refusal(field.name, message, "not_only", values=values, state=state)


def _only_actions(resource: Resource, field: Field) -> Refusal:
    values = tuple(field.actions)
    allowed = " or ".join(v if field.type == "boolean" else f"'{v}'" for v in values)
    message = f"{resource.name}.{field.name} can only be set to {allowed}"
    return Refusal(field.name, message, "not_in", values=values, state=SqlState.WRONG_VALUE)


def _own(resource: Resource, name: str) -> Refusal:
    return Refusal(name, f"{resource.name}.{name} is written by cfsync alone")


def _but_id(resource: Resource) -> tuple[Field, ...]:
    return tuple(f for f in resource.columns if f.name != "id")
