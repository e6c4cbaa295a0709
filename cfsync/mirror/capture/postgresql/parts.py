"""Pieces that the trigger functions on PostgreSQL share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from cfsync.mirror.capture.postgresql.expressions import has_wrong_kind, is_unsendable, table_in
from cfsync.mirror.capture.rules import SqlState
from cfsync.mirror.capture.templates import Templates
from cfsync.mirror.capture.values import unsendable_message, wrong_kind_message
from cfsync.mirror.db.dialect.postgresql.server import CHANNEL
from cfsync.mirror.db.quoting import ident, literal
from cfsync.resources.model import Field, Resource

WHO = (
    "coalesce(nullif(current_setting('role'), 'none'), session_user),"
    " nullif(current_setting('application_name'), '')"
)
"""The user's role and program. The functions run as their owner, who is `current_user` in them."""

templates = Templates(Path(__file__).parent / "templates")


def names(resource: Resource, schema: str) -> dict[str, str]:
    """The pieces that name the table and its channel, in each of the ways in which it is named, the
    one that says who made an edit, and the one that raises a refusal.
    """
    return {
        "name": resource.name,
        "schema": ident(schema),
        "resource": literal(resource.name),
        "table": ident(resource.name),
        "channel": literal(CHANNEL),
        "who": WHO,
        "raise": templates.render("raise"),
    }


def statements(resource: Resource, schema: str, event: str, **pieces: str) -> list[str]:
    """CREATE FUNCTION and CREATE TRIGGER for one event of a table."""
    return templates.statements(
        event,
        **names(resource, schema),
        **{"options": options()} | pieces,
        function=ident(f"cf_{resource.name}_{event}"),
    )


def options() -> str:
    """How a trigger function runs: with its owner's rights, planned for joins by hash and index."""
    return templates.render("statement_options", options=row_options())


def row_options() -> str:
    """How a function runs that is called for each row: each setting costs a tenth of its time."""
    return templates.render("options")


def folding(schema: str) -> dict[str, str]:
    """The pieces around an UPDATE of cfsync's own inside a user's statement."""
    path = literal(f"pg_catalog, {ident(schema)}, pg_temp")
    return {
        "fold": templates.render("fold", schema=ident(schema), open_path=path),
        "close_path": templates.render("close_path"),
    }


def refusing(message: str, state: SqlState) -> str:
    """What a trigger function raises, as JSON."""
    return f"{literal(json.dumps([state, message]))}::jsonb"


def wrong_kind_branches(
    resource: Resource, fields: Iterable[Field], touched: Callable[[Field], str]
) -> Iterator[tuple[str, str]]:
    """CASE branches that refuse values which the API can't have."""
    for field in fields:
        bad = has_wrong_kind(field)
        if bad is None:
            continue
        new = f"n.{ident(field.name)}"
        # The empty set is a list; NULL would be neither a value nor "not given".
        bad = f"({new} IS NULL OR {bad})" if field.merge == "set" else f"({bad})"
        words = wrong_kind_message(resource, field)
        yield f"{touched(field)} AND {bad}", refusing(words, SqlState.WRONG_VALUE)
        if field.type == "json":
            unfit = f"{touched(field)} AND {is_unsendable(field)}"
            words = unsendable_message(resource, field)
            yield unfit, refusing(words, SqlState.WRONG_VALUE)


def taken_by(resource: Resource, field: Field, row: str, schema: str) -> str:
    """The id of another row in the workspace with the value of a field in `row`; NULL: it is free,
    or has no value.
    """
    held, new = f"other.{ident(field.name)}", f"{row}.{ident(field.name)}"
    same = f"lower({held}) = lower({new})" if field.email else f"{held} = {new}"
    return (
        f"(SELECT other.id FROM {table_in(schema, resource.name)} other"
        f" WHERE {same} AND {new} <> '' AND other.workspace_id = {row}.workspace_id"
        f" AND other.id <> {row}.id LIMIT 1)"
    )
