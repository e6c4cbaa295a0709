"""Pieces that the triggers on SQLite share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from cfsync.mirror.capture.sqlite.expressions import has_wrong_kind, is_unsendable
from cfsync.mirror.capture.templates import Templates
from cfsync.mirror.capture.values import unsendable_message, wrong_kind_message
from cfsync.mirror.db.quoting import ident, literal
from cfsync.resources.model import Field, Resource

MARK = "coalesce((SELECT mark FROM cf_writer), 0)"
"""An edit is captured, too, while the row of `cf_writer` is missing."""
BY_USER = f"CASE {MARK} WHEN 0 THEN 1 WHEN 1 THEN NEW.cf_rev IS NULL ELSE 0 END"
"""In a trigger for INSERT."""
NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

templates = Templates(Path(__file__).parent / "templates")


def names(resource: Resource, trigger: str = "") -> dict[str, str]:
    """The pieces that name the table, in each of the ways in which it is named."""
    return {
        "name": resource.name,
        "resource": literal(resource.name),
        "table": ident(resource.name),
        "trigger": ident(f"cf_{resource.name}_{trigger}"),
    }


def raising(message: str) -> str:
    return f"RAISE(ABORT, {literal(message)})"


def correct_row(resource: Resource, values: Mapping[str, str], condition: str) -> str:
    """Statements that correct the new row if the condition holds, unseen by the triggers."""
    pairs = ", ".join(f"{ident(name)} = {value}" for name, value in values.items())
    return templates.render(
        "correct_row", table=ident(resource.name), values=pairs, condition=condition
    )


def note_policy(resource: Resource) -> str:
    """Statements that note whether an INSERT says OR REPLACE."""
    return templates.render("note_policy", table=ident(resource.name))


def wrong_kind_branches(
    resource: Resource, fields: Iterable[Field], touched: Callable[[Field], str] | None = None
) -> Iterator[tuple[str, str]]:
    """CASE branches that refuse values which the column's type does not have; of an UPDATE, only
    in columns that are `touched`.
    """
    for field in fields:
        bad, only = has_wrong_kind(field), f"{touched(field)} AND " if touched else ""
        if touched and field.merge == "set":  # the empty set is a list
            bad = f"(NEW.{ident(field.name)} IS NULL OR {bad})"
        yield f"{only}{bad}", raising(wrong_kind_message(resource, field))
        if field.type == "json":
            unfit = f"{only}{is_unsendable(field)}"
            yield unfit, raising(unsendable_message(resource, field))
