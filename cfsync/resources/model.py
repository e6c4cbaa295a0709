"""`Resource`, `Field` and `Action`, the classes of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from cfsync.resources.items import ItemKey

Type = Literal["integer", "text", "boolean", "timestamp", "money", "number", "json"]
Merge = Literal["value", "set", "map", "quote"]

Group = Literal["core", "standard", "all"]
"""How much of an account is mirrored: each includes those before it."""

ROOT = 0
"""The parent id of the list that hangs below no record (`GET /teams`)."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: what the API says about it and how the mirror treats it."""

    #: The API's name, and the column's.
    name: str
    type: Type
    #: The API may send null.
    null: bool = False
    #: It may be sent when the record is created.
    create: bool = False
    #: It must be sent when the record is created.
    required: bool = False
    #: It may be sent when the record is changed.
    update: bool = False
    #: (field, value): it may be sent in a change only while that field has that value.
    update_if: tuple[str, str] | None = None
    #: The API takes it and never shows it.
    write_only: bool = False
    #: It is kept in `cf_secrets` and has no column.
    secret: bool = False
    #: It is filled in from the list that showed the record.
    path: bool = False
    #: The resource whose id, or list of ids, it holds.
    ref: str | None = None
    #: The field with the object, or the objects, whose id it holds.
    derived: str | None = None
    #: How changes of both sides are merged.
    merge: Merge = "value"
    #: It is an email address, of which case makes no difference.
    email: bool = False
    #: (resource, field): a member of this set is a record of that resource, named by that field.
    via: tuple[str, str] | None = None
    #: The resource whose records each change the set, by one member, in many records at once.
    bulk: str | None = None
    #: New value -> the action that makes the change.
    actions: Mapping[str, str] = field(default_factory=dict)
    #: The parent's field whose value it has in an INSERT that gives none.
    default: str | None = None
    #: The value that an INSERT has to give: no other records can be created. It is not sent.
    only: str | None = None
    #: The name under which the API takes it, where that is not `name`.
    sent_as: str | None = None
    #: The keys of its items that the API takes.
    items: tuple[ItemKey, ...] = ()
    #: A change may be applied later: until then the record shows the old value.
    later: bool = False
    #: Only a request for the single record that names it is answered with it.
    on_request: bool = False

    @property
    def is_writable(self) -> bool:
        """Whether users may give it a value, if only in an INSERT or in some records."""
        return bool(self.create or self.update or self.update_if or self.actions)

    @property
    def shown(self) -> bool:
        """Whether the API's answers hold a value for it."""
        return not self.path and (not self.write_only or self.derived is not None)


@dataclass(frozen=True, slots=True)
class Action:
    """A call other than create, update and delete."""

    method: str
    #: Holds `{id}` or `{parent}`.
    path: str
    #: What `cfsync act` says of it; empty: it is not for people to call.
    does: str = ""
    #: The fields that its body may hold.
    fields: tuple[Field, ...] = ()
    #: Whether the body holds the fields below the resource's key, as in other writes.
    wrapped: bool = True
    #: The record's fields that a person has to confirm; empty: nothing has to be confirmed.
    confirms: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)  # told apart by identity, so that what is derived can be cached
