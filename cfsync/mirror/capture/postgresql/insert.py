"""INSERT on PostgreSQL: the workspace filled in before, the rest at the statement's end.

An INSERT of a row whose DELETE still waits puts the old row back and makes an UPDATE of the values
that were given, whose trigger applies all the rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from cfsync.mirror.capture.postgresql.expressions import given, pair
from cfsync.mirror.capture.postgresql.parts import (
    MARK,
    NOTIFY,
    OUTBOX,
    function,
    refusing,
    trigger,
    wrong_kinds,
)
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
from cfsync.resources.model import Resource

_DECLARE = f"""DECLARE
  mark text := {MARK};
  ids bigint[];
  gone record;
  folded bigint[] := '{{}}';
"""


def triggers(resource: Resource, schema: str) -> list[str]:
    found = [
        function(schema, f"cf_{resource.name}_insert", _after(resource), _DECLARE),
        trigger(resource, schema, "insert", "AFTER INSERT", "NEW TABLE AS cf_new"),
    ]
    if resource.insert and has_workspace(resource):
        name = ident(f"cf_{resource.name}_fill")
        found += [
            function(schema, f"cf_{resource.name}_fill", _fill(resource)),
            f"CREATE TRIGGER {name} BEFORE INSERT ON {ident(schema)}.{ident(resource.name)}\n"
            "FOR EACH ROW WHEN (NEW.workspace_id IS NULL AND NEW.cf_rev IS NULL)\n"
            f"EXECUTE FUNCTION {ident(schema)}.{name}()",
        ]
    return found


def _fill(resource: Resource) -> str:
    """The workspace of a new row: its parent's, or the only one of the mirror."""
    one = "(SELECT CASE count(*) WHEN 1 THEN max(id) END FROM workspaces)"
    if resource.nested:
        parent, given = ident(resource.parent or ""), f"NEW.{ident(resource.parent_field or '')}"
        own = f"(SELECT workspace_id FROM {parent} WHERE id = {given})"
        one = f"coalesce({own}, {one})"
    return f"  NEW.workspace_id := {one};\n  RETURN NEW;"


def _after(resource: Resource) -> str:
    return f"""  IF mark = 'fold' THEN RETURN NULL; END IF;
  ids := ARRAY(SELECT id FROM cf_new WHERE mark <> 'on' OR cf_rev IS NULL);
  IF ids = '{{}}' THEN RETURN NULL; END IF;
{_fold(resource)}
{_refuse(resource) if resource.insert is None else _capture(resource)}"""


def _refuse(resource: Resource) -> str:
    message = f"{resource.name}: INSERT is refused: {resource.refuse_insert}"
    condition = "EXISTS (SELECT FROM unnest(ids) id WHERE id <> ALL (folded))"
    return f"  IF {condition} THEN PERFORM {refusing(message)}; END IF;\n  RETURN NULL;"


def _capture(resource: Resource) -> str:
    name, table = literal(resource.name), ident(resource.name)
    cases = "\n      ".join(_refusals(resource))
    workspace = "n.workspace_id" if has_workspace(resource) else "NULL::bigint"
    pairs = [
        f"CASE WHEN {new} IS NULL THEN '{{}}' ELSE {pair(f, None, new)} END"
        for f, new in ((f, f"n.{ident(f.name)}") for f in insertable(resource))
    ]
    patch = "\n        || ".join(pairs)
    return f"""  WITH edits AS MATERIALIZED (
    SELECT {workspace} AS workspace_id, n.id, CASE
      {cases}
      ELSE {patch} END AS patch
    FROM cf_new n
    WHERE (mark <> 'on' OR n.cf_rev IS NULL) AND n.id <> ALL (folded)
  )
  {OUTBOX}, highest_id)
  SELECT {name}, workspace_id, id, 'insert', patch, session_user, clock_timestamp(),
    (SELECT greatest(max(id), 0) FROM {table})
  FROM edits;
  {NOTIFY}"""


def _refusals(resource: Resource) -> Iterable[str]:
    name = resource.name
    unknown = f"{name}: no row has this id; leave id out, ClickFunnels gives it"
    yield f"WHEN n.id >= 0 THEN {refusing(unknown)}"
    used = refusing(f"{name}: this id was used before; leave id out")
    known = f"resource = {literal(name)} AND"
    yield f"WHEN EXISTS (SELECT FROM cf_ids i WHERE {known} i.local_id = n.id) THEN {used}"
    yield f"WHEN EXISTS (SELECT FROM cf_outbox x WHERE {known} x.record_id = n.id) THEN {used}"
    for refusal in insert_refusals(resource):
        yield f"WHEN {given(refusal)} THEN {refusing(refusal.message)}"
    for column in parents(resource):
        missing = refusing(f"{name}.{column} must be given")
        yield f"WHEN n.{ident(column)} IS NULL THEN {missing}"
    if has_workspace(resource):
        unknown = refusing(f"{name}.workspace_id: the mirror has no such workspace")
        some = "EXISTS (SELECT FROM workspaces)"
        yield (
            f"WHEN {some} AND NOT EXISTS (SELECT FROM workspaces w WHERE w.id = n.workspace_id)"
            f" THEN {unknown}"
        )
    yield from wrong_kinds(
        resource, insertable(resource), lambda f: f"n.{ident(f.name)} IS NOT NULL"
    )
    yield from _twice(resource)


def _twice(resource: Resource) -> Iterable[str]:
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
    yield (
        f"WHEN n.{column} <> '' AND {other} IS NOT NULL"
        f" THEN cf_refuse({before} || {other} || {after})"
    )


def _fold(resource: Resource) -> str:
    """Put rows back whose unsent DELETE the INSERT takes back, then update them."""
    table = ident(resource.name)
    names = [f.name for f in columns(resource)]
    targets = ", ".join(map(ident, names))
    old = ", ".join(f"r.{ident(n)}" for n in names)
    new = ", ".join(f"{ident(n)} = coalesce(n.{ident(n)}, t.{ident(n)})" for n in names)
    return f"""  FOR gone IN
    DELETE FROM cf_outbox WHERE resource = {literal(resource.name)} AND record_id = ANY (ids)
      AND op = 'delete' AND state IN ('pending', 'parked', 'held') RETURNING record_id, patch
  LOOP
    folded := folded || gone.record_id;
    PERFORM set_config('cfsync.writer', 'fold', true);
    UPDATE {table} t SET ({targets}) = ROW({old})
      FROM jsonb_populate_record(NULL::{table}, (
        SELECT jsonb_object_agg(key, value -> 0) FROM jsonb_each(gone.patch))) r
      WHERE t.id = gone.record_id;
    PERFORM set_config('cfsync.writer', mark, true);
    UPDATE {table} t SET {new} FROM cf_new n WHERE t.id = gone.record_id AND n.id = t.id;
  END LOOP;"""
