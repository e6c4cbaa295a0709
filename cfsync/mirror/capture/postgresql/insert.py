"""INSERT on PostgreSQL: the workspace filled in before, the rest at the statement's end.

An INSERT of a row whose DELETE has not been sent puts the old row back and makes an UPDATE of the
given values, whose trigger applies all the rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from cfsync.mirror.capture.postgresql.expressions import (
    has_unknown_id,
    insert_refused_if,
    is_missing,
    pair,
    set_in_order,
    table_in,
)
from cfsync.mirror.capture.postgresql.parts import (
    folding,
    names,
    refusing,
    row_options,
    statements,
    taken_by,
    templates,
    wrong_kind_branches,
)
from cfsync.mirror.capture.rules import (
    COUNTER_RESET,
    HAS_REAL_ID,
    ID_TOO_LONG,
    NOT_AN_ID,
    USED_BEFORE,
    SqlState,
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
from cfsync.mirror.capture.templates import branches
from cfsync.mirror.capture.values import missing_message, needed
from cfsync.mirror.db.quoting import exists_in_clickfunnels, ident, literal
from cfsync.records import PROVISIONAL_FROM
from cfsync.resources.model import Resource


def triggers(resource: Resource, schema: str) -> list[str]:
    all_names = [ident(f.name) for f in columns(resource)]
    found = statements(
        resource,
        schema,
        "insert",
        columns=", ".join(all_names),
        old_values=", ".join(f"old_row.{name}" for name in all_names),
        given_values=", ".join(f"{name} = coalesce(n.{name}, t.{name})" for name in all_names),
        writable=", ".join(literal(f.name) for f in updatable(resource)) or "NULL",
        capture=_capture(resource, schema) if resource.insert else _refuse(resource, schema),
        **folding(schema),
    )
    if resource.insert and has_workspace(resource):
        found += _fill(resource, schema)
    return found


def _fill(resource: Resource, schema: str) -> list[str]:
    """Before the INSERT. A row that another one makes impossible gets that one's id: so the primary
    key refuses it, and ON CONFLICT has its effect.
    """
    field, condition = unique_field(resource), "NEW.cf_rev IS NULL"
    if not (field or sets(resource)):
        condition = f"NEW.workspace_id IS NULL AND {condition}"
    take_id = ""
    if field:
        taken = taken_by(resource, field, "NEW", schema)
        take_id = templates.render(
            "take_id", **names(resource, schema), taken=taken, first=str(PROVISIONAL_FROM)
        )
    return statements(
        resource,
        schema,
        "fill",
        options=row_options(),
        workspace=_workspace(resource, schema),
        sets="\n".join(map(set_in_order, sets(resource))),
        take_id=take_id,
        condition=condition,
    )


def _workspace(resource: Resource, schema: str) -> str:
    """The workspace of a new row: its parent's, or the only one of the mirror."""
    workspaces = table_in(schema, "workspaces")
    one = f"(SELECT CASE count(*) WHEN 1 THEN max(id) END FROM {workspaces})"
    if not resource.nested:
        return one
    parent = table_in(schema, resource.parent or "")
    given = f"NEW.{ident(resource.parent_field or '')}"
    return f"coalesce((SELECT workspace_id FROM {parent} WHERE id = {given}), {one})"


def _refuse(resource: Resource, schema: str) -> str:
    message = f"{resource.name}: INSERT is refused: {resource.refuse_insert}"
    refusal = refusing(message, SqlState.IMPOSSIBLE)
    return templates.render("insert_refused", **names(resource, schema), refusal=refusal)


def _capture(resource: Resource, schema: str) -> str:
    not_insertable = (
        (insert_refused_if(r), refusing(r.message, r.state)) for r in insert_refusals(resource)
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
        **names(resource, schema),
        id_is_real=exists_in_clickfunnels("n.id"),
        real_ids=exists_in_clickfunnels("id"),
        workspace="n.workspace_id" if has_workspace(resource) else "NULL::bigint",
        counter="pg_sequence_last_value("
        f"pg_get_serial_sequence({literal(table_in(schema, resource.name))}, 'id')::regclass)",
        first=str(PROVISIONAL_FROM),
        counter_reset=refusing(f"{resource.name}: {COUNTER_RESET}", SqlState.UNREADY),
        not_an_id=refusing(f"{resource.name}: {NOT_AN_ID}", SqlState.READ_ONLY),
        id_too_long=refusing(f"{resource.name}: {ID_TOO_LONG}", SqlState.WRONG_VALUE),
        real_id=_real_id(resource),
        used_before=refusing(f"{resource.name}: {USED_BEFORE}", SqlState.TAKEN),
        not_insertable=branches(not_insertable),
        parents=branches(_parents(resource, schema)),
        wrong_kinds=branches(kinds),
        missing=branches(_missing(resource)),
        unknown=branches(_unknown(resource, schema)),
        taken=branches(_taken(resource, schema)),
        given_pairs="\n|| ".join(pairs),
    )


def _real_id(resource: Resource) -> str:
    """A refusal that names the real id of a row, of which a provisional one is given."""
    words = literal(f"{resource.name}: {HAS_REAL_ID} ")
    return f"jsonb_build_array({literal(SqlState.TAKEN)}, {words} || i.id)"


def _parents(resource: Resource, schema: str) -> Iterator[tuple[str, str]]:
    for field in references(resource):
        if field.name == resource.parent_field:
            words = refusing(unknown_message(resource, field), SqlState.UNKNOWN)
            yield has_unknown_id(field, None, schema), words
    for column in parents(resource):
        words = f"{resource.name}.{column} must be given"
        missing = refusing(words, SqlState.MISSING)
        if column == "workspace_id":
            told = f"{literal(words + ': ')} || {table_in(schema, 'cf_workspaces')}()"
            missing = f"jsonb_build_array({literal(SqlState.MISSING)}, {told})"
        yield f"n.{ident(column)} IS NULL", missing
    if has_workspace(resource):
        workspaces = table_in(schema, "workspaces")
        some = f"EXISTS (SELECT FROM {workspaces})"
        unknown = f"NOT EXISTS (SELECT FROM {workspaces} w WHERE w.id = n.workspace_id)"
        message = f"{resource.name}.workspace_id: the mirror has no such workspace"
        yield f"{some} AND {unknown}", refusing(message, SqlState.UNKNOWN)


def _missing(resource: Resource) -> Iterator[tuple[str, str]]:
    for field in needed(resource):
        yield is_missing(field), refusing(missing_message(resource, field), SqlState.MISSING)


def _unknown(resource: Resource, schema: str) -> Iterator[tuple[str, str]]:
    for field in insertable_references(resource):
        words = refusing(unknown_message(resource, field), SqlState.UNKNOWN)
        yield has_unknown_id(field, None, schema), words


def _taken(resource: Resource, schema: str) -> Iterator[tuple[str, str]]:
    """Under an id that can't be a new row's; and what a trigger of the user's has changed since the
    row got its id.
    """
    if field := unique_field(resource):
        other = taken_by(resource, field, "n", schema)
        words = f"{literal(f'{taken_message(resource)}; its id is ')} || {other}::text"
        yield f"{other} IS NOT NULL", f"jsonb_build_array({literal(SqlState.TAKEN)}, {words})"
