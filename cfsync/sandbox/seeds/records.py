"""What a record is, and what the makers of seeded records start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cfsync.resources import ALL, Field
from cfsync.sandbox.seeds.formats import public_id, time_text
from cfsync.sandbox.seeds.plan import Plan

Values = dict[str, Any]
"""A record by field: all fields of the catalogue, and the ids of its parents. Names with a leading
underscore are never shown."""


@dataclass(slots=True)
class Seed:
    """What a maker gets to compute one seeded record."""

    plan: Plan
    resource: str
    index: int
    id: int
    chance: int
    workspace: int
    workspace_id: int

    def pick(self, resource: str, number: int) -> int:
        """The id of some record of the same workspace; 0 where it has none."""
        return self.plan.pick(resource, self.workspace, number)

    def parent(self, resource: str) -> int:
        return self.plan.id(resource, self.index % self.plan.counts[resource])

    def past(self, number: int) -> str:
        """Some time before the last change."""
        return time_text(self.plan.created_ms(self.resource, self.index) + number % 86_400_000)

    def common_fields(self) -> Values:
        """The fields that all records have."""
        plan, resource, index = self.plan, self.resource, self.index
        return {
            "id": self.id,
            "public_id": public_id(resource, self.id),
            "workspace_id": self.workspace_id,
            "created_at": time_text(plan.created_ms(resource, index)),
            "updated_at": time_text(plan.updated_ms(resource, index)),
        }


Maker = Callable[[Seed], Values]


def blank(resource: str) -> Values:
    """A record with empty fields: null wherever the API may send null."""
    return {name: value() if value else None for name, value in _blanks(resource)}


_EMPTY: Mapping[str, Callable[[], Any]] = {
    "integer": int,
    "text": str,
    "boolean": bool,
    "timestamp": str,
    "money": lambda: "0.00",
    "number": int,
    "json": dict,
}


@cache
def _blanks(resource: str) -> list[tuple[str, Callable[[], Any] | None]]:
    fields = ALL[resource].fields
    shown = (f for f in fields if not (f.path or f.write_only or f.secret))
    return [(f.name, None if f.null else _empty(f)) for f in shown]


def _empty(field: Field) -> Callable[[], Any]:
    return list if field.ref and field.type == "json" else _EMPTY[field.type]
