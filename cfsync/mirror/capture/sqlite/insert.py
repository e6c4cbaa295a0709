"""INSERT on SQLite, with its two other meanings.

`INSERT OR REPLACE` removes the old row silently (with `recursive_triggers` on: through the DELETE
trigger), so the BEFORE trigger keeps it in `cf_replaced`; the AFTER trigger puts it back and makes
an UPDATE of the given values, whose trigger applies all the rules. An INSERT of a row whose DELETE
has not been sent goes the same way.
"""

from __future__ import annotations

from collections.abc import Iterator

from cfsync.mirror.capture.rules import (
    COUNTER_RESET,
    HAS_REAL_ID,
    ID_TOO_LONG,
    NOT_AN_ID,
    USED_BEFORE,
    columns,
    has_workspace,
    insert_refusals,
    insertable,
    insertable_references,
    parents,
    references,
    sets,
    taken_message,
    unique_field,
    unknown_message,
    updatable,
)
from cfsync.mirror.capture.sqlite.expressions import (
    canonical_time,
    given_pair,
    has_unknown_id,
    insert_refused_if,
    is_missing,
    row_as_patch,
    taken,
)
from cfsync.mirror.capture.sqlite.json_forms import canonical_set
from cfsync.mirror.capture.sqlite.parts import (
    BY_USER,
    NOW,
    names,
    note_policy,
    raising,
    templates,
    wrong_kind_branches,
)
from cfsync.mirror.capture.templates import branches
from cfsync.mirror.capture.values import missing_message, needed
from cfsync.mirror.db.quoting import exists_in_clickfunnels, ident, literal
from cfsync.records import PROVISIONAL_FROM
from cfsync.resources.model import Resource

WORKSPACE = "filled_workspace_id"
"""A new row's workspace, in the SELECT that refuses or captures it."""
WHICH_WORKSPACE = ": one of SELECT id, name FROM workspaces"
"""SQLite before 3.47 raises no words but those of the trigger itself."""


def triggers(resource: Resource) -> list[str]:
    return [_before(resource), _after(resource)]


def _before(resource: Resource) -> str:
    is_taken = _taken(resource, _workspace(resource))
    return templates.render(
        "before_insert",
        **names(resource, "before_insert"),
        by_user=BY_USER,
        id_too_long=raising(f"{resource.name}: {ID_TOO_LONG}"),
        ignore=templates.render("ignore_taken", taken=is_taken) if is_taken else "",
        note_policy=note_policy(resource),
        row_as_patch=row_as_patch(resource, ""),
    )


def _after(resource: Resource) -> str:
    kept = f"resource = {literal(resource.name)} AND record_id = NEW.id"
    is_replacement = f"EXISTS (SELECT 1 FROM cf_replaced WHERE {kept})"
    named = [(ident(f.name), f.name) for f in columns(resource)]
    old = ", ".join(f"{column} = json_extract(patch, '$.{name}[0]')" for column, name in named)
    new = ", ".join(f"{column} = coalesce(NEW.{column}, {column})" for column, _ in named)
    return templates.render(
        "after_insert",
        **names(resource, "after_insert"),
        by_user=BY_USER,
        is_replacement=is_replacement,
        fill_in=_fill_in(resource, is_replacement) if resource.insert else "",
        capture=_capture(resource, is_replacement),
        note_nulls=_note_nulls(resource) if updatable(resource) else "",
        old_values=old,
        given_values=new,
    )


def _note_nulls(resource: Resource) -> str:
    is_null = [
        f"WHEN {literal(f.name)} THEN NEW.{ident(f.name)} IS NULL" for f in updatable(resource)
    ]
    return templates.render("note_nulls", **names(resource), is_null=" ".join(is_null), now=NOW)


def _refusals(resource: Resource) -> str:
    fields = {f.name: f for f in columns(resource)}
    not_insertable = (
        (insert_refused_if(r, fields[r.column]), raising(r.message))
        for r in insert_refusals(resource)
    )
    is_taken = _taken(resource, WORKSPACE)
    return templates.render(
        "insert_refusals",
        **names(resource),
        id_is_real=exists_in_clickfunnels("NEW.id"),
        counter="coalesce((SELECT seq FROM sqlite_sequence"
        f" WHERE name = {literal(resource.name)}), 0)",
        first=str(PROVISIONAL_FROM),
        counter_reset=raising(f"{resource.name}: {COUNTER_RESET}"),
        not_an_id=raising(f"{resource.name}: {NOT_AN_ID}"),
        real_id=raising(f"{resource.name}: {HAS_REAL_ID} in cf_ids"),
        used_before=raising(f"{resource.name}: {USED_BEFORE}"),
        not_insertable=branches(not_insertable),
        parents=branches(_parents(resource)),
        wrong_kinds=branches(wrong_kind_branches(resource, insertable(resource))),
        missing=branches(_missing(resource)),
        unknown=branches(_unknown(resource)),
        taken=branches([(is_taken, raising(taken_message(resource)))] if is_taken else []),
    )


