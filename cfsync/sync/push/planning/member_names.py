"""The names of the members that a plan adds to sets and removes from them, such as tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.reports.related import MANY, names_of, summaries
from cfsync.resources import RESOURCES
from cfsync.sync.push.bulk.sets import bulk_field
from cfsync.sync.push.planning.plan import Plan

Names = Mapping[tuple[str, int], str]
"""(resource, id) -> name."""


async def read_names(mirror: Mirror, plan: Plan) -> Names:
    """Those that the mirror knows."""
    wanted: dict[str, set[int]] = {}
    for resource, member in _members(plan):
        wanted.setdefault(resource, set()).add(member)
    return await mirror.read(_names, wanted)


def _members(plan: Plan) -> Iterator[tuple[str, int]]:
    for record in plan.records:
        fields = RESOURCES[record.resource].by_name
        for call in record.calls:
            for name, pair in call.fields.items():
                field = fields.get(name)
                if field and field.merge == "set" and field.ref:
                    members = (m for side in pair if isinstance(side, list) for m in side)
                    yield from ((field.ref, m) for m in members if isinstance(m, int))
    for bulk in plan.bulks:
        yield _referred(bulk.resource), bulk.member
    for begun in plan.begun:
        yield from ((_referred(begun.resource), member) for _, member in begun.actions)


def _referred(resource: str) -> str:
    """The resource of the members of the set that bulk actions change."""
    field = bulk_field(RESOURCES[resource])
    return (field and field.ref) or ""


def _names(tx: Tx, wanted: Mapping[str, set[int]]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for resource, ids in wanted.items():
        fields = names_of(RESOURCES[resource]) if resource in RESOURCES else []
        ordered = sorted(ids) if fields else []
        for place in range(0, len(ordered), MANY):
            for one in summaries(tx, RESOURCES[resource], ordered[place : place + MANY]):
                if name := one.get(fields[0].name):
                    found[resource, one["id"]] = str(name)
    return found
