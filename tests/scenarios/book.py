"""The book: every edit that was made, on either side, with a value that no other edit has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from cfsync.resources import Field
from tests.scenarios.steps import Side


@dataclass(frozen=True, slots=True)
class Made:
    """One edit of one field: `field` is its name, `name.key` in a map, '' for a whole record
    (`new` None: deleted). `record`: its id when the edit was made. `old`: what its maker saw.
    `push`: where it was made in ClickFunnels while a push ran, that push's number.
    """

    number: int
    side: Side
    verb: str
    table: str
    record: int
    field: str = ""
    old: Any = None
    new: Any = None
    push: int | None = None


@dataclass
class Book:
    """`made` in order; `refused`: the database's words for edits that it did not let in; `counts`
    of everything else that happened; `first`: (table, id) of the mirror's rows at the beginning;
    `pushes`: for each, how many writes ClickFunnels had taken when it began and when it ended.
    `discarded`: the numbers of edits that people have dropped.
    """

    made: list[Made] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    first: set[tuple[str, int]] = field(default_factory=set)
    pushes: list[tuple[int, int]] = field(default_factory=list)
    discarded: set[int] = field(default_factory=set)
    is_pushing: bool = False
    _next: int = 0

    def token(self, side: Side) -> str:
        """A value that nobody has written yet."""
        self._next += 1
        return f"{side[0]}{self._next}"

    def note(self, side: Side, verb: str, table: str, record: int, *more: Any) -> None:
        made = Made(len(self.made), side, verb, table, record, *more)
        if self.is_pushing and side == "there":
            made = replace(made, push=len(self.pushes))
        self.made.append(made)

    def by(self, side: Side) -> Iterator[Made]:
        return (m for m in self.made if m.side == side)


def value_of(f: Field, token: str) -> Any:
    """The token in a form that the field takes."""
    if f.type == "money":
        return f"{1000 + int(token[1:])}.50"
    if f.name == "email_address":
        return f"{token}@example.com"
    return f"https://www.example.com/{token}" if f.name.endswith("url") else token


def part(values: Any, name: str) -> Any:
    """A field's value, or that of one key of a map ('' where it has none)."""
    of, _, key = name.partition(".")
    found = (values or {}).get(of)
    return (found or {}).get(key, "") if key else found
