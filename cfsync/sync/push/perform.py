"""Makes one call of an edit and returns the record as ClickFunnels shows it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cfsync.api import Api
from cfsync.api.pages import walk_by_id
from cfsync.errors import NotFound, Refused, StateConflict
from cfsync.json_types import as_shown
from cfsync.mirror.outgoing.claims import Claim
from cfsync.records import Listing, Record
from cfsync.resources import ALL, Resource
from cfsync.sync.push.calls import Call
from cfsync.values import equal


async def perform(api: Api, claim: Claim, call: Call) -> Record:
    """Make an update, members or act call of a claim. An update sends values in the JSON types in
    which ClickFunnels shows them.

    Raises what the client raises, except StateConflict (409) if the record is in the wanted state
    already: that counts as success.
    """
    resource, record_id = claim.resource, claim.record_id
    match call.kind:
        case "update":
            values = in_shown_types(resource, call, claim.shown)
            return await api.update(resource, record_id, values, claim.listing)
        case "members":
            return await _change_members(api, resource, record_id, call)
        case "act":
            return await _act(api, resource, record_id, call)
        case _:
            raise AssertionError(call.kind)


def in_shown_types(resource: Resource, call: Call, shown: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a call, each in the JSON type in which ClickFunnels shows the field."""
    return {
        name: as_shown(resource.by_name[name], value, shown[name]) if name in shown else value
        for name, value in call.values.items()
    }


async def _act(api: Api, resource: Resource, record_id: int, call: Call) -> Record:
    assert call.action is not None
    try:
        answer = await api.call_action(resource, call.action, record_id)
    except StateConflict:
        record = await api.get(resource, record_id)
        if all(_is(resource, record, n, v) for n, v in call.values.items()):
            return record
        raise
    if answer is None or answer.deleted:
        return await api.get(resource, record_id)
    return answer


def _is(resource: Resource, record: Record, name: str, value: object) -> bool:
    return equal(resource.by_name[name], record.values.get(name), value)


async def _change_members(api: Api, resource: Resource, record_id: int, call: Call) -> Record:
    """Add and remove the members that differ, one call each, then read the record."""
    ((name, (before, wanted)),) = call.fields.items()
    via = resource.by_name[name].via
    assert via is not None
    members, field = ALL[via[0]], via[1]
    listing = Listing(members.name, record_id)
    for member in sorted(set(wanted or ()) - set(before or ())):
        try:
            await api.create(listing, {field: member})
        except NotFound as error:
            await api.get(resource, record_id)  # NotFound, too, where the record itself is gone
            words = f"{resource.by_name[name].ref} {member} no longer exists"
            raise Refused(words, call=error.call, status=404) from None
    for member in sorted(set(before or ()) - set(wanted or ())):
        await _take_away(api, members, listing, field, member)
    return await api.get(resource, record_id)


async def _take_away(
    api: Api, members: Resource, listing: Listing, field: str, member: int
) -> None:
    filters = {field: [member]} if field in members.filters else None
    pages = [page async for page in walk_by_id(api, listing, filters=filters)]
    for applied in (r for page in pages for r in page.records if r.values[field] == member):
        try:
            await api.delete(members, applied.id)
        except NotFound:
            continue
