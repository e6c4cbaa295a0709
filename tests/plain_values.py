"""Values for any resource of the catalogue, made from its field table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cfsync.resources import Field, Resource

VALUES: dict[str, Any] = {
    "integer": 3,
    "text": "made here",
    "boolean": True,
    "timestamp": "2026-05-21T12:18:51.772Z",
    "money": "12.50",
    "number": 2.5,
    "json": [],
}
"""Type of a field -> a value of it."""

CRITERIA = [{"attribute": "created_at", "clause": "gte", "value": "2026-01-01"}]
"""ClickFunnels takes no empty criteria of a saved filter."""


def for_create(resource: Resource, refer: Callable[[str], int]) -> dict[str, Any]:
    """What a create must send. `refer` gives the id of some record of a resource."""
    needed = [f for f in resource.fields if f.required]
    if not needed:
        free = [f for f in resource.fields if f.create and not f.ref]
        needed = sorted(free, key=lambda f: (f.write_only, f.type != "text"))[:1]
    return {f.name: _value(f, refer) for f in needed}


def for_update(resource: Resource) -> dict[str, Any]:
    """A change of one field that answers show; {} where none can be changed."""
    for field in resource.fields:
        if field.update and not (field.write_only or field.ref or field.via):
            return {field.name: "changed here" if field.type == "text" else VALUES[field.type]}
    return {}


def _value(field: Field, refer: Callable[[str], int]) -> Any:
    if field.name == "criteria":
        return CRITERIA
    if field.ref is None:
        return VALUES[field.type]
    id_ = refer(field.ref)
    return [id_] if field.type == "json" else id_
