"""Pieces that the triggers on SQLite share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from cfsync.mirror.capture.rules import must_be, must_hold
from cfsync.mirror.capture.sqlite.expressions import unsendable, wrong
from cfsync.mirror.capture.templates import Templates
from cfsync.mirror.db.quoting import ident, literal
from cfsync.resources.model import Field, Resource

MARK = "(SELECT mark FROM cf_writer)"
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


def put_right(resource: Resource, values: Mapping[str, str], condition: str) -> str:
    """Correct the new row, where the condition holds, unseen by the triggers."""
    pairs = ", ".join(f"{ident(name)} = {value}" for name, value in values.items())
    return templates.render(
        "put_right", table=ident(resource.name), values=pairs, condition=condition
    )


def wrong_kinds(
    resource: Resource, fields: Iterable[Field], touched: Callable[[Field], str]
) -> Iterator[tuple[str, str]]:
    """CASE branches that refuse values which the column's type does not have."""
    for field in fields:
        new = f"NEW.{ident(field.name)}"
        # The empty set is a list; NULL would be neither a value nor "not given".
        bad = f"({new} IS NULL OR {wrong(field)})" if field.merge == "set" else wrong(field)
        there = "" if field.merge == "set" else f" AND {new} IS NOT NULL"
        yield f"{touched(field)}{there} AND {bad}", raising(must_be(resource, field))
        if field.type == "json":
            unfit = f"{touched(field)} AND {unsendable(field)}"
            yield unfit, raising(must_hold(resource, field))
