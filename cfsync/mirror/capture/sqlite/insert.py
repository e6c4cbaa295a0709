"""INSERT on SQLite, with its two other meanings.

`INSERT OR REPLACE` removes the old row without a word (with `recursive_triggers` on: through the
DELETE trigger), so a BEFORE trigger keeps it in `cf_replaced`; the AFTER trigger puts it back and
makes an UPDATE of what was given, whose trigger applies all the rules. An INSERT of a row whose
DELETE still waits goes the same way.

Whether a statement says OR REPLACE shows in an INSERT of our own: within its triggers the policy of
the outer statement holds. Of OR IGNORE, and of ON CONFLICT, nothing must be kept: the row stays.
"""

from __future__ import annotations

from cfsync.mirror.capture.rules import (
    columns,
    has_workspace,
    ident,
    insert_refusals,
    insertable,
    literal,
    parents,
    unique_by,
)
from cfsync.mirror.capture.sqlite.expressions import given, moment, pair, row_pairs
from cfsync.mirror.capture.sqlite.parts import (
    MARK,
    NOW,
    OUTBOX,
    put_right,
    raising,
    replaced,
    trigger,
    wrong_kinds,
)
from cfsync.resources.model import Field, Resource

_USERS = f"CASE {MARK} WHEN 0 THEN 1 WHEN 1 THEN NEW.cf_rev IS NULL ELSE 0 END"
_UNSENT_DELETE = "op = 'delete' AND state IN ('pending', 'parked', 'held')"


def triggers(resource: Resource) -> list[str]:
    return [_before(resource), _after(resource)]


def _before(resource: Resource) -> str:
    table, name = ident(resource.name), literal(resource.name)
    there = f"FROM {table} WHERE id = NEW.id"
    probe = "INTO cf_meta (key, value) SELECT 'or_replace',"
    replacing = "EXISTS (SELECT 1 FROM cf_meta WHERE key = 'or_replace' AND value = 'yes')"
    kept = f"SELECT {name}, id, {row_pairs(resource, '')} {there} AND {replacing}"
    deleted = (
        "SELECT resource, record_id, patch FROM cf_outbox"
        f" WHERE {replaced(resource)} AND {_UNSENT_DELETE}"
        f" AND NOT EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) ORDER BY seq DESC LIMIT 1"
    )
    steps = [
        f"DELETE FROM cf_replaced WHERE resource = {name}",
        f"INSERT {probe} 'no' {there}",
        f"INSERT OR IGNORE {probe} 'yes' {there}",
        f"INSERT INTO cf_replaced {kept}",
        "DELETE FROM cf_meta WHERE key = 'or_replace'",
        f"INSERT INTO cf_replaced {deleted}",
    ]
    return trigger(resource, "BEFORE INSERT", _USERS, steps)


def _after(resource: Resource) -> str:
    there = f"EXISTS (SELECT 1 FROM cf_replaced WHERE {replaced(resource)})"
    refusals = "\n    ".join(_refusals(resource))
    steps = [f"SELECT CASE\n    {refusals}\n  END WHERE NOT {there}"]
    if resource.insert:
        steps += _fill_in(resource, there)
        steps.append(_capture(resource, there))
    steps += _fold(resource, there)
    return trigger(resource, "AFTER INSERT", _USERS, steps)


def _refusals(resource: Resource) -> list[str]:
    if resource.insert is None:
        message = f"{resource.name}: INSERT is refused: {resource.refuse_insert}"
        return [f"WHEN 1 THEN {raising(message)}"]
    fields = {f.name: f for f in columns(resource)}
    return [
        *_ids(resource),
        *(
            f"WHEN {given(r, fields[r.column])} THEN {raising(r.message)}"
            for r in insert_refusals(resource)
        ),
        *_parents(resource),
        *wrong_kinds(resource, insertable(resource), lambda f: f"NEW.{ident(f.name)} IS NOT NULL"),
        *_twice(resource),
    ]


def _ids(resource: Resource) -> list[str]:
    name = resource.name
    unknown = raising(f"{name}: no row has this id; leave id out, ClickFunnels gives it")
    used = raising(f"{name}: this id was used before; leave id out")
    known = f"resource = {literal(name)} AND local_id = NEW.id"
    return [
        f"WHEN typeof(NEW.id) <> 'integer' OR NEW.id >= 0 THEN {unknown}",
        f"WHEN EXISTS (SELECT 1 FROM cf_ids WHERE {known}) THEN {used}",
        f"WHEN EXISTS (SELECT 1 FROM cf_outbox WHERE {replaced(resource)}) THEN {used}",
    ]


