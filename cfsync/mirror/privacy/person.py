"""Finds and removes a person's data in values of any record.

A person is recognised by email address, public id and uuid. In other records an object that quotes
the person becomes null, and an address in a text becomes `[redacted]`; what such a record holds in
other words (a name, a delivery address) stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cfsync.resources import Resource

REDACTED = "[redacted]"
_IDENTITIES = ("public_id", "uuid")


@dataclass(frozen=True)
class Person:
    """A record to be forgotten. `keys`: every value that its upsert key (the email address) is
    known to have had, in lower case; `marks`: its public id and uuid.
    """

    resource: Resource
    id: int
    keys: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    _pattern: re.Pattern[str] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        words = "|".join(map(re.escape, sorted(self.keys)))
        pattern = rf"(?<![\w.%+-])(?:{words})(?![\w-]|\.\w)"
        compiled = re.compile(pattern, re.IGNORECASE) if words else None
        object.__setattr__(self, "_pattern", compiled)

    def is_quoted_by(self, name: str, value: Mapping[str, Any]) -> bool:
        """Whether an object under the key `name` is a copy of the person."""
        if name == self.resource.body_key and value.get("id") == self.id:
            return True
        key = value.get(self.resource.upsert_key or "")
        known = isinstance(key, str) and key.lower() in self.keys
        return known or any(value.get(n) in self.marks for n in _IDENTITIES)

    def clean_text(self, text: str) -> str:
        """A text without the person's addresses and marks."""
        if text in self.marks:
            return REDACTED
        return self._pattern.sub(REDACTED, text) if self._pattern else text


def identity(resource: Resource, seen: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    """`keys` and `marks` of a Person, from all values in which it was seen. Pure."""
    every = list(seen)
    keys = [v.get(resource.upsert_key or "") for v in every]
    marks = [v.get(name) for v in every for name in _IDENTITIES]
    return {
        "keys": frozenset(k.lower() for k in keys if isinstance(k, str) and k),
        "marks": frozenset(m for m in marks if isinstance(m, str) and m),
    }


def clean(person: Person, value: Any, name: str = "") -> Any:
    """A JSON value without the person. `name`: its key or column. Pure."""
    match value:
        case dict():
            if person.is_quoted_by(name, value):
                return None
            return {k: clean(person, v, k) for k, v in value.items()}
        case list():
            return [clean(person, v, name) for v in value]
        case str():
            return person.clean_text(value)
        case _:
            return value


def clean_record(person: Person, resource: Resource, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of another record that hold something of the person, without it. Another record
    of the same kind may have the same key in its own right. Pure.
    """
    own = {*_IDENTITIES, resource.upsert_key} if resource is person.resource else set()
    cleaned = {n: clean(person, v, n) for n, v in values.items() if n not in own}
    return {n: v for n, v in cleaned.items() if v != values[n]}