class Resource:
    """One kind of record: its routes, fields and rules."""

    #: The table's name.
    name: str
    #: The key of the values in a request's body: `{"contact": {...}}`.
    body_key: str
    #: The resource below whose records it is listed, one list for each; None: one list in all.
    parent: str | None
    #: The path of its lists; holds `{parent}`, the id of the parent record.
    list_path: str
    #: The path of one record; holds `{id}`, and `{parent}` where it names the parent record, too.
    one_path: str
    #: Its fields in the order of the columns, `id` first. One has `ref=` the parent.
    fields: tuple[Field, ...]
    #: The least value of the setting `api.mirror` with which it is mirrored.
    group: Group = "core"
    #: Field -> the path at which a record is created, below the record whose id the field holds; of
    #: several the first that ClickFunnels has. Empty: the path of its list.
    create_paths: Mapping[str, str] = field(default_factory=dict)
    #: What an SQL INSERT becomes; None: it is refused.
    insert: Literal["create", "upsert"] | None = None
    #: Whether records can be changed.
    update: bool = False
    #: Whether records can be deleted.
    delete: bool = False
    #: What a refused INSERT says.
    refuse_insert: str = "ClickFunnels creates these itself"
    #: What a refused DELETE says.
    refuse_delete: str = "ClickFunnels has no delete for them"
    #: Name -> a call other than create, update and delete.
    actions: Mapping[str, Action] = field(default_factory=dict)
    #: The fields that its lists can be filtered by.
    filters: tuple[str, ...] = ()
    #: The fields that tell one record from another: by these a lost create is looked for.
    natural: tuple[str, ...] = ()
    #: The field by which an upsert finds the record.
    upsert_key: str | None = None
    #: The field that has another value in each record of a workspace.
    unique: str | None = None
    #: The types of the events about it.
    events: tuple[str, ...] = ()
    #: The default of the setting `pull_every`.
    pull_every: str = "1h"
    #: The default of the setting `push`.
    push: bool = True
    #: Whether `GET one_path` shows a record. If not, it is looked for in its list.
    has_get: bool = True
    #: The class of the saved filters whose results name all records of a list; '': there is none.
    filter_class: str = ""
    #: Field -> the value, '' for any, with which such a filter may leave out what the list shows.
    unfiltered: Mapping[str, str] = field(default_factory=dict)
    #: The fields whose text tells its records apart, which have no number: see `keys`.
    key: tuple[str, ...] = ()
    #: Whether its lists come whole, in an order of their own, and may take no cursor.
    whole: bool = False
    #: Whether it is what a token may reach: a missing one proves nothing, since the access to it
    #: may be lost, and each pass reads it before all else.
    scope: bool = False
    #: Whether a workspace has exactly one, which `list_path` shows alone; its id is the workspace's.
    single: bool = False
    #: Whether it has a table in the mirror.
    mirrored: bool = True
    #: Whether the default of the setting `api.expand` names it, if it has fields `on_request`.
    expand: bool = True

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Field name -> field."""
        return {f.name: f for f in self.fields}

    def is_creatable(self, row: Mapping[str, object]) -> bool:
        """Whether a record with the values of a row can be created."""
        limited = (f for f in self.fields if f.only)
        return self.insert is not None and all(row.get(f.name) == f.only for f in limited)

    def is_unfiltered(self, values: Mapping[str, object]) -> bool:
        """Whether a record with these values may be left out by a saved filter."""
        shown = ((values.get(name), value) for name, value in self.unfiltered.items())
        return any(found == value if value else bool(found) for found, value in shown)

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The fields that are columns of the mirror's table, in order, `id` first."""
        return tuple(f for f in self.fields if not f.secret)

    @cached_property
    def on_request(self) -> tuple[str, ...]:
        """The names of the fields that only a request which names them is answered with."""
        return tuple(f.name for f in self.fields if f.on_request)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The names of the fields that are kept in `cf_secrets`."""
        return tuple(f.name for f in self.fields if f.secret)

    @cached_property
    def parent_field(self) -> str | None:
        """The field that holds the id of the parent record; None without a parent."""
        if self.parent is None:
            return None
        return next(f.name for f in self.fields if f.ref == self.parent)

    @cached_property
    def shown_in(self) -> str:
        """The mirrored resource whose rows show such a record: itself, or that of its parent."""
        return self.name if self.mirrored else str(self.parent)

    @cached_property
    def listed_by_workspace(self) -> bool:
        """Whether there is one list of it in each workspace."""
        return self.parent == "workspaces"

    @cached_property
    def in_workspace(self) -> bool:
        """Whether each of its records belongs to a workspace, as all do that have no table."""
        return "workspace_id" in self.by_name or not self.mirrored

    @cached_property
    def nested(self) -> bool:
        """Whether its lists hang below other records of a workspace: a list for each of them."""
        return self.in_workspace and self.parent not in ("teams", "workspaces")

    @cached_property
    def references(self) -> Mapping[str, str]:
        """Column -> the resource whose id (or list of ids) it holds."""
        return {f.name: f.ref for f in self.columns if f.ref}


def holds(condition: tuple[str, str], values: Mapping[str, object]) -> bool:
    """Whether a record with these values fulfils the condition of `Field.update_if`."""
    name, value = condition
    return action_key(values.get(name)) == value


def action_key(value: object) -> str:
    """A value as `Field.actions` writes it: true, false, cancelled."""
    return str(value).lower() if isinstance(value, bool) else str(value)