def _parents(resource: Resource) -> list[str]:
    found = [
        f"WHEN {_filled(resource, n)} IS NULL THEN {raising(f'{resource.name}.{n} must be given')}"
        for n in parents(resource)
    ]
    if has_workspace(resource):
        message = f"{resource.name}.workspace_id: the mirror has no such workspace"
        unknown = "NOT EXISTS (SELECT 1 FROM workspaces WHERE id = NEW.workspace_id)"
        some = "EXISTS (SELECT 1 FROM workspaces)"
        given_one = f"NEW.workspace_id IS NOT NULL AND {some} AND {unknown}"
        found.append(f"WHEN {given_one} THEN {raising(message)}")
    return found


def _filled(resource: Resource, name: str) -> str:
    """A new row's value; its workspace is given, its parent's, or the only one of the mirror."""
    new = f"NEW.{ident(name)}"
    if name != "workspace_id":
        return new
    one = "(SELECT CASE count(*) WHEN 1 THEN max(id) END FROM workspaces)"
    if not resource.nested:
        return f"coalesce({new}, {one})"
    parent, given = ident(resource.parent or ""), f"NEW.{ident(resource.parent_field or '')}"
    own = f"(SELECT workspace_id FROM {parent} WHERE id = {given})"
    return f"coalesce({new}, {own}, {one})"


def _twice(resource: Resource) -> list[str]:
    """Refuse a second row for what ClickFunnels would take for the same record."""
    name = unique_by(resource)
    if name is None:
        return []
    column = ident(name)
    other = (
        f"(SELECT id FROM {ident(resource.name)} WHERE lower({column}) = lower(NEW.{column})"
        f" AND workspace_id = {_filled(resource, 'workspace_id')} AND id <> NEW.id LIMIT 1)"
    )
    # RAISE takes fixed texts only, so the words travel in an error of json_extract, which quotes
    # the path that it can't read.
    before, after = literal(f"{resource.name}: id "), literal(f" has this {name}; update that row")
    error = f"json_extract('{{}}', {before} || {other} || {after})"
    return [f"WHEN NEW.{column} <> '' AND {other} IS NOT NULL THEN {error}"]


def _fill_in(resource: Resource, there: str) -> list[str]:
    sets = {"workspace_id": _filled(resource, "workspace_id")} if has_workspace(resource) else {}
    missing = ["NEW.workspace_id IS NULL"] if sets else []
    for field in insertable(resource):
        if field.type == "timestamp":
            sets[field.name] = moment(f"NEW.{ident(field.name)}")
            missing.append(f"NEW.{ident(field.name)} IS NOT {sets[field.name]}")
    return put_right(resource, sets, f"NOT {there} AND ({' OR '.join(missing)})") if sets else []


def _capture(resource: Resource, there: str) -> str:
    parts = " || ".join(_given_pair(resource, f) for f in insertable(resource))
    workspace = _filled(resource, "workspace_id") if has_workspace(resource) else "NULL"
    highest = f"(SELECT max(max(id), 0) FROM {ident(resource.name)})"
    return (
        f"{OUTBOX}, highest_id) SELECT {literal(resource.name)}, {workspace}, NEW.id, 'insert',"
        f" '{{' || substr({parts}, 2) || '}}', {NOW}, {highest} WHERE NOT {there}"
    )


def _given_pair(resource: Resource, field: Field) -> str:
    value = _filled(resource, field.name)
    return f"CASE WHEN {value} IS NULL THEN '' ELSE {pair(field, 'NULL', value)} END"


def _fold(resource: Resource, there: str) -> list[str]:
    """Put the old row back, then make an UPDATE of the values that were given."""
    table, found = ident(resource.name), replaced(resource)
    names = [f.name for f in columns(resource)]
    old = ", ".join(f"{ident(n)} = json_extract(patch, '$.\"{n}\"[0]')" for n in names)
    new = ", ".join(f"{ident(n)} = coalesce(NEW.{ident(n)}, {ident(n)})" for n in names)
    return [
        f"UPDATE cf_writer SET mark = mark + 2 WHERE {there}",
        f"UPDATE {table} SET {old} FROM cf_replaced WHERE {table}.id = NEW.id AND {found}",
        f"UPDATE cf_writer SET mark = mark - 2 WHERE {there}",
        f"DELETE FROM cf_outbox WHERE {found} AND {_UNSENT_DELETE} AND {there}",
        f"UPDATE {table} SET {new} WHERE id = NEW.id AND {there}",
        f"DELETE FROM cf_replaced WHERE {found}",
    ]
