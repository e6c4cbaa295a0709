"""Programs that change the mirror by SQL, and write down what they did."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import psycopg

from cfsync.resources import RESOURCES, Field, Resource
from cfsync.values import normal_map, snake_case
from tests.conftest import Sql
from tests.scenarios.book import Book, value_of
from tests.scenarios.steps import Edit

KEYS = ("hat", "shoe", "Coat Size")
"""Names of custom attributes; the last one is written otherwise by ClickFunnels."""

REQUIRED_JSON = [{"id": 1, "quantity": 1}]


def edited_fields(resource: Resource) -> list[Field]:
    """Those that SQL may change and that can hold a value used nowhere else."""
    return [
        f
        for f in resource.columns
        if f.update and f.shown and f.type in ("text", "money") and not f.ref
    ]


class Here:
    """One user of the mirror. `book`: what was committed; refused statements are counted."""

    def __init__(self, sql: Sql, book: Book) -> None:
        self.sql, self.book = sql, book
        self._mine: list[tuple[Any, ...]] = []

    def do(self, edits: Sequence[Edit]) -> None:
        """All of them in one transaction, or none."""
        self._mine = []
        try:
            with self.sql.transaction():
                for edit in edits:
                    VERBS[edit.verb](self, RESOURCES[edit.table], edit)
        except (sqlite3.DatabaseError, psycopg.Error) as error:
            self.book.refused.append(str(error).splitlines()[0])
            return
        for made in self._mine:
            self.book.note("here", *made)

    def update(self, resource: Resource, edit: Edit) -> None:
        fields = edited_fields(resource)
        field = fields[edit.field % len(fields)]
        if record := self._pick(resource.name, edit.pick):
            self._set(resource, record, field, value_of(field, self.book.token("here")))

    def attribute(self, resource: Resource, edit: Edit) -> None:
        """One key of a map."""
        (field,) = [f for f in resource.columns if f.merge == "map"]
        key = KEYS[edit.field % len(KEYS)]
        if record := self._pick(resource.name, edit.pick):
            known = self._value(resource, record, field) or {}
            token = self.book.token("here")
            self._write(resource, record, field, json.dumps({**known, key: token}))
            seen = normal_map(known).get(snake_case(key), "")  # what he sees, however he writes it
            self._note("update", resource, record, f"{field.name}.{key}", seen, token)

    def tag(self, resource: Resource, edit: Edit) -> None:
        """Put one member into a set, or take it out; counted from the newest record, into or out of
        four sets, which may go in bulk.
        """
        for n in range(4 if edit.pick < 0 else 1):
            self._tag(resource, edit.pick - n, edit.field)

    def _tag(self, resource: Resource, pick: int, of: int) -> None:
        (field,) = [f for f in resource.columns if f.merge == "set"]
        record, member = self._pick(resource.name, pick), self._pick(field.ref, of)
        if record and member:
            known = set(self._value(resource, record, field) or ())
            self._write(resource, record, field, json.dumps(sorted(known ^ {member})))
            was = member in known
            self._note("toggle", resource, record, f"{field.name}:{member}", was, not was)

    def toggle(self, resource: Resource, edit: Edit) -> None:
        fields = [f for f in resource.columns if f.actions or (f.update and f.type == "boolean")]
        field = fields[edit.field % len(fields)]
        if not field.shown or not (record := self._pick(resource.name, edit.pick)):
            return
        old = self._value(resource, record, field)
        new = not old if field.type == "boolean" else next(iter(field.actions))
        self._write(resource, record, field, new)
        if new != old:
            self._note("toggle", resource, record, field.name, old, new)

    def insert(self, resource: Resource, edit: Edit, email: str | None = None) -> None:
        token = self.book.token("here")
        values = self._parents(resource, edit)
        if values is None:
            return
        for field in resource.columns:
            if field.create and field.name not in values:
                value = self._given(resource, field, token, edit, values)
                values |= {} if value is None else {field.name: value}
        if email:
            values["email_address"] = email
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        ((record,),) = self.sql(
            f"INSERT INTO {resource.name} ({names}) VALUES ({marks}) RETURNING id",
            *values.values(),
        )
        self._note_insert(resource, record, values, token)

    def insert_twin(self, resource: Resource, edit: Edit) -> None:
        """A contact whose email somebody has used in ClickFunnels already, unseen here."""
        taken = [m.new for m in self.book.by("there") if m.field == "email_address"]
        known = {e for (e,) in self.sql(f"SELECT email_address FROM {resource.name}")}
        unseen = [email for email in taken if email not in known]
        self.insert(resource, edit, unseen[-1] if unseen else None)

    def delete(self, resource: Resource, edit: Edit) -> None:
        if record := self._pick(resource.name, edit.pick):
            self.sql(f"DELETE FROM {resource.name} WHERE id = ?", record)
            self._note("delete", resource, record)

    def hand_over(self, resource: Resource, edit: Edit) -> None:
        """One gives up its email, another takes it."""
        field = resource.by_name["email_address"]
        giver, taker = self._pair(resource, edit)
        email = giver and self._value(resource, giver, field)
        if taker and email:
            self._set(resource, giver, field, value_of(field, self.book.token("here")))
            self._set(resource, taker, field, email)

    def swap(self, resource: Resource, edit: Edit) -> None:
        field = resource.by_name["email_address"]
        one, other = self._pair(resource, edit)
        emails = [self._value(resource, r, field) for r in (one, other) if r]
        if one and other and all(emails):
            self._set(resource, one, field, value_of(field, self.book.token("here")))
            self._set(resource, other, field, emails[0])
            self._set(resource, one, field, emails[1])

    def give_up(self, resource: Resource, edit: Edit) -> None:
        """One has no email any more."""
        field, record = resource.by_name["email_address"], self._pick(resource.name, edit.pick)
        if record and self._value(resource, record, field):
            self._set(resource, record, field, None)

    def take(self, resource: Resource, edit: Edit) -> None:
        """One takes the email that another has given up, the last or one before."""
        name = "email_address"
        held = {e for (e,) in self.sql(f"SELECT {name} FROM {resource.name}")}
        given = [m.old for m in self.book.by("here") if m.field == name and m.verb == "update"]
        free = [email for email in given if email and email not in held]
        if free and (record := self._pick(resource.name, edit.pick)):
            email = free[-1 - edit.field % len(free)]
            self._set(resource, record, resource.by_name[name], email)

    def _pair(self, resource: Resource, edit: Edit) -> tuple[int, int]:
        """Two records of one workspace; zeros where there are none."""
        one = self._pick(resource.name, edit.pick)
        if not one:
            return 0, 0
        ((workspace,),) = self.sql(f"SELECT workspace_id FROM {resource.name} WHERE id = ?", one)
        other = self._pick(resource.name, edit.pick + 1 + edit.field % 3, workspace)
        return (one, other) if other and other != one else (0, 0)

    def _pick(self, table: str | None, pick: int, workspace: int | None = None) -> int:
        """The id of a row: those that exist in ClickFunnels first, then the others as they were
        inserted, also by others; 0 where there is none.
        """
        where = "" if workspace is None else f"WHERE workspace_id = {workspace}"
        ids = [i for (i,) in self.sql(f"SELECT id FROM {table} {where} ORDER BY id")]
        return ids[pick % len(ids)] if ids else 0

    def _set(self, resource: Resource, record: int, field: Field, new: Any) -> None:
        old = self._value(resource, record, field)
        self._write(resource, record, field, new)
        self._note("update", resource, record, field.name, old, new)

    def _write(self, resource: Resource, record: int, field: Field, new: Any) -> None:
        self.sql(f'UPDATE {resource.name} SET "{field.name}" = ? WHERE id = ?', new, record)

    def _value(self, resource: Resource, record: int, field: Field) -> Any:
        query = f'SELECT "{field.name}" FROM {resource.name} WHERE id = ?'
        ((stored,),) = self.sql(query, record)
        return _plain(field, stored)

    def _parents(self, resource: Resource, edit: Edit) -> dict[str, Any] | None:
        """Where a new row belongs; None where there is nothing to which it could."""
        assert resource.parent is not None
        assert resource.parent_field is not None
        parent = self._pick(resource.parent, edit.pick)
        if not parent:
            return None
        column = "id" if resource.parent == "workspaces" else "workspace_id"
        ((workspace,),) = self.sql(f"SELECT {column} FROM {resource.parent} WHERE id = ?", parent)
        return {resource.parent_field: parent, "workspace_id": workspace}

    def _given(
        self, resource: Resource, field: Field, token: str, edit: Edit, values: Mapping[str, Any]
    ) -> Any:
        """What an INSERT gives of a field; None for nothing."""
        wanted = field.required or field.name in resource.natural
        if field.merge == "map":
            return json.dumps({KEYS[edit.field % len(KEYS)]: token})
        if field.ref and (wanted or field.merge == "set"):
            found = self._pick(field.ref, edit.field, values["workspace_id"])
            return json.dumps([found] if found else []) if field.type == "json" else found or None
        if not wanted or (field.name == "email_address" and edit.field % 3 == 2):
            return None
        if field.type == "json":
            return json.dumps(REQUIRED_JSON)
        return value_of(field, token)

    def _note_insert(
        self, resource: Resource, record: int, values: Mapping[str, Any], token: str
    ) -> None:
        self._note("insert", resource, record, "", None, token)
        for name, value in values.items():
            field = resource.by_name[name]
            if field.merge == "map":
                for key, text in json.loads(value).items():
                    self._note("insert", resource, record, f"{name}.{key}", "", text)
            elif field.shown and field.type == "text":
                self._note("insert", resource, record, name, None, value)

    def _note(self, verb: str, resource: Resource, record: int, *more: Any) -> None:
        self._mine.append((verb, resource.name, record, *more))


def _plain(field: Field, stored: Any) -> Any:
    """A stored value as JSON has it."""
    if field.type == "json" and isinstance(stored, str):
        return json.loads(stored)
    if field.type == "boolean" and stored is not None:
        return bool(stored)
    return f"{Decimal(str(stored)):.2f}" if field.type == "money" and stored is not None else stored


VERBS: Mapping[str, Callable[[Here, Resource, Edit], None]] = {
    "update": Here.update,
    "attribute": Here.attribute,
    "tag": Here.tag,
    "toggle": Here.toggle,
    "insert": Here.insert,
    "insert twin": Here.insert_twin,
    "delete": Here.delete,
    "hand over": Here.hand_over,
    "swap": Here.swap,
    "give up": Here.give_up,
    "take": Here.take,
}
