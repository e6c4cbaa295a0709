"""What was typed into a form, as canonical values; and values as text for a form. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from cfsync.errors import UsageError
from cfsync.resources import Field
from cfsync.values import Unholdable, decode

MAX_BYTES = 1_000_000
"""The longest form that is read."""

_YES_NO = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Form:
    """The values of a form, by name."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The last value of a name; '' without any."""
        return self.values.get(name, ("",))[-1]


async def read(request: Request) -> Form:
    """The form of a request. Raises UsageError for one that is too long or none."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise UsageError("the form is too long")
    values: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise UsageError("the form can't be read") from None
    for name, value in pairs:
        values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(values)


def text_of(value: Any) -> str:
    """A canonical value as a form shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return str(value)


def parsed(spec: Field, text: str) -> Any:
    """What a person typed, as a canonical value; None for nothing. Raises UsageError."""
    if text == "":
        return None
    try:
        match spec.type:
            case "boolean":
                return _YES_NO[text]
            case "json":
                return decode("json", json.loads(text))
            case "number":
                return decode("number", float(text))
            case kind:
                return decode(kind, text)
    except (ValueError, KeyError, Unholdable):
        raise UsageError(f"a value of the type {spec.type} is needed here") from None


def changed(
    fields: Collection[Field], row: Mapping[str, Any], form: Form
) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of a form that differ from the row, as values, and what is wrong with others.
    `row`: {} for a new record.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for spec in fields:
        if spec.name not in form.values:
            continue
        if f"{spec.name}:picked" in form.values:
            value: Any = sorted(int(v) for v in form.values[spec.name] if v.isdecimal())
            if set(value) != set(row.get(spec.name) or ()):
                values[spec.name] = value
        elif form.one(spec.name) != text_of(row.get(spec.name)):
            try:
                values[spec.name] = parsed(spec, form.one(spec.name))
            except UsageError as error:
                wrong[spec.name] = str(error)
    return values, wrong
