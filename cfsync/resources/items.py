"""Items of a list that ClickFunnels shows in one shape and takes in another, as line items. Pure.

It shows `{"id": 9, "quantity": 2, "products_variant": {"id": 5, ...}}` and takes `{"variant_id": 5,
"quantity": 2}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ItemKey:
    """A key of the items that ClickFunnels takes."""

    name: str
    #: The resource whose id it holds.
    ref: str | None = None
    #: The object that stands for it in an item that ClickFunnels shows.
    shown_as: str | None = None


def as_sent(keys: Sequence[ItemKey], value: Any) -> Any:
    """A list with the items that ClickFunnels shows in the shape that it takes; the others, which
    somebody wrote, as they are.
    """
    if not keys or not isinstance(value, list):
        return value
    return [_as_sent(keys, item) if _is_shown(keys, item) else item for item in value]


def references(keys: Sequence[ItemKey], value: Any) -> Iterator[tuple[str, Any]]:
    """(resource, id) of every reference in the items that somebody wrote."""
    for item in value if isinstance(value, list) else ():
        for key in keys:
            if key.ref and isinstance(item, dict) and key.name in item:
                yield key.ref, item[key.name]


def with_references(keys: Sequence[ItemKey], value: Any, real: Callable[[str, Any], Any]) -> Any:
    """The list with `real(resource, id)` for each of its `references`."""
    if not isinstance(value, list):
        return value
    refs = {key.name: key.ref for key in keys if key.ref}
    return [
        {name: real(refs[name], v) if name in refs else v for name, v in item.items()}
        if isinstance(item, dict)
        else item
        for item in value
    ]


def _is_shown(keys: Sequence[ItemKey], item: Any) -> bool:
    return isinstance(item, dict) and any(
        isinstance(item.get(key.shown_as), dict) for key in keys if key.shown_as
    )


def _as_sent(keys: Sequence[ItemKey], item: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key in keys:
        shown = item.get(key.shown_as or "")
        value = shown.get("id") if isinstance(shown, dict) else item.get(key.name)
        if value is not None:
            found[key.name] = value
    return found
