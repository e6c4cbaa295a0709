"""People who work in ClickFunnels, and what they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cfsync.resources import RESOURCES, ROOT, Field, Resource
from cfsync.sandbox import World
from tests.scenarios.book import Book, value_of
from tests.scenarios.steps import Edit

KEYS = ("hat", "shoe", "coat_size")
"""Names of custom attributes, as ClickFunnels writes them."""

FIXED = frozenset(
    {"public_id", "uuid", "anonymous", "status", "payment_processor", "origination_source_type"}
)
"""Texts that people don't write."""


def ids_there(world: World, table: str) -> list[int]:
    """All that lists show, of all parents."""
    return sorted(i for parent in parents_there(world, table) for i in world.ids(table, parent))


def parents_there(world: World, table: str) -> list[int]:
    above = RESOURCES[table].parent
    return ids_there(world, above) if above else [ROOT]


def edited_fields(resource: Resource) -> list[Field]:
    """Those that hold a value used nowhere else."""
    return [
        f
        for f in resource.columns
        if f.shown
        and f.type in ("text", "money")
        and not f.ref
        and f.name not in FIXED
        and not f.actions
        and not f.name.endswith("_id")
    ]


class There:
    def __init__(self, world: World, book: Book) -> None:
        self.world, self.book = world, book

    def do(self, edit: Edit) -> None:
        with self.world.lock:
            VERBS[edit.verb](self, RESOURCES[edit.table], edit)

    def update(self, resource: Resource, edit: Edit) -> None:
        self._update(resource, edit, edited_fields(resource))

    def value(self, resource: Resource, edit: Edit) -> None:
        """An update of anything but an email."""
        fields = [f for f in edited_fields(resource) if f.name != "email_address"]
        self._update(resource, edit, fields)

    def _update(self, resource: Resource, edit: Edit, fields: list[Field]) -> None:
        field = fields[edit.field % len(fields)]
        if record := self._pick(resource.name, edit.pick):
            old = self._shown(resource, record).get(field.name)
            new = value_of(field, self.book.token("there"))
            self.world.edit(resource.name, record, **{field.name: new})
            self._note("update", resource, record, field.name, old, new)

    def attribute(self, resource: Resource, edit: Edit) -> None:
        (field,) = [f for f in resource.columns if f.merge == "map"]
        key, record = KEYS[edit.field % len(KEYS)], self._pick(resource.name, edit.pick)
        if record:
            known, token = self._shown(resource, record)[field.name], self.book.token("there")
            self.world.edit(resource.name, record, **{field.name: {**known, key: token}})
            self._note("update", resource, record, f"{field.name}.{key}", known.get(key, ""), token)

    def tag(self, resource: Resource, edit: Edit) -> None:
        (field,) = [f for f in resource.columns if f.merge == "set"]
        assert field.via is not None
        record, member = self._pick(resource.name, edit.pick), self._pick(field.ref, edit.field)
        if not (record and member):
            return
        through, name = field.via
        applied = [r for r in self.world.records(through, record) if r[name] == member]
        for link in applied:
            self.world.delete(through, link["id"])
        if not applied:
            self.world.create(through, record, **{name: member})
        self._note("toggle", resource, record, f"{field.name}:{member}", bool(applied), not applied)

    def archive(self, resource: Resource, edit: Edit) -> None:
        if record := self._pick(resource.name, edit.pick):
            old = bool(self._shown(resource, record)["archived"])
            self.world.archive(record, archived=not old)
            self._note("toggle", resource, record, "archived", old, not old)

    def insert(self, resource: Resource, edit: Edit, email: str | None = None) -> None:
        found = self._new(resource, edit)
        if found is None:
            return
        parent, fields = found
        if email:
            fields["email_address"] = email
        record = self.world.create(resource.name, parent, **fields)
        self._note_all("insert", resource, record, fields)

    def insert_twin(self, resource: Resource, edit: Edit) -> None:
        """A contact with the email of one that was inserted here and perhaps not sent yet."""
        given = [
            m.new for m in self.book.by("here") if m.verb == "insert" and m.field == "email_address"
        ]
        held = {r["email_address"] for r in self._all(resource)}
        free = [email for email in given if email not in held]
        self.insert(resource, edit, free[-1] if free else None)

    def late(self, resource: Resource, edit: Edit) -> None:
        """A record that is stamped now and shown later. Without an email: it would be taken."""
        if found := self._new(resource, edit):
            parent, fields = found
            fields.pop("email_address", None)
            record = self.world.appear_late(resource.name, parent=parent, **fields)
            self._note_all("insert", resource, record, fields)

    def appear(self, *_: Any) -> None:
        self.world.appear()

    def identify(self, resource: Resource, edit: Edit) -> None:
        hidden = [
            i
            for parent in parents_there(self.world, resource.name)
            for i in self.world.ids(resource.name, parent, hidden=True)
            if (self.world.get(resource.name, i) or {}).get("anonymous")
        ]
        if hidden:
            record, token = hidden[edit.pick % len(hidden)], self.book.token("there")
            names = ("email_address", "first_name")
            fields = {n: value_of(resource.by_name[n], token) for n in names}
            self.world.identify(record, **fields)
            self._note_all("insert", resource, record, fields)

    def redact(self, resource: Resource, edit: Edit) -> None:
        if record := self._one_of_several(resource.name, edit.pick):
            self.world.redact(record)
            self._note("delete", resource, record)

    def delete(self, resource: Resource, edit: Edit) -> None:
        if record := self._one_of_several(resource.name, edit.pick):
            self.world.delete(resource.name, record)
            self._note("delete", resource, record)

    def delete_new(self, resource: Resource, edit: Edit) -> None:
        """A record that a push has made or met, counted from the last one."""
        ids = self._of_several(resource.name)
        entries = [e for e in self.world.ledger if e.by == "api" and e.resource == resource.name]
        made = [e.id for e in entries if e.verb in ("create", "upsert") and e.id in ids]
        if made:
            record = made[-1 - edit.pick % len(made)]
            self.world.delete(resource.name, record)
            self._note("delete", resource, record)

    def _pick(self, table: str | None, pick: int) -> int:
        ids = ids_there(self.world, table or "")
        return ids[pick % len(ids)] if ids else 0

    def _one_of_several(self, table: str, pick: int) -> int:
        found = self._of_several(table)
        return found[pick % len(found)] if found else 0

    def _of_several(self, table: str) -> list[int]:
        """Those that are not their list's last: an empty list is not believed (DESIGN 4.6)."""
        parents = parents_there(self.world, table)
        lists = [ids for parent in parents if len(ids := self.world.ids(table, parent)) > 1]
        return sorted(i for ids in lists for i in ids)

    def _shown(self, resource: Resource, record: int) -> dict[str, Any]:
        return self.world.get(resource.name, record) or {}

    def _all(self, resource: Resource) -> list[dict[str, Any]]:
        return [self._shown(resource, i) for i in ids_there(self.world, resource.name)]

    def _new(self, resource: Resource, edit: Edit) -> tuple[int, dict[str, Any]] | None:
        """Parent and fields of a new record; None where there is none below which it could be."""
        parents, token = parents_there(self.world, resource.name), self.book.token("there")
        if not parents:
            return None
        fields: dict[str, Any] = {}
        for field in resource.columns:
            if field.ref and field.create and field.type == "integer":
                fields[field.name] = self._pick(field.ref, edit.field)
            elif field.name in edited_names(resource) and (field.required or field.create):
                fields[field.name] = value_of(field, token)
        return parents[edit.pick % len(parents)], fields

    def _note_all(
        self, verb: str, resource: Resource, record: int, fields: Mapping[str, Any]
    ) -> None:
        self._note(verb, resource, record)
        for name in edited_names(resource) & fields.keys():
            self._note(verb, resource, record, name, None, fields[name])

    def _note(self, verb: str, resource: Resource, record: int, *more: Any) -> None:
        self.book.note("there", verb, resource.name, record, *more)


def edited_names(resource: Resource) -> set[str]:
    return {f.name for f in edited_fields(resource)}


VERBS: Mapping[str, Callable[[There, Resource, Edit], None]] = {
    "update": There.update,
    "value": There.value,
    "attribute": There.attribute,
    "tag": There.tag,
    "archive": There.archive,
    "insert": There.insert,
    "insert twin": There.insert_twin,
    "late": There.late,
    "appear": There.appear,
    "identify": There.identify,
    "redact": There.redact,
    "delete": There.delete,
    "delete new": There.delete_new,
}
