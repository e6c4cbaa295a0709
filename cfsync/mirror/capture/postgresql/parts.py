"""Pieces that the trigger functions on PostgreSQL share."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cfsync.mirror.capture.postgresql.expressions import unsendable, wrong
from cfsync.mirror.capture.rules import ident, literal, must_be, must_hold
from cfsync.resources.model import Field, Resource

MARK = "coalesce(current_setting('cfsync.writer', true), '')"
OUTBOX = "INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, db_user, captured_at"
NOTIFY = """IF FOUND THEN PERFORM pg_notify('cfsync_outbox', ''); END IF;
  RETURN NULL;"""


def function(schema: str, name: str, body: str, declare: str = "") -> str:
    path = f"pg_catalog, {ident(schema)}, pg_temp"
    return (
        f"CREATE FUNCTION {ident(schema)}.{ident(name)}() RETURNS trigger\n"
        f"LANGUAGE plpgsql SECURITY DEFINER SET search_path = {path}\n"
        "SET timezone = 'UTC' SET enable_nestloop = off SET enable_seqscan = off SET jit = off\n"
        f"AS $cfsync$\n{declare}BEGIN\n{body}\nEND $cfsync$"
    )


def trigger(resource: Resource, schema: str, suffix: str, event: str, tables: str) -> str:
    name = ident(f"cf_{resource.name}_{suffix}")
    return (
        f"CREATE TRIGGER {name} {event} ON {ident(schema)}.{ident(resource.name)}\n"
        f"REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {ident(schema)}.{name}()"
    )


def refusing(message: str) -> str:
    """An expression that raises the error when it is evaluated."""
    return f"cf_refuse({literal(message)})"


def wrong_kinds(
    resource: Resource, fields: Iterable[Field], touched: Callable[[Field], str]
) -> Iterable[str]:
    """CASE branches that refuse values which the API can't have."""
    for field in fields:
        bad = wrong(field)
        if bad is None:
            continue
        new = f"n.{ident(field.name)}"
        # The empty set is a list; NULL would be neither a value nor "not given".
        bad = f"({new} IS NULL OR {bad})" if field.merge == "set" else f"({bad})"
        yield f"WHEN {touched(field)} AND {bad} THEN {refusing(must_be(resource, field))}"
        if field.type == "json":
            refuse = refusing(must_hold(resource, field))
            yield f"WHEN {touched(field)} AND {unsendable(field)} THEN {refuse}"
