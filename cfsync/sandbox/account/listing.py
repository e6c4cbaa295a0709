"""Lists: parses a query, and finds the ids of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cfsync.resources import Field, Resource
from cfsync.sandbox.account.problems import malformed
from cfsync.sandbox.account.store import Store
from cfsync.sandbox.account.table import Key
from cfsync.sandbox.seeds.formats import id_of
from cfsync.sandbox.seeds.records import Values

PAGE = 20

Wanted = Mapping[str, frozenset[Any]]


@dataclass(frozen=True, slots=True)
class Query:
    """`filters`: field -> the values asked for, as the record holds them (text in lower case)."""

    after: int | None
    by_change: bool
    descending: bool
    filters: Wanted


class CursorGone(LookupError):
    """The cursor of a list by `updated_at` is a record that no longer exists."""


def parse_query(resource: Resource, parameters: Mapping[str, str]) -> Query:
    """Read a query string's parameters. Raises Problem (400)."""
    after = None
    if (text := parameters.get("after")) and (after := id_of(resource.name, text)) is None:
        raise malformed("after must be an id")
    return Query(
        after=after,
        by_change=_one_of(parameters, "sort_property", "id", "updated_at"),
        descending=_one_of(parameters, "sort_order", "asc", "desc"),
        filters={
            name[7:-1]: _filter_values(resource, name[7:-1], value)
            for name, value in parameters.items()
            if name.startswith("filter[") and name.endswith("]")
        },
    )


def _one_of(parameters: Mapping[str, str], name: str, usual: str, other: str) -> bool:
    value = parameters.get(name, usual)
    if value not in (usual, other):
        raise malformed(f"{name} must be {usual} or {other}")
    return value == other


def _filter_values(resource: Resource, name: str, value: str) -> frozenset[Any]:
    if name not in resource.filters:
        raise malformed(f"filter[{name}] is not supported here")
    field = resource.by_name[name]
    return frozenset(_stored_form(resource, field, part) for part in value.split(","))


def _stored_form(resource: Resource, field: Field, text: str) -> Any:
    if field.type == "integer":
        return id_of(field.ref or resource.name, text)
    return text.lower()


def page(
    store: Store,
    resource: Resource,
    parent: int,
    query: Query,
    is_wanted: Callable[[int], bool],
) -> tuple[list[int], bool]:
    """Ids of the records of one page, and whether there are more. Raises CursorGone."""
    ids = (
        id_ for id_ in _ids(store, resource, parent, query) if store.is_listed(resource.name, id_)
    )
    rest = {name: values for name, values in query.filters.items() if name != "id"}
    if rest:
        ids = (id_ for id_ in ids if _matches(store.get(resource.name, id_), rest))
    found = list(islice(filter(is_wanted, ids), PAGE + 1))
    return found[:PAGE], len(found) > PAGE


def _ids(store: Store, resource: Resource, parent: int, query: Query) -> Iterable[int]:
    """Ids after the cursor in the requested order: all that match the filters, and maybe others."""
    table = store.tables[resource.name]
    by_change = query.by_change and "updated_at" in resource.by_name
    after = _key(store, resource, query.after) if by_change else None
    chosen = _ids_by_filter(store, resource, parent, query.filters)
    if chosen is not None:
        return _in_order(store, resource, chosen, query, after if by_change else None)
    if by_change:
        return table.by_change(parent, after, query.descending)
    return table.by_id(parent, query.after, query.descending)


def _key(store: Store, resource: Resource, after: int | None) -> Key | None:
    if after is None:
        return None
    key = store.tables[resource.name].key(after)
    if key is None or store.get(resource.name, after) is None:
        raise CursorGone(after)
    return key


def _ids_by_filter(
    store: Store, resource: Resource, parent: int, filters: Wanted
) -> list[int] | None:
    """The ids that a filter by id or email address allows; None without such a filter."""
    table = store.tables[resource.name]
    if "id" in filters:
        found = ((id_, table.get(id_)) for id_ in filters["id"] if id_ is not None)
        return [id_ for id_, values in found if values and table.parent_of(values) == parent]
    if "email_address" in filters:
        ids = (store.by_email(parent, text) for text in filters["email_address"])
        return [id_ for id_ in ids if id_ is not None]
    return None


def _in_order(
    store: Store, resource: Resource, ids: list[int], query: Query, after: Key | None
) -> Iterator[int]:
    def key(id_: int) -> Key:
        changed = store.tables[resource.name].key(id_) if query.by_change else None
        return changed or (0, id_)

    if not query.by_change and query.after is not None:
        after = (0, query.after)
    for id_ in sorted(ids, key=key, reverse=query.descending):
        if after is None or (key(id_) < after if query.descending else key(id_) > after):
            yield id_


def _matches(values: Values | None, wanted: Wanted) -> bool:
    return values is not None and all(
        _comparable(values[name]) in allowed for name, allowed in wanted.items()
    )


def _comparable(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.lower() if isinstance(value, str) else value
