"""The saved filter of a census: found by its name, made or put right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from cfsync.api import Api
from cfsync.api.pages import walk_whole
from cfsync.errors import BadAnswer, Forbidden, NotFound
from cfsync.records import Listing, Record
from cfsync.resources import RESOURCES, Resource

log = structlog.get_logger()

FILTERS = RESOURCES["refine_filters"]
NAME = "cfsync census"
_EVERYBODY = {
    "conjunction": "and",
    "criteria": [{"attribute": "created_at", "clause": "gte", "value": "1970-01-01"}],
}

Shown = Mapping[str, Any]


def shown_of(values: Mapping[str, Any]) -> Shown:
    """What says whom a filter matches."""
    names = ("name", "filter_class", "conjunction", "criteria")
    return {name: values.get(name) for name in names}


async def ensure(
    api: Api,
    resource: Resource,
    workspace: int,
    known: Shown | None,
    begin: Callable[[], None] = lambda: None,
) -> tuple[int, Shown]:
    """The id of the filter, and how ClickFunnels shows it by itself, which may be otherwise than in
    a list. `known`: how it was shown before. One that somebody has changed is put right, and where
    there is none it is created, after a call of `begin`. Raises BadAnswer where somebody else's
    has the name.
    """
    wanted = {"name": NAME, "filter_class": resource.filter_class, **_EVERYBODY}
    named = await _find(api, workspace)
    found = next((f for f in named if _is_ours(f, resource)), None)
    if named and found is None:
        raise BadAnswer(f"a filter of other records is named {NAME!r}, and has to be renamed")
    if found is None:
        begin()
        found = await api.create(Listing(FILTERS.name, workspace, workspace), wanted)
        log.info("census.filter_created", workspace=workspace, id=found.id)
    elif shown_of(found.values) not in (known, wanted):
        begin()
        found = await api.update(FILTERS, found.id, _EVERYBODY)
        log.info("census.filter_put_right", workspace=workspace, id=found.id)
    single = await api.get(FILTERS, found.id)
    if not _is_ours(single, resource):
        raise BadAnswer(f"the filter named {NAME!r} is not as it was made")
    return single.id, shown_of(single.values)


async def remove(api: Api, resource: Resource, workspace: int, begin: Callable[[], None]) -> None:
    """Delete the filter, and any that another process has made at the same time, after a call of
    `begin`. Raises Forbidden where that is refused.
    """
    found: list[Record] = []
    with suppress(Forbidden, NotFound):  # an account that has no filters has none of ours
        found = await _find(api, workspace)
    for record in (f for f in found if _is_ours(f, resource)):
        begin()
        with suppress(NotFound):
            await api.delete(FILTERS, record.id)


def _is_ours(found: Record, resource: Resource) -> bool:
    return found.values.get("filter_class") == resource.filter_class


async def _find(api: Api, workspace: int) -> list[Record]:
    """The filters of that name."""
    return [
        record
        async for page in walk_whole(api, Listing(FILTERS.name, workspace, workspace))
        for record in page.records
        if record.values.get("name") == NAME
    ]
