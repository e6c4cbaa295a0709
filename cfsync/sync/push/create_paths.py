"""Creates a record at the path that ClickFunnels has for it, of those that the catalogue names.

A path that is answered with 404 has created nothing, so the next one can be tried. The one that
worked is kept in `cf_meta`, and comes first from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cfsync.errors import NotFound, Refused
from cfsync.mirror.bookkeeping import reasons
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.progress import meta
from cfsync.records import Record
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.push.outcome import Push


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record can be created: below the record `above`, whose id `field` holds."""

    field: str
    path: str
    above: int


async def create_record(push: Push, claim: Claim, values: Mapping[str, Any]) -> Record:
    """The record that the call created. Raises NotFound where no path exists for it."""
    api, mirror, resource = push.context.api, push.context.mirror, claim.resource
    assert claim.listing is not None
    if not resource.create_paths:
        return await api.create(claim.listing, values)
    first, *others = await mirror.read(_places, claim)
    try:
        return await api.create(claim.listing, values, (first.path, first.above))
    except NotFound:
        for place in others:
            record = await api.create(claim.listing, values, (place.path, place.above))
            await mirror.write(_remember, resource, place)
            return record
        raise


def _places(tx: Tx, claim: Claim) -> list[Place]:
    """The places to try, the one that worked last first. Raises Refused where the row names a
    record below another parent than its own.
    """
    resource, row = claim.resource, claim.row
    parent = _row(tx, resource.parent, row.get(resource.parent_field or ""))
    found = []
    for name, path in resource.create_paths.items():
        default = parent.get(resource.by_name[name].default or "")
        above = row.get(name) or default
        if above:
            _check_parent(tx, resource, name, row)
            _check_only(tx, resource, name, above)
            found.append(Place(name, path, above))
        if above != default:
            break  # the other paths would create it below the default
    last = meta.get(tx.conn, meta.CREATE_PATH + resource.name)
    return sorted(found, key=lambda place: place.field != last)


def _check_parent(tx: Tx, resource: Resource, name: str, row: Mapping[str, Any]) -> None:
    """Raises Refused where the record that a column names is listed below another parent."""
    other, parent = RESOURCES[resource.by_name[name].ref or ""], resource.parent_field or ""
    if other.name != resource.parent and other.parent == resource.parent:
        above = _row(tx, other.name, row.get(name)).get(other.parent_field or "")
        if above not in (None, row.get(parent)):
            raise Refused(f"{reasons.APART}: {name} and {parent}")


def _check_only(tx: Tx, resource: Resource, name: str, above: int) -> None:
    """Raises Refused where the record above can't have such a record: ClickFunnels answers 404, as
    if it was gone.
    """
    other = _row(tx, resource.by_name[name].ref, above)
    for field in resource.fields:
        value = other.get(field.name)
        if field.only and value not in (None, field.only):
            raise Refused(f"{name} {above}: its {field.name} is {value}, not {field.only}")


def _row(tx: Tx, table: str | None, record_id: int | None) -> Mapping[str, Any]:
    """A row of the mirror; {} where it has none."""
    if table is None or record_id is None:
        return {}
    return statements.load(tx, TABLES[table], [record_id]).get(record_id, {})


def _remember(tx: Tx, resource: Resource, place: Place) -> None:
    meta.put(tx.conn, meta.CREATE_PATH + resource.name, place.field)
