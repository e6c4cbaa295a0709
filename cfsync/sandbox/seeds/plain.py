"""Seeded records of resources that have no maker of their own, made from their field tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cfsync.resources import ALL, Field
from cfsync.sandbox.seeds.records import Seed, Values


def record(seed: Seed) -> Values:
    """A value for each field that an answer shows, other ones for each record."""
    resource, values = ALL[seed.resource], {}
    done = {*seed.common_fields(), *(f.derived for f in resource.fields)}
    for number, field in enumerate(resource.fields):
        if field.ref is not None and field.ref == resource.parent:
            values[field.name] = seed.parent(field.ref)
        elif field.derived:
            values |= quoted(field, _reference(seed, field, number))
        elif field.name not in done and not (field.write_only or field.secret):
            values[field.name] = _value(seed, field, number)
    return values


def quoted(field: Field, ids: Any) -> Values:
    """The field with the object or objects whose id, or ids, `field` holds."""
    assert field.derived is not None
    if field.type == "json":
        return {field.derived: [{"id": id_} for id_ in ids or ()]}
    return {field.derived: None if ids is None else {"id": ids}}


def _value(seed: Seed, field: Field, number: int) -> Any:
    chance = seed.chance >> number % 32
    if field.null and chance % 4 == 0:
        return None
    return _reference(seed, field, number) if field.ref else _MAKE[field.type](seed, field, chance)


def _reference(seed: Seed, field: Field, number: int) -> Any:
    """The id of a record that the field can refer to, in its type; None where there is none."""
    assert field.ref is not None
    id_ = seed.pick(field.ref, seed.chance >> number % 32)
    if field.type == "json":
        return [id_] if id_ else []
    return None if not id_ else str(id_) if field.type == "text" else id_


_MAKE: Mapping[str, Callable[[Seed, Field, int], Any]] = {
    "integer": lambda _, __, chance: chance % 100,
    "text": lambda seed, field, _: f"{field.name.replace('_', ' ')} {seed.index + 1}",
    "boolean": lambda _, __, chance: bool(chance % 2),
    "timestamp": lambda seed, _, chance: seed.past(chance),
    "money": lambda _, __, chance: f"{chance % 900}.50",
    "number": lambda _, __, chance: chance % 1000 / 4,
    "json": lambda _, field, __: [] if field.name.endswith("s") else {},
}
