"""A field's value as it would be with some edits of it and without others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cfsync.mirror.bookkeeping.outbox import Edit, Op
from cfsync.resources.model import Field, Resource
from cfsync.values import normal_map

Pair = Sequence[Any]
"""(old, new), as an edit's patch has them."""


def replay(field: Field, value: Any, edits: Iterable[Pair]) -> Any:
    """`value` after some edits: of a set or a map, with what each of them changed; of any other
    field, the last one's new value.
    """
    for old, new in edits:
        match field.merge:
            case "set":
                value = _replay_set(value, old, new)
            case "map":
                value = _replay_map(value, old, new)
            case _:
                value = new
    return value


def _replay_set(value: Any, old: Any, new: Any) -> list[int]:
    before, after = set(old or ()), set(new or ())
    return sorted((set(value or ()) | (after - before)) - (before - after))


def _replay_map(value: Any, old: Any, new: Any) -> dict[str, Any]:
    shown = {*(value or {})}
    now, before, after = (normal_map(leg, shown) for leg in (value, old, new))
    for key in before.keys() | after.keys():
        if before.get(key, "") == after.get(key, ""):
            continue
        if key in after:
            now[key] = after[key]
        else:
            now.pop(key, None)
    return now


def without(
    resource: Resource,
    base: Mapping[str, Any],
    *,
    dropped: Sequence[Edit],
    kept: Sequence[Edit],
) -> dict[str, Any]:
    """The values of the fields that the edits `dropped` have changed, as they are with the edits
    `kept` alone. A field that ClickFunnels doesn't show is as it was before the first of them.
    """
    names = {name: None for row in dropped for name in row.patch if row.op != Op.DELETE}
    return {name: _without(resource.by_name[name], base, dropped, kept) for name in names}


def _without(
    field: Field, base: Mapping[str, Any], dropped: Sequence[Edit], kept: Sequence[Edit]
) -> Any:
    before = pairs(field.name, dropped)[0][0]
    return replay(field, base.get(field.name, before), pairs(field.name, kept))


def pairs(name: str, edits: Sequence[Edit]) -> list[Pair]:
    """(old, new) of one field in each of the edits that changed it, in order."""
    return [row.patch[name] for row in edits if row.op != Op.DELETE and name in row.patch]
