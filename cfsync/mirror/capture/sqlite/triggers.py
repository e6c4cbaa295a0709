"""The capture triggers on SQLite: a row at a time, in the user's own transaction."""

from __future__ import annotations

from collections.abc import Iterator

from cfsync.mirror.capture.rules import (
    STALE,
    columns,
    has_workspace,
    kept,
    references,
    sets,
    taken_message,
    unique_in_updates,
    unknown_message,
    updatable,
    update_refusals,
)
from cfsync.mirror.capture.sqlite import insert
from cfsync.mirror.capture.sqlite.expressions import (
    canonical_time,
    changed,
    changed_pair,
    comparisons,
    has_unknown_id,
    is_missing,
    is_same_since,
    row_as_patch,
    taken,
    update_refused_if,
)
from cfsync.mirror.capture.sqlite.json_forms import canonical_set
from cfsync.mirror.capture.sqlite.parts import (
    MARK,
    NOW,
    correct_row,
    names,
    raising,
    templates,
    wrong_kind_branches,
)
from cfsync.mirror.capture.templates import branches
from cfsync.mirror.capture.values import missing_message, never_empty
from cfsync.mirror.db.quoting import ident, literal
from cfsync.resources.model import Resource


def triggers(resource: Resource) -> list[str]:
    """The CREATE TRIGGER statements of one table."""
    return [*insert.triggers(resource), _update(resource), _delete(resource)]


def _update(resource: Resource) -> str:
    fields = {f.name: f for f in columns(resource)}
    read_only = (
        (update_refused_if(resource, r, fields[r.column]), raising(r.message))
        for r in update_refusals(resource)
    )
    return templates.render(
        "after_update",
        **names(resource, "after_update"),
        mark=MARK,
        stale=STALE,
        is_same_since=is_same_since(resource),
        read_only=branches(read_only),
        wrong_kinds=branches(wrong_kind_branches(resource, updatable(resource), changed)),
        emptied=branches(_emptied(resource)),
        unknown=branches(_unknown(resource)),
        taken=branches(_taken(resource)),
        compared=", ".join(comparisons(columns(resource))),
        changed_pairs=" || ".join(map(changed_pair, updatable(resource))) or "''",
        workspace="NEW.workspace_id" if has_workspace(resource) else "NULL",
        now=NOW,
        restore=_restore(resource),
    )


def _emptied(resource: Resource) -> Iterator[tuple[str, str]]:
    for field in never_empty(resource):
        words = raising(missing_message(resource, field))
        yield f"{changed(field)} AND {is_missing(field)}", words


def _unknown(resource: Resource) -> Iterator[tuple[str, str]]:
    for field in references(resource):
        if field in updatable(resource):
            unknown = has_unknown_id(field, f"OLD.{ident(field.name)}", "NEW.workspace_id")
            yield f"{changed(field)} AND {unknown}", raising(unknown_message(resource, field))


def _taken(resource: Resource) -> Iterator[tuple[str, str]]:
    if field := unique_in_updates(resource):
        is_taken = taken(resource, field, "NEW.workspace_id")
        yield f"{changed(field)} AND {is_taken}", raising(taken_message(resource))


def _restore(resource: Resource) -> str:
    """Restore what a program that writes whole rows has changed without meaning it: values that it
    had kept, the same JSON in another form. Times and sets get the canonical form.
    """
    values = {f.name: f"OLD.{ident(f.name)}" for f in kept(resource)}
    given = ", ".join(f"NEW.{ident(name)}" for name in values)
    wanted = [f"({given}) IS NOT ({', '.join(values.values())})"]
    for field in updatable(resource):
        new, old = f"NEW.{ident(field.name)}", f"OLD.{ident(field.name)}"
        if field.type == "timestamp":
            values[field.name] = canonical_time(new)
            wanted.append(f"{new} IS NOT {values[field.name]}")
        elif field in sets(resource):
            values[field.name] = f"coalesce({canonical_set(new)}, {old})"
            wanted.append(f"{new} IS NOT {old} AND {new} IS NOT {values[field.name]}")
    return correct_row(resource, values, " OR ".join(wanted))


def _delete(resource: Resource) -> str:
    pieces = {**names(resource, "after_delete"), "mark": MARK}
    if not resource.delete:
        message = f"{resource.name}: DELETE is refused: {resource.refuse_delete}"
        return templates.render("after_delete_refused", **pieces, message=literal(message))
    return templates.render(
        "after_delete",
        **pieces,
        workspace="OLD.workspace_id" if has_workspace(resource) else "NULL",
        row_as_patch=row_as_patch(resource, "OLD"),
        now=NOW,
    )
