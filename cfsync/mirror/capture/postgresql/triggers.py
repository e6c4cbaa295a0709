"""The capture triggers on PostgreSQL: a statement at a time, over its transition tables.

The functions run with their owner's rights, so that a role with rights on the mirror's tables
alone can write them. They plan for joins by hash and by index only: a plan is kept for the
session, and one made for a single row would be ruinous for a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterable

from cfsync.mirror.capture.postgresql import insert
from cfsync.mirror.capture.postgresql.expressions import canonical, changed, forbidden, pair
from cfsync.mirror.capture.postgresql.parts import (
    MARK,
    NOTIFY,
    OUTBOX,
    function,
    refusing,
    trigger,
    wrong_kinds,
)
from cfsync.mirror.capture.rules import STALE, columns, ident, literal, updatable, update_refusals
from cfsync.resources.model import Resource

_OLD = "OLD TABLE AS cf_old"


def common(schema: str) -> list[str]:
    """The functions that all tables share."""
    truncate = function(
        schema,
        "cf_truncate",
        "  RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = TG_TABLE_NAME ||\n"
        "    ': TRUNCATE is refused: it would leave ClickFunnels as it is; use DELETE';",
    )
    refuse = (
        f"CREATE FUNCTION {ident(schema)}.cf_refuse(message text) RETURNS jsonb\n"
        "LANGUAGE plpgsql AS $$ BEGIN\n"
        "  RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = message;\n"
        "END $$"
    )
    return [truncate, refuse]


def triggers(resource: Resource, schema: str) -> list[str]:
    """The CREATE FUNCTION and CREATE TRIGGER statements of one table."""
    return [
        *insert.triggers(resource, schema),
        function(schema, f"cf_{resource.name}_update", _update(resource)),
        trigger(resource, schema, "update", "AFTER UPDATE", f"{_OLD} NEW TABLE AS cf_new"),
        function(schema, f"cf_{resource.name}_delete", _delete(resource)),
        trigger(resource, schema, "delete", "AFTER DELETE", _OLD),
        f"CREATE TRIGGER cf_truncate BEFORE TRUNCATE ON {ident(schema)}.{ident(resource.name)}\n"
        f"FOR EACH STATEMENT EXECUTE FUNCTION {ident(schema)}.cf_truncate()",
    ]


def _update(resource: Resource) -> str:
    workspace = "n.workspace_id" if "workspace_id" in resource.by_name else "NULL::bigint"
    cases = "\n      ".join(_refusals(resource))
    return f"""  IF {MARK} = 'fold' THEN RETURN NULL; END IF;
  IF {MARK} = 'on' AND NOT EXISTS (
    SELECT FROM cf_new n JOIN cf_old o ON o.id = n.id WHERE n.cf_rev IS NOT DISTINCT FROM o.cf_rev
  ) THEN RETURN NULL; END IF;
  WITH edits AS MATERIALIZED (
    SELECT {workspace} AS workspace_id, n.id, CASE
      {cases}
      ELSE {_patch(resource)} END AS patch
    FROM cf_new n LEFT JOIN cf_old o ON o.id = n.id
    WHERE {MARK} <> 'on' OR n.cf_rev IS NOT DISTINCT FROM o.cf_rev
  )
  {OUTBOX})
  SELECT {literal(resource.name)}, workspace_id, id, 'update', patch,
    session_user, clock_timestamp()
  FROM edits WHERE patch <> '{{}}';
  {NOTIFY}"""


def _refusals(resource: Resource) -> Iterable[str]:
    name, fields = resource.name, {f.name: f for f in columns(resource)}
    yield f"WHEN o.id IS NULL THEN {refusing(f'{name}.id is given once and stays')}"
    yield f"WHEN n.cf_rev IS DISTINCT FROM o.cf_rev THEN {refusing(f'{name}: {STALE}')}"
    for refusal in update_refusals(resource):
        condition = forbidden(refusal, fields[refusal.column])
        yield f"WHEN {condition} THEN {refusing(refusal.message)}"
    yield from wrong_kinds(resource, updatable(resource), changed)


def _patch(resource: Resource) -> str:
    parts = [
        f"CASE WHEN {changed(f)} THEN {pair(f, f'o.{ident(f.name)}', f'n.{ident(f.name)}')}"
        " ELSE '{}' END"
        for f in updatable(resource)
    ]
    return "\n        || ".join(parts) or "'{}'::jsonb"


def _delete(resource: Resource) -> str:
    start = f"  IF {MARK} IN ('on', 'fold') THEN RETURN NULL; END IF;\n"
    if not resource.delete:
        message = f"{resource.name}: DELETE is refused: {resource.refuse_delete}"
        refuse = f"PERFORM {refusing(message)}"
        return f"{start}  IF EXISTS (SELECT FROM cf_old) THEN {refuse}; END IF;\n  RETURN NULL;"
    parts = [
        f"{literal(f.name)}, jsonb_build_array({canonical(f, f'o.{ident(f.name)}')}, NULL)"
        for f in columns(resource)
    ]
    workspace = "o.workspace_id" if "workspace_id" in resource.by_name else "NULL"
    patch = ",\n      ".join(parts)
    return f"""{start}  {OUTBOX})
  SELECT {literal(resource.name)}, {workspace}, o.id, 'delete',
    jsonb_build_object({patch}),
    session_user, clock_timestamp()
  FROM cf_old o;
  {NOTIFY}"""