def _parents(resource: Resource) -> Iterator[tuple[str, str]]:
    for field in references(resource):
        if field.name == resource.parent_field:
            unknown = has_unknown_id(field, None, WORKSPACE)
            yield unknown, raising(unknown_message(resource, field))
    for name in parents(resource):
        which = WHICH_WORKSPACE if name == "workspace_id" else ""
        missing = raising(f"{resource.name}.{name} must be given{which}")
        yield f"{_given(name)} IS NULL", missing
    if has_workspace(resource):
        message = f"{resource.name}.workspace_id: the mirror has no such workspace"
        unknown = "NOT EXISTS (SELECT 1 FROM workspaces WHERE id = NEW.workspace_id)"
        some = "EXISTS (SELECT 1 FROM workspaces)"
        yield f"NEW.workspace_id IS NOT NULL AND {some} AND {unknown}", raising(message)


def _given(name: str) -> str:
    """A new row's value, where `WORKSPACE` can be read."""
    return WORKSPACE if name == "workspace_id" else f"NEW.{ident(name)}"


def _workspace(resource: Resource) -> str:
    """A new row's workspace: it is given, its parent's, or the only one of the mirror."""
    if not has_workspace(resource):
        return "NULL"
    new = "NEW.workspace_id"
    one = "(SELECT CASE count(*) WHEN 1 THEN max(id) END FROM workspaces)"
    if not resource.nested:
        return f"coalesce({new}, {one})"
    parent, given = ident(resource.parent or ""), f"NEW.{ident(resource.parent_field or '')}"
    own = f"(SELECT workspace_id FROM {parent} WHERE id = {given})"
    return f"coalesce({new}, {own}, {one})"


def _missing(resource: Resource) -> Iterator[tuple[str, str]]:
    for field in needed(resource):
        yield is_missing(field), raising(missing_message(resource, field))


def _unknown(resource: Resource) -> Iterator[tuple[str, str]]:
    for field in insertable_references(resource):
        unknown = has_unknown_id(field, None, WORKSPACE)
        yield unknown, raising(unknown_message(resource, field))


def _taken(resource: Resource, workspace: str) -> str:
    """Whether ClickFunnels would refuse the new row, or take it for the same record as another."""
    field = unique_field(resource)
    return taken(resource, field, workspace) if field else ""


def _fill_in(resource: Resource, is_replacement: str) -> str:
    values = {"workspace_id": _workspace(resource)} if has_workspace(resource) else {}
    missing = ["NEW.workspace_id IS NULL"] if values else []
    for field in insertable(resource):
        if field.type == "timestamp" or field in sets(resource):
            # Of the row as it is: a trigger of the user's may have changed it.
            canonical = canonical_time if field.type == "timestamp" else canonical_set
            values[field.name] = canonical(ident(field.name))
            given = f"NEW.{ident(field.name)}"
            missing.append(f"{given} IS NOT {canonical(given)}")
    if not values:
        return ""
    return templates.render(
        "fill_in",
        **names(resource),
        values=", ".join(f"{ident(name)} = {value}" for name, value in values.items()),
        is_replacement=is_replacement,
        missing=" OR ".join(missing),
    )


def _capture(resource: Resource, is_replacement: str) -> str:
    if resource.insert is None:
        message = literal(f"{resource.name}: INSERT is refused: {resource.refuse_insert}")
        return templates.render("insert_refused", message=message, is_replacement=is_replacement)
    return templates.render(
        "capture_insert",
        **names(resource),
        real_ids=exists_in_clickfunnels("id"),
        workspace=_workspace(resource),
        filled_workspace=WORKSPACE,
        refusals=_refusals(resource),
        given_pairs=" || ".join(given_pair(f, _given(f.name)) for f in insertable(resource)),
        now=NOW,
        is_replacement=is_replacement,
    )
