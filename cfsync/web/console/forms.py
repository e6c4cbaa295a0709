"""What was typed into a form, as canonical values; and values as text for a form. Pure."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from cfsync.errors import UsageError
from cfsync.resources import Field
from cfsync.values import decode, decoder

MAX_BYTES, MAX_FIELDS = 1_000_000, 50_000
"""The longest form that is read, and the most values in one."""

AT_ONCE_BYTES = 20_000
"""The longest form that is taken apart at once; a longer one in a thread, as it takes a while."""

DIGITS = 18
"""Digits of the longest number that is read: any database can hold it."""

SEEN = "seen"
"""The name under which a form holds the digests of what it showed when it was opened."""

CHOICES: Mapping[str, Sequence[str]] = {
    "/conflicts/{number}": ("local", "remote", "value"),
    "/edits/{number}": ("retry", "approve", "discard"),
    "/parked/{resource}": ("retry", "discard"),
    "/held/{resource}": ("approve", "discard"),
    "/deletions/{resource}": ("approve", "reject"),
    "/pause/{resource}": ("pause", "resume"),
    "/start/{name}/{resource}": ("start",),
    "/revert/{number}": ("revert", "with_created"),
    "/undelete/{resource}/{id}": ("undelete",),
}
"""Route -> what its buttons can say."""

BACK = {"activity": "/activity"}
"""What a form says about the page that it is on, where it is not the usual one -> that page."""

_YES_NO = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Form:
    """The values of a form, by name."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The last value of a name; '' without any."""
        return self.values.get(name, ("",))[-1]

    @property
    def is_sure(self) -> bool:
        """Whether somebody has confirmed what a preview has shown."""
        return self.one("sure") == "1"

    def agrees_to(self, seen: str) -> bool:
        """As `is_sure`, where the preview was about the same things: its digest is this one."""
        return self.is_sure and self.one(SEEN) == seen


async def read(request: Request, max_bytes: int = MAX_BYTES) -> Form:
    """The form of a request. Raises UsageError for one that is too long or none."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise UsageError("the form is too long")
    if len(body) > AT_ONCE_BYTES:
        return await asyncio.to_thread(_taken_apart, bytes(body))
    return _taken_apart(bytes(body))


def _taken_apart(body: bytes) -> Form:
    values: dict[str, list[str]] = {}
    if body.count(b"&") >= MAX_FIELDS:
        raise UsageError("the form has too many fields")
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
                return decoder(spec)(_json(spec, text))
            case "number":
                return decode("number", float(text))
            case kind:
                return decode(kind, text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{_needed(spec)}; {error.msg} in {where}") from None
    except (ValueError, KeyError, RecursionError):
        raise UsageError(_needed(spec)) from None


def _json(spec: Field, text: str) -> Any:
    """JSON; or ids without brackets."""
    if spec.ref and _IDS.fullmatch(text):
        return [int(one) for one in re.findall("[0-9]+", text)]
    return json.loads(text)


_IDS = re.compile(r"[\s,]*[0-9][0-9\s,]*")

_NEEDED = {
    "integer": "a whole number is needed here, such as 12",
    "number": "a number is needed here, such as 1.5",
    "money": "an amount is needed here, such as 12.50",
    "timestamp": "a date or a time is needed here, such as 2026-05-21 or 2026-05-21T12:00Z",
    "boolean": "yes or no is needed here",
    "text": "a character of this can't be stored",
}
"""Type -> what is said about a value that is none."""


def _needed(spec: Field) -> str:
    if spec.type != "json":
        return _NEEDED[spec.type]
    if spec.ref:
        return "ids are needed here, with commas between them, such as 12, 15"
    if spec.merge == "map":
        return 'names and values are needed here, such as {"color": "red"}'
    return 'JSON is needed here, such as {"color": "red"} or [1, 2]'


def number(text: str) -> int | None:
    """A whole number as an id, a number of a conflict or a `cf_rev` is; None: it is none."""
    digits = text.removeprefix("-")
    is_one = digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS
    return int(text) if is_one else None


def digest(text: str) -> str:
    """What tells whether a field of a form was changed: not by what a browser does to lines."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()[:12]


def digests(
    fields: Iterable[Field], texts: Mapping[str, str], picked: Mapping[str, Collection[int]]
) -> dict[str, str]:
    """Field -> the digest of what a form shows in it."""
    return {
        f.name: digest(_ids(picked[f.name]) if f.name in picked else texts.get(f.name, ""))
        for f in fields
    }


def touched(fields: Iterable[Field], form: Form) -> list[Field]:
    """The fields that somebody has changed in a form since it was opened."""
    seen = _seen(form)
    return [
        f for f in fields if f.name in form.values and digest(_sent(f, form)) != seen.get(f.name)
    ]


def shows(fields: Iterable[Field], row: Mapping[str, Any], form: Form) -> bool:
    """Whether a form was opened with what a row holds in these fields. A user's edit leaves the
    `cf_rev` as it was.
    """
    seen = _seen(form)
    texts = {f.name: text_of(row[f.name]) for f in fields}
    picked = {f.name: row[f.name] or () for f in fields if is_picked(f, form)}
    now = digests(fields, texts, picked)
    return all(seen.get(name, digest) == digest for name, digest in now.items())


def _seen(form: Form) -> dict[str, str]:
    """Field -> the digest of what the form showed when it was opened."""
    try:
        seen = json.loads(form.one(SEEN) or "{}")
    except (ValueError, RecursionError):
        return {}
    return seen if isinstance(seen, dict) else {}


def is_picked(spec: Field, form: Form) -> bool:
    """Whether a form lets one pick the members of a set."""
    return f"{spec.name}:picked" in form.values


def picks(spec: Field, form: Form) -> list[int]:
    """The members that were picked."""
    found = (number(text) for text in form.values.get(spec.name, ()))
    return sorted({one for one in found if one is not None})


def _sent(spec: Field, form: Form) -> str:
    return _ids(picks(spec, form)) if is_picked(spec, form) else form.one(spec.name)


def _ids(ids: Collection[int]) -> str:
    return " ".join(map(str, sorted(ids)))


def changed(
    fields: Iterable[Field],
    row: Mapping[str, Any],
    form: Form,
    offered: Mapping[str, Collection[int]] | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """What somebody has changed in a form and differs from the row, as values, and what is wrong
    with others. `row`: {} for a new record. `offered`: of a set, the members that could be picked:
    others stay in it.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for spec in touched(fields, form):
        if is_picked(spec, form):
            before = set(row.get(spec.name) or ())
            after = set(picks(spec, form)) | (before - set((offered or {}).get(spec.name, before)))
            if after != before:
                values[spec.name] = sorted(after)
        elif digest(form.one(spec.name)) != digest(text_of(row.get(spec.name))):
            try:
                values[spec.name] = parsed(spec, form.one(spec.name))
            except UsageError as error:
                wrong[spec.name] = str(error)
    return values, wrong
