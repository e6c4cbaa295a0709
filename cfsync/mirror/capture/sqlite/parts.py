"""Pieces that the triggers on SQLite share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cfsync.mirror.capture.rules import ident, literal, must_be, must_hold
from cfsync.mirror.capture.sqlite.expressions import unsendable, wrong
from cfsync.resources.model import Field, Resource

MARK = "(SELECT mark FROM cf_writer)"
NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
OUTBOX = "INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at"


def trigger(resource: Resource, event: str, when: str, steps: Iterable[str]) -> str:
    name = f"cf_{resource.name}_{event.lower().replace(' ', '_')}"
    body = "".join(f"  {step};\n" for step in steps)
    return (
        f"CREATE TRIGGER {ident(name)} {event} ON {ident(resource.name)}\n"
        f"WHEN {when}\nBEGIN\n{body}END"
    )


def raising(message: str) -> str:
    return f"RAISE(ABORT, {literal(message)})"


def replaced(resource: Resource, row: str = "NEW") -> str:
    """The condition that finds this row in `cf_replaced` or in the outbox."""
    return f"resource = {literal(resource.name)} AND record_id = {row}.id"


def put_right(resource: Resource, sets: Mapping[str, str], condition: str) -> list[str]:
    """Steps that correct the new row, where the condition holds, unseen by the triggers."""
    pairs = ", ".join(f"{ident(name)} = {value}" for name, value in sets.items())
    return [
        f"UPDATE cf_writer SET mark = mark + 2 WHERE {condition}",
        f"UPDATE {ident(resource.name)} SET {pairs} WHERE id = NEW.id AND {condition}",
        f"UPDATE cf_writer SET mark = mark - 2 WHERE {condition}",
    ]


def wrong_kinds(
    resource: Resource, fields: Iterable[Field], touched: Callable[[Field], str]
) -> list[str]:
    """CASE branches that refuse values which the column's type does not have."""
    found = []
    for field in fields:
        new = f"NEW.{ident(field.name)}"
        # The empty set is a list; NULL would be neither a value nor "not given".
        bad = f"({new} IS NULL OR {wrong(field)})" if field.merge == "set" else wrong(field)
        there = "" if field.merge == "set" else f" AND {new} IS NOT NULL"
        refuse = raising(must_be(resource, field))
        found.append(f"WHEN {touched(field)}{there} AND {bad} THEN {refuse}")
        if field.type == "json":
            refuse = raising(must_hold(resource, field))
            found.append(f"WHEN {touched(field)} AND {unsendable(field)} THEN {refuse}")
    return found
