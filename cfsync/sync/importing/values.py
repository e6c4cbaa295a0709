"""The values in cells, by the rules of the table's columns. Pure."""

from __future__ import annotations

import re
from typing import Any

from cfsync.mirror.capture.values import wrong_kind_message
from cfsync.resources.model import Field, Resource
from cfsync.sync.importing.columns import Columns, Target
from cfsync.sync.importing.table import Row
from cfsync.values import Unholdable, decode, decoder, json_of

_EMAIL = re.compile(r"[^@ \t\r\n]+@[^@ \t\r\n]+").fullmatch
"""What the triggers take for an email address."""


class Wrong(ValueError):
    """A cell that its column can't take; the text says why, without the value."""


def is_blank(value: Any) -> bool:
    return value is None or value == ""


def value_of(resource: Resource, target: Target, value: Any, *, is_text: bool) -> Any:
    """The canonical form of what a cell holds. `is_text`: it is of a CSV file. Raises Wrong."""
    if target.key is not None:
        return _attribute(target, value)
    field = target.field
    try:
        if is_text:
            value = _of_text(field, value)
        found = decoder(field)(value)
    except (Unholdable, ValueError):
        raise Wrong(wrong_kind_message(resource, field)) from None
    if field.email and found and not _EMAIL(found):
        raise Wrong(wrong_kind_message(resource, field))
    return found


def _of_text(field: Field, text: str) -> Any:
    """What a text stands for in a column of its type."""
    if field.type == "boolean":
        return text.lower()
    if field.type == "json":
        return json_of(text)
    return text


def _attribute(target: Target, value: Any) -> Any:
    """A value of a map: text, a number or a boolean."""
    if isinstance(value, str):
        try:
            return decode("text", value)
        except Unholdable:
            raise Wrong(f"{target.name} must be text in UTF-8, without NUL") from None
    if isinstance(value, bool | int | float):
        return value
    raise Wrong(f"{target.name} must be a text, a number or true or false")


def key_of(columns: Columns, row: Row, *, is_text: bool) -> Any:
    """What says which record a row is: an email address in lower case. Raises Wrong."""
    field = columns.key
    value = row.values.get(columns.key_column)
    if isinstance(value, str):
        value = value.strip()
    if is_blank(value):
        raise Wrong(f"has no {field.name}")
    found = value_of(columns.resource, Target(field), value, is_text=is_text)
    return found.lower() if field.email else found
