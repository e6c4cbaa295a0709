"""INSERT on PostgreSQL: the workspace filled in before, the rest at the statement's end.

An INSERT of a row whose DELETE has not been sent puts the old row back and makes an UPDATE of the
given values, whose trigger applies all the rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from cfsync.mirror.capture.postgresql.expressions import insert_refused_if, pair
from cfsync.mirror.capture.postgresql.parts import (
    MARK,
    names,
    refusing,
    statements,
    templates,
    wrong_kind_branches,
)
from cfsync.mirror.capture.rules import (
    columns,
    has_workspace,
    insert_refusals,
    insertable,
    parents,
    unique_by,
)
from cfsync.mirror.capture.templates import branches
from cfsync.mirror.db.quoting import exists_in_clickfunnels, ident, literal
from cfsync.resources.model import Resource


def triggers(resource: Resource, schema: str) -> list[str]:
    all_names = [ident(f.name) for f in columns(resource)]
    found = statements(
        resource,
        schema,
        "insert",
        mark=MARK,
        columns=", ".join(all_names),
        old_values=", ".join(f"r.{name}" for name in all_names),
        given_values=", ".join(f"{name} = coalesce(n.{name}, t.{name})" for name in all_names),
        capture=_capture(resource) if resource.insert else _refuse(resource),
    )
    if resource.insert and has_workspace(resource):
        found += statements(resource, schema, "fill", workspace=_workspace(resource))
    return found


def _workspace(resource: Resource) -> str:
    """The workspace of a new row: its parent's, or the only one of the mirror."""
    one = "(SELECT CASE count(*) WHEN 1 THEN max(id) END FROM workspaces)"
    if not resource.nested:
        return one
    parent, given = ident(resource.parent or ""), f"NEW.{ident(resource.parent_field or '')}"
    return f"coalesce((SELECT workspace_id FROM {parent} WHERE id = {given}), {one})"


def _refuse(resource: Resource) -> str:
    message = f"{resource.name}: INSERT is refused: {resource.refuse_insert}"
    return templates.render("insert_refused", message=literal(message))


def _capture(resource: Resource) -> str:
    not_insertable = (
        (insert_refused_if(r), refusing(r.message)) for r in insert_refusals(resource)
    )
    kinds = wrong_kind_branches(
        resource, insertable(resource), lambda f: f"n.{ident(f.name)} IS NOT NULL"
    )
    pairs = [
        f"CASE WHEN {new} IS NULL THEN '{{}}' ELSE {pair(f, None, new)} END"
        for f, new in ((f, f"n.{ident(f.name)}") for f in insertable(resource))
    ]
    return templates.render(
        "capture_insert",
        **names(resource),
        id_is_real=exists_in_clickfunnels("n.id"),
        real_ids=exists_in_clickfunnels("id"),
        workspace="n.workspace_id" if has_workspace(resource) else "NULL::bigint",
        not_insertable=branches(not_insertable),
        parents=branches(_parents(resource)),
        wrong_kinds=branches(kinds),
        known_already=branches(_known_already(resource)),
        given_pairs="\n|| ".join(pairs),
    )


def _parents(resource: Resource) -> Iterator[tuple[str, str]]:
    for column in parents(resource):
        missing = refusing(f"{resource.name}.{column} must be given")
        yield f"n.{ident(column)} IS NULL", missing
    if has_workspace(resource):
        some = "EXISTS (SELECT FROM workspaces)"
        unknown = "NOT EXISTS (SELECT FROM workspaces w WHERE w.id = n.workspace_id)"
        message = f"{resource.name}.workspace_id: the mirror has no such workspace"
        yield f"{some} AND {unknown}", refusing(message)


def _known_already(resource: Resource) -> Iterator[tuple[str, str]]:
    """Refuse a second row for what ClickFunnels would take for the same record."""
    name = unique_by(resource)
    if name is None:
        return
    column = ident(name)
    other = (
        f"(SELECT c.id FROM {ident(resource.name)} c WHERE lower(c.{column}) = lower(n.{column})"
        " AND c.workspace_id = n.workspace_id AND c.id <> n.id LIMIT 1)"
    )
    before, after = literal(f"{resource.name}: id "), literal(f" has this {name}; update that row")
    error = f"cf_refuse({before} || {other} || {after})"
    yield f"n.{column} <> '' AND {other} IS NOT NULL", error
