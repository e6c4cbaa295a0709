"""What the catalogue is written in: `Field` and `Resource`, and the reader of field tables.

Pure data, no I/O. A field table has one line a field, in the order of the columns:

    name   type[?]   option ...

`?` means that the API may send null. The options:

    create, create!       may / must be sent when the record is created
    update                may be sent when it is changed
    update-if=F:V         may be sent in a change while the record's field F is V
    write-only            the API takes it and never shows it
    secret                kept in `cf_secrets` and nowhere else; no column
    path                  no field of the API: filled from where the record was listed
    ref=R                 holds the id of a record of resource R (in a list: many)
    from=F                not shown itself; read from the ids of the objects in field F
    set, map              how two changes of it merge (else: as one value)
    via=R:F               a set whose members are records of R, each naming one in its field F
    quote                 a copy of other records, never a difference
    V=>A                  the change to value V is made by the action A
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Type = Literal["integer", "text", "boolean", "timestamp", "money", "number", "json"]
Merge = Literal["value", "set", "map", "quote"]

ROOT = 0
"""The parent id of a list that hangs below nothing (`GET /teams`)."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: what the API says of it and how the mirror treats it."""

    name: str
    type: Type
    null: bool = False
    create: bool = False
    required: bool = False
    update: bool = False
    update_if: tuple[str, str] | None = None
    write_only: bool = False
    secret: bool = False
    path: bool = False
    ref: str | None = None
    derived: str | None = None
    merge: Merge = "value"
    via: tuple[str, str] | None = None
    actions: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> bool:
        """Whether an answer of the API holds a value for it."""
        return not self.path and (not self.write_only or self.derived is not None)


@dataclass(frozen=True, slots=True)
class Action:
    """A call beside create, update and delete; `path` holds `{id}` or `{parent}`."""

    method: str
    path: str


@dataclass(frozen=True)
class Resource:
    """One kind of record: its routes, fields and rules.

    `list_path` holds `{parent}`, the id of a record of resource `parent`; `one_path` holds `{id}`.
    A pass that walks it reads one list for each parent record.
    """

    name: str
    body_key: str
    parent: str | None
    list_path: str
    one_path: str
    fields: tuple[Field, ...]
    insert: Literal["create", "upsert"] | None = None
    update: bool = False
    delete: bool = False
    refuse_insert: str = "ClickFunnels creates these itself"
    refuse_delete: str = "ClickFunnels has no delete for them"
    actions: Mapping[str, Action] = field(default_factory=dict)
    filters: tuple[str, ...] = ()
    natural: tuple[str, ...] = ()
    upsert_key: str | None = None
    events: tuple[str, ...] = ()
    pull_every: str = "1h"
    push: bool = True
    mirrored: bool = True

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        return {f.name: f for f in self.fields}

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The fields that are columns of the mirror's table, in order, `id` first."""
        return tuple(f for f in self.fields if not f.secret)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields if f.secret)

    @cached_property
    def parent_field(self) -> str | None:
        """The column that holds the id of the record below which it is listed."""
        return PARENT_FIELDS[self.parent] if self.parent else None

    @cached_property
    def nested(self) -> bool:
        """Whether its lists hang below other records than workspaces: a list for each of them."""
        return self.parent not in (None, "teams", "workspaces")

    @cached_property
    def deletable(self) -> bool:
        """Whether a record that its list lacks may be gone. A team or workspace may as well have
        been taken from the token, so its absence proves nothing.
        """
        return self.parent not in (None, "teams")

    @cached_property
    def references(self) -> Mapping[str, str]:
        """Column -> the resource whose id (or list of ids) it holds."""
        return {f.name: f.ref for f in self.columns if f.ref}


PARENT_FIELDS = {
    "teams": "team_id",
    "workspaces": "workspace_id",
    "contacts": "contact_id",
    "products": "product_id",
    "orders": "order_id",
    "courses": "course_id",
    "forms": "form_id",
}


def table(text: str) -> tuple[Field, ...]:
    """Read a field table. Raises ValueError, naming the line, on a word it does not know."""
    return tuple(_field(line.split()) for line in text.splitlines() if line.strip())


def _field(words: list[str]) -> Field:
    name, type_, *options = words
    known: dict[str, object] = {}
    for option in options:
        known |= _option(option, known, name)
    return Field(name, type_.rstrip("?"), type_.endswith("?"), **known)  # type: ignore[arg-type]


_PLAIN: Mapping[str, dict[str, object]] = {
    "create": {"create": True},
    "create!": {"create": True, "required": True},
    "update": {"update": True},
    "write-only": {"write_only": True},
    "secret": {"secret": True},
    "path": {"path": True},
    "set": {"merge": "set"},
    "map": {"merge": "map"},
    "quote": {"merge": "quote"},
}


def _option(option: str, known: Mapping[str, object], name: str) -> dict[str, object]:
    if option in _PLAIN:
        return _PLAIN[option]
    if "=>" in option:
        value, action = option.split("=>")
        actions = known.get("actions", {})
        assert isinstance(actions, dict)
        return {"actions": {**actions, value: action}}
    match option.split("="):
        case ["ref", resource]:
            return {"ref": resource}
        case ["from", source]:
            return {"derived": source}
        case ["via", members]:
            return {"via": tuple(members.split(":"))}
        case ["update-if", condition]:
            return {"update_if": tuple(condition.split(":"))}
    raise ValueError(f"field {name}: unknown option {option!r}")


def index(resources: Iterable[Resource]) -> dict[str, Resource]:
    return {r.name: r for r in resources}
