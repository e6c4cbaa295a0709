"""No record without what ClickFunnels requires: refused in the user's own statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest

from cfsync.mirror.capture.rules import insertable, updatable
from cfsync.mirror.db.quoting import ident
from cfsync.resources import RESOURCES
from cfsync.resources.model import Resource
from tests.conftest import Sql
from tests.mirror.conftest import Daemon

NEW = 950000000000001
SAMPLES = {
    "text": "x",
    "integer": 7,
    "number": 1.5,
    "money": 9.5,
    "boolean": True,
    "json": "[]",
}
REQUIRING = [r for r in RESOURCES.values() if any(f.required and not f.ref for f in insertable(r))]


def values_for(resource: Resource) -> dict[str, Any]:
    """What an INSERT needs: the parent's id, and each required value."""
    needed = {f.name: SAMPLES[f.type] for f in insertable(resource) if f.required and not f.ref}
    emails = {name: "a@example.com" for name in needed if resource.by_name[name].email}
    parent = {resource.parent_field or "": 5} if resource.nested else {}
    parent |= {n: 5 for n in resource.create_paths if not resource.by_name[n].default}
    only = {f.name: f.only for f in insertable(resource) if f.only}
    return {"id": NEW, **parent, **needed, **emails, **only}


def insert(values: Mapping[str, Any], table: str) -> tuple[str, list[Any]]:
    names, marks = ", ".join(map(ident, values)), ", ".join("?" * len(values))
    return f"INSERT INTO {ident(table)} ({names}) VALUES ({marks})", [*values.values()]


def refused(sql: Sql, column: str, statement: str, *values: Any) -> None:
    kinds = (sqlite3.IntegrityError, psycopg.errors.NotNullViolation, psycopg.errors.CheckViolation)
    with pytest.raises(kinds, match=rf"{column} must be "):
        sql(statement, *values)


def test_a_required_value_is_asked_for_at_once(workspace: int, daemon: Daemon, sql: Sql) -> None:
    above = {r.parent for r in REQUIRING if r.nested and r.parent} | {"orders"}
    for table in sorted(above):
        daemon(table, {"id": 5, "workspace_id": workspace})
    for resource in REQUIRING:
        check(sql, resource)
    assert [(op, table) for op, table, *_ in sql.outbox()] == [
        ("insert", r.name) for r in REQUIRING
    ]


def check(sql: Sql, resource: Resource) -> None:
    """Each INSERT and UPDATE without a required value is refused, the whole record is not."""
    table, given = resource.name, values_for(resource)
    required = [resource.by_name[n] for n in given if resource.by_name[n].required]
    for field in required:
        for empty in [None, ""] if field.type == "text" else [None]:
            statement, values = insert({**given, field.name: empty}, table)
            refused(sql, f"{table}.{field.name}", statement, *values)
    statement, values = insert(given, table)
    sql(statement, *values)
    for field in (f for f in required if f in updatable(resource) and not f.null):
        for empty in [None, ""] if field.type == "text" else [None]:
            statement = f"UPDATE {ident(table)} SET {ident(field.name)} = ?"
            refused(sql, f"{table}.{field.name}", statement, empty)


def test_the_words_name_the_column_and_the_reason(workspace: int, app_sql: Sql) -> None:
    words = "contact_tags.name must be given: ClickFunnels takes no record without it"
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.NotNullViolation), match=words):
        app_sql("INSERT INTO contact_tags (color) VALUES ('#111111')")


def test_the_id_of_another_record_may_follow(workspace: int, daemon: Daemon, sql: Sql) -> None:
    """As ORMs do it where rows refer to each other: SQLAlchemy's `post_update`."""
    daemon("courses", {"id": 5, "workspace_id": workspace})
    with sql.transaction():
        sql("INSERT INTO enrollments (id, course_id) VALUES (?, 5)", NEW)
        sql("INSERT INTO contacts (id, first_name) VALUES (?, 'Ada')", NEW)
        sql("UPDATE enrollments SET contact_id = ?", NEW)

    assert [row[:2] for row in sql.outbox()] == [
        ("insert", "enrollments"),
        ("insert", "contacts"),
        ("update", "enrollments"),
    ]


def test_an_empty_value_of_clickfunnels_stops_no_other_edit(
    workspace: int, daemon: Daemon, sql: Sql
) -> None:
    daemon("contact_tags", {"id": 5, "workspace_id": workspace, "name": ""})

    sql("UPDATE contact_tags SET name = name, color = '#111111'")

    assert sql.outbox() == [("update", "contact_tags", 5, {"color": [None, "#111111"]})]


def test_a_replacement_may_leave_it_out(workspace: int, daemon: Daemon, sql: Sql) -> None:
    daemon("contact_tags", {"id": 5, "workspace_id": workspace, "name": "vip"})

    with sql.transaction():
        sql("DELETE FROM contact_tags WHERE id = 5")
        sql("INSERT INTO contact_tags (id, color) VALUES (5, '#111111')")

    assert sql.outbox() == [("update", "contact_tags", 5, {"color": [None, "#111111"]})]
