"""The capture triggers on PostgreSQL: a statement at a time, over its transition tables.

The functions run with their owner's rights, so that a role with rights on the mirror's tables
alone can write them. They plan for joins by hash and by index only: a plan is kept for the
session, and one made for a single row would be ruinous for a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterator

from cfsync.mirror.capture.postgresql import insert
from cfsync.mirror.capture.postgresql.expressions import (
    canonical,
    changed,
    gives_old_values,
    has_unknown_id,
    is_missing,
    is_same_since,
    pair,
    set_in_order,
    table_in,
    update_refused_if,
)
from cfsync.mirror.capture.postgresql.parts import (
    folding,
    names,
    options,
    refusing,
    statements,
    taken_by,
    templates,
    wrong_kind_branches,
)
from cfsync.mirror.capture.rules import (
    IS_WRITING,
    RULED,
    STALE,
    SqlState,
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
from cfsync.mirror.capture.templates import branches
from cfsync.mirror.capture.values import missing_message, never_empty
from cfsync.mirror.db.dialect.postgresql.server import CHANGES_CHANNEL
from cfsync.mirror.db.quoting import ident, literal
from cfsync.mirror.history import starts
from cfsync.resources.model import Resource


def common(schema: str) -> list[str]:
    """The functions that all tables share."""
    return templates.statements(
        "common",
        schema=ident(schema),
        base=literal(table_in(schema, "cf_base")),
        outbox=literal(table_in(schema, "cf_outbox")),
        obstructed=literal(SqlState.UNREADY),
        ruled=literal(RULED),
        options=options(),
        state=literal(SqlState.IMPOSSIBLE),
        is_writing=IS_WRITING,
    )


def history(schema: str) -> list[str]:
    """What writes each edit to the history, too."""
    return templates.statements(
        "history",
        schema=ident(schema),
        sequence=literal(table_in(schema, "cf_outbox_seq_seq")),
        channel=literal(CHANGES_CHANNEL),
        is_kept=starts.IS_KEPT.format(cf_meta=table_in(schema, "cf_meta")),
        keep=templates.render("keep_edit", schema=ident(schema)),
    )


def triggers(resource: Resource, schema: str) -> list[str]:
    """The CREATE FUNCTION and CREATE TRIGGER statements of one table."""
    return [
        *insert.triggers(resource, schema),
        *_update(resource, schema),
        *(_sets(resource, schema) if sets(resource) else []),
        *_delete(resource, schema),
        templates.render("truncate", schema=ident(schema), table=ident(resource.name)),
    ]


def _update(resource: Resource, schema: str) -> list[str]:
    fields = {f.name: f for f in columns(resource)}
    read_only = (
        (update_refused_if(resource, r, fields[r.column], schema), refusing(r.message, r.state))
        for r in update_refusals(resource)
    )
    return statements(
        resource,
        schema,
        "update",
        id_stays=refusing(f"{resource.name}.id is given once and stays", SqlState.READ_ONLY),
        stale=refusing(f"{resource.name}: {STALE}", SqlState.STALE),
        workspace="n.workspace_id" if has_workspace(resource) else "NULL::bigint",
        read_only=branches(read_only),
        wrong_kinds=branches(wrong_kind_branches(resource, updatable(resource), changed)),
        emptied=branches(_emptied(resource)),
        unknown=branches(_unknown(resource, schema)),
        taken=branches(_taken(resource, schema)),
        changed_pairs=_changed_pairs(resource),
        is_same_since=is_same_since(resource, schema),
        gives_old_values=gives_old_values(resource),
        **_kept(resource),
        **folding(schema),
    )


def _kept(resource: Resource) -> dict[str, str]:
    """The columns that keep their values, and these values."""
    old = {f.name: f"o.{ident(f.name)}" for f in kept(resource)}
    old |= {f.name: f"coalesce(n.{ident(f.name)}, o.{ident(f.name)})" for f in sets(resource)}
    return {"kept": ", ".join(map(ident, old)), "kept_values": ", ".join(old.values())}


def _sets(resource: Resource, schema: str) -> list[str]:
    names_ = [ident(f.name) for f in sets(resource)]
    differs = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in names_)
    return statements(
        resource,
        schema,
        "sets",
        sets="\n".join(map(set_in_order, sets(resource))),
        columns=", ".join(names_),
        condition=differs,
    )


def _emptied(resource: Resource) -> Iterator[tuple[str, str]]:
    for field in never_empty(resource):
        words = refusing(missing_message(resource, field), SqlState.MISSING)
        yield f"{changed(field)} AND {is_missing(field)}", words


def _unknown(resource: Resource, schema: str) -> Iterator[tuple[str, str]]:
    for field in references(resource):
        if field in updatable(resource):
            words = refusing(unknown_message(resource, field), SqlState.UNKNOWN)
            unknown = has_unknown_id(field, f"o.{ident(field.name)}", schema)
            yield f"{changed(field)} AND {unknown}", words


def _taken(resource: Resource, schema: str) -> Iterator[tuple[str, str]]:
    if field := unique_in_updates(resource):
        other = taken_by(resource, field, "n", schema)
        words = refusing(taken_message(resource), SqlState.TAKEN)
        yield f"{changed(field)} AND {other} IS NOT NULL", words


def _changed_pairs(resource: Resource) -> str:
    parts = [
        f"CASE WHEN {changed(f)} THEN {pair(f, f'o.{ident(f.name)}', f'n.{ident(f.name)}')}"
        " ELSE '{}' END"
        for f in updatable(resource)
    ]
    return "\n|| ".join(parts) or "'{}'::jsonb"


def _delete(resource: Resource, schema: str) -> list[str]:
    capture = (_capture_delete if resource.delete else _refuse_delete)(resource, schema)
    return statements(resource, schema, "delete", capture=capture)


def _refuse_delete(resource: Resource, schema: str) -> str:
    message = f"{resource.name}: DELETE is refused: {resource.refuse_delete}"
    refusal = refusing(message, SqlState.IMPOSSIBLE)
    return templates.render("delete_refused", **names(resource, schema), refusal=refusal)


def _capture_delete(resource: Resource, schema: str) -> str:
    pairs = [
        f"{literal(f.name)}, jsonb_build_array({canonical(f, f'o.{ident(f.name)}')}, NULL)"
        for f in columns(resource)
    ]
    return templates.render(
        "capture_delete",
        **names(resource, schema),
        workspace="o.workspace_id" if has_workspace(resource) else "NULL",
        row_as_patch=",\n".join(pairs),
    )
