"""Pieces that the trigger functions on PostgreSQL share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from cfsync.mirror.capture.postgresql.expressions import has_wrong_kind, is_unsendable
from cfsync.mirror.capture.rules import SqlState, unsendable_message, wrong_kind_message
from cfsync.mirror.capture.templates import Templates
from cfsync.mirror.db.dialect.postgresql_server import CHANNEL
from cfsync.mirror.db.quoting import ident, literal
from cfsync.resources.model import Field, Resource

MARK = "coalesce(current_setting('cfsync.writer', true), '')"
WHO = (
    "coalesce(nullif(current_setting('role'), 'none'), session_user),"
    " nullif(current_setting('application_name'), '')"
)
"""The user's role and program. The functions run as their owner, who is `current_user` in them."""

templates = Templates(Path(__file__).parent / "templates")


def names(resource: Resource) -> dict[str, str]:
    """The pieces that name the table and its channel, in each of the ways in which it is named, the
    one that says who made an edit, and the one that raises a refusal.
    """
    return {
        "name": resource.name,
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
        **names(resource),
        **{"options": options(schema)} | pieces,
        schema=ident(schema),
        function=ident(f"cf_{resource.name}_{event}"),
    )


def options(schema: str) -> str:
    """How a trigger function runs: with its owner's rights, planned for joins by hash and index."""
    return templates.render("statement_options", options=row_options(schema))


def row_options(schema: str) -> str:
    """How a function runs that is called for each row: each setting costs a tenth of its time."""
    return templates.render("options", schema=ident(schema))


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


def taken_by(resource: Resource, field: Field, row: str) -> str:
    """The id of another row in the workspace with the value of a field in `row`; NULL: it is free,
    or has no value.
    """
    held, new = f"other.{ident(field.name)}", f"{row}.{ident(field.name)}"
    same = f"lower({held}) = lower({new})" if field.email else f"{held} = {new}"
    return (
        f"(SELECT other.id FROM {ident(resource.name)} other WHERE {same} AND {new} <> ''"
        f" AND other.workspace_id = {row}.workspace_id AND other.id <> {row}.id LIMIT 1)"
    )
