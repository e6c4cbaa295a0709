"""The saved filter of a census: found by its name, made or put right."""

from __future__ import annotations

from collections.abc import Mapping
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
    api: Api, resource: Resource, workspace: int, known: Shown | None
) -> tuple[int, Shown]:
    """The id of the filter, and how ClickFunnels shows it. `known`: how it was shown before. One
    that somebody has changed is put right, and where there is none it is created.
    """
    wanted = {"name": NAME, "filter_class": resource.filter_class, **_EVERYBODY}
    found = await _find(api, workspace)
    if found is None:
        found = await api.create(Listing(FILTERS.name, workspace, workspace), wanted)
        log.info("census.filter_created", workspace=workspace, id=found.id)
    elif shown_of(found.values) not in (known, wanted):
        found = await api.update(FILTERS, found.id, _EVERYBODY)
        log.info("census.filter_put_right", workspace=workspace, id=found.id)
    if found.values.get("filter_class") != resource.filter_class:
        raise BadAnswer(f"the filter named {NAME!r} is one of another class")
    return found.id, shown_of(found.values)


async def remove(api: Api, workspace: int) -> bool:
    """Delete the filter; False where there is none. Raises Forbidden where that is refused."""
    try:
        found = await _find(api, workspace)
    except (Forbidden, NotFound):  # an account that has no filters has none of ours
        found = None
    if found is None:
        return False
    try:
        await api.delete(FILTERS, found.id)
    except NotFound:
        return False
    return True


async def _find(api: Api, workspace: int) -> Record | None:
    async for page in walk_whole(api, Listing(FILTERS.name, workspace, workspace)):
        for record in page.records:
            if record.values.get("name") == NAME:
                return record
    return None
