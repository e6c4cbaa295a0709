"""What a call sends: the parameters of its query, and its body. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from cfsync.resources import Resource

Query = Mapping[str, str | Sequence[str]]
"""Name -> the value; several where the parameter stands there several times."""


def of_page(
    *,
    after: int | None,
    sort: Literal["id", "updated_at"],
    descending: bool,
    filters: Mapping[str, Sequence[str | int]] | None,
) -> dict[str, str | Sequence[str]]:
    """The query for a page of a list."""
    query: dict[str, str | Sequence[str]] = {
        f"filter[{name}]": joined(values) for name, values in (filters or {}).items()
    }
    if sort != "id":
        query["sort_property"] = sort
    if descending:
        query["sort_order"] = "desc"
    if after is not None:
        query["after"] = str(after)
    return query


def of_raw(query: Mapping[str, Any]) -> Query:
    """The query of any call; a tuple is a parameter that stands there several times."""
    return {
        name: [text(v) for v in value] if isinstance(value, tuple) else text(value)
        for name, value in query.items()
    }


def body(resource: Resource, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The body of a write, each field under the name that the API takes."""
    fields = resource.by_name
    return {resource.body_key: {fields[n].sent_as or n: value for n, value in values.items()}}


def expansion(names: Sequence[str]) -> dict[str, Sequence[str]]:
    """The parameter that asks for fields by name."""
    return {"expand[]": tuple(names)} if names else {}


def joined(values: Sequence[str | int]) -> str:
    """A filter's values, with commas between them, as the API wants them. Raises ValueError where
    one of several values holds a comma.
    """
    texts = [text(value) for value in values]
    if len(texts) > 1 and any("," in text for text in texts):
        raise ValueError("a filter value with a comma must stand alone")
    return ",".join(texts)


def text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
