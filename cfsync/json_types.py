"""Values that the API shows as another JSON type than their field's, as `"92.0"`. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from cfsync.resources.model import Field
from cfsync.values import Unholdable, decoder, equal


def is_converted(value: Any, canonical: Any) -> bool:
    """Whether a value that the API sent has another JSON type than its canonical form."""
    if type(value) is list:
        return any(type(m) is str and type(c) is int for m, c in zip(value, canonical))  # noqa: B905
    return type(value) is not type(canonical)


def as_shown(field: Field, value: Any, shown: Any) -> Any:
    """A canonical value in the JSON type in which the API has `shown` the field's last value, for a
    request; unchanged where that type can't hold it.
    """
    if field.merge == "set":
        return [str(member) for member in value or ()]
    for form in _forms(value):
        with suppress(Unholdable):
            if _kind(form) is _kind(shown) and equal(field, decoder(field)(form), value):
                return form
    return value


def _forms(value: Any) -> Iterator[Any]:
    """The JSON values of other types that a canonical scalar may be shown as."""
    if isinstance(value, bool):
        yield int(value)
    if isinstance(value, str):
        with suppress(ValueError):
            yield json.loads(value)
    elif value is not None:
        yield json.dumps(value)


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)
