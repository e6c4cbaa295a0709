"""Which values a column takes, and the words in which a trigger refuses another one."""

from __future__ import annotations

from functools import cache
from typing import Literal

from cfsync.mirror.capture.rules import insertable, updatable
from cfsync.resources.model import Field, Resource

DEEPEST = 64
"""The most levels of JSON in a column. Few servers take more, and readers need a limit."""


@cache
def needed(resource: Resource) -> tuple[Field, ...]:
    """The columns that an INSERT must give a value, but for the ids of other records: a program may
    insert a row first and say later in its transaction what that refers to.
    """
    return tuple(f for f in insertable(resource) if f.required and not f.ref)


@cache
def never_empty(resource: Resource) -> tuple[Field, ...]:
    """Those of them that no UPDATE may empty."""
    return tuple(f for f in needed(resource) if f in updatable(resource) and not f.null)


def missing_message(resource: Resource, field: Field) -> str:
    """The words for NULL, or an empty text, in such a column."""
    return f"{resource.name}.{field.name} must be given: ClickFunnels takes no record without it"


def json_kind(field: Field) -> Literal["array", "object"] | None:
    """What the JSON of a column must be; None: a list or an object."""
    if field.merge == "map":
        return "object"
    return "array" if field.merge == "set" or field.ref else None


def wrong_kind_message(resource: Resource, field: Field) -> str:
    """The words for a value that the column does not take."""
    if field.email:
        none = "" if field.required else "; NULL means none"
        return (
            f"{resource.name}.{field.name} must be an email address such as ada@example.com,"
            f" without spaces{none}"
        )
    if field.type != "json":
        return f"{resource.name}.{field.name} must be {_KINDS[field.type]}"
    kind = {
        "array": "a JSON list of ids, such as [1, 2]" if field.ref else "a JSON list",
        "object": 'a JSON object, such as {"a": "b"}',
        None: "a JSON list or object",
    }[json_kind(field)]
    return f"{resource.name}.{field.name} must be {kind}"


def unsendable_message(resource: Resource, field: Field) -> str:
    """The words for JSON of the right kind that can't be sent on."""
    return (
        f"{resource.name}.{field.name} must be JSON without NUL, lone surrogates, numbers over"
        f" 64 bits or more than {DEEPEST} levels"
    )


_KINDS = {
    "integer": "a whole number",
    "text": "text in UTF-8, without NUL",
    "boolean": "true or false",
    "timestamp": "a time such as 2025-05-21T12:18:51.772Z",
    "money": "a decimal number such as 123.00, on SQLite of at most 15 digits",
    "number": "a number",
}
