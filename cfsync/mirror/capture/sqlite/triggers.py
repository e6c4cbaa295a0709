"""The capture triggers on SQLite: a row at a time, in the user's own transaction."""

from __future__ import annotations

from cfsync.mirror.capture.rules import STALE, columns, ident, literal, updatable, update_refusals
from cfsync.mirror.capture.sqlite import insert
from cfsync.mirror.capture.sqlite.expressions import changed, forbidden, moment, pair, row_pairs
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
from cfsync.resources.model import Resource


def triggers(resource: Resource) -> list[str]:
    """The CREATE TRIGGER statements of one table."""
    return [*insert.triggers(resource), _update(resource), _delete(resource)]


def _update(resource: Resource) -> str:
    when = f"CASE {MARK} WHEN 0 THEN 1 WHEN 1 THEN NEW.cf_rev IS OLD.cf_rev ELSE 0 END"
    steps = [
        "SELECT CASE\n    {}\n  END".format("\n    ".join(_refusals(resource))),
        *_restore(resource),
    ]
    if updatable(resource):
        steps.append(_capture_update(resource))
    return trigger(resource, "AFTER UPDATE", when, steps)


def _refusals(resource: Resource) -> list[str]:
    name, fields = resource.name, {f.name: f for f in columns(resource)}
    return [
        f"WHEN NEW.id IS NOT OLD.id THEN {raising(f'{name}.id is given once and stays')}",
        f"WHEN NEW.cf_rev IS NOT OLD.cf_rev THEN {raising(f'{name}: {STALE}')}",
        *(
            f"WHEN {forbidden(r, fields[r.column])} THEN {raising(r.message)}"
            for r in update_refusals(resource)
        ),
        *wrong_kinds(resource, updatable(resource), changed),
    ]


def _restore(resource: Resource) -> list[str]:
    """Where a program wrote the same value in other words ('12.5' for '12.50'), keep the words;
    times that may be written get the canonical form.
    """
    writable = {f.name for f in updatable(resource)}
    loose = [f for f in columns(resource) if f.type in ("timestamp", "money", "json")]
    sets = {f.name: f"OLD.{ident(f.name)}" for f in loose if f.name not in writable}
    wanted = [f"NEW.{ident(name)} IS NOT {value}" for name, value in sets.items()]
    for field in updatable(resource):
        if field.type == "timestamp":
            sets[field.name] = moment(f"NEW.{ident(field.name)}")
            wanted.append(f"NEW.{ident(field.name)} IS NOT {sets[field.name]}")
    return put_right(resource, sets, f"({' OR '.join(wanted)})") if sets else []


def _capture_update(resource: Resource) -> str:
    parts = " || ".join(
        f"CASE WHEN {changed(f)} THEN {pair(f, f'OLD.{ident(f.name)}', f'NEW.{ident(f.name)}')}"
        " ELSE '' END"
        for f in updatable(resource)
    )
    workspace = "NEW.workspace_id" if "workspace_id" in resource.by_name else "NULL"
    # LIMIT keeps SQLite from working the expression out twice.
    return (
        f"{OUTBOX}) SELECT {literal(resource.name)}, {workspace}, NEW.id, 'update',"
        f" '{{' || substr(parts, 2) || '}}', {NOW} FROM (SELECT {parts} AS parts LIMIT 1)"
        " WHERE parts <> ''"
    )


def _delete(resource: Resource) -> str:
    if not resource.delete:
        message = f"{resource.name}: DELETE is refused: {resource.refuse_delete}"
        replacing = f"EXISTS (SELECT 1 FROM cf_replaced WHERE {replaced(resource, 'OLD')})"
        step = f"SELECT {raising(message)} WHERE NOT {replacing}"
    else:
        workspace = "OLD.workspace_id" if "workspace_id" in resource.by_name else "NULL"
        step = (
            f"{OUTBOX}) SELECT {literal(resource.name)}, {workspace}, OLD.id, 'delete',"
            f" {row_pairs(resource, 'OLD')}, {NOW}"
        )
    return trigger(resource, "AFTER DELETE", f"{MARK} = 0", [step])
