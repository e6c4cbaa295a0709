"""The catalogue: every kind of record that the API has, as data.

Nothing comes in; `ALL`, `RESOURCES` and the functions below go out. Read `model` first (the
classes), then `field_table` (how fields are written) and any other module: each defines the
resources of one subject.

To add a resource:

1. define a `Resource` in one of the modules below, or in a new one that `_MODULES` names; parents
   stand before their children;
2. write a migration that creates its table;
3. give the sandbox a maker of seeds for it (`MAKERS` in a module of `cfsync/sandbox/seeds`) where
   records made from the field table say too little;
4. run `make docs`, which rewrites the parts of documents and examples that list resources, and the
   digests of the triggers.

Everything else follows from the entry: columns, triggers, settings, routes, walks, order of calls.
What data can't say is a strategy that the entry names (`merge`, `actions`, `via`), never a test for
the resource's name. `tests/meta/test_toy_resource.py` takes a resource through all passes that way;
if the vendor's document describes it, add its facts to `tests/facts` to have the entry checked.
"""

from __future__ import annotations

from collections.abc import Iterable

from cfsync.errors import UnknownResource
from cfsync.resources import account, images, people, places, team, webhooks
from cfsync.resources.content import (
    blogs,
    communities,
    community_members,
    courses,
    form_fields,
    forms,
    funnels,
    lessons,
    site,
)
from cfsync.resources.marketing import appointments, bulk_actions, emails, filters, sales, workflows
from cfsync.resources.model import ROOT, Action, Field, Group, Resource
from cfsync.resources.shop import (
    discounts,
    external_purchases,
    fulfillments,
    orders,
    products,
    restocks,
    shipping,
    tags,
)

__all__ = [
    "ALL",
    "RESOURCES",
    "ROOT",
    "Action",
    "Field",
    "Group",
    "Resource",
    "children_of",
    "levels",
    "named",
]

_MODULES = (
    account,
    people,
    images,
    tags,
    products,
    orders,
    fulfillments,
    courses,
    forms,
    webhooks,
    team,
    places,
    discounts,
    restocks,
    external_purchases,
    shipping,
    lessons,
    form_fields,
    funnels,
    site,
    blogs,
    communities,
    community_members,
    filters,
    emails,
    sales,
    workflows,
    bulk_actions,
    appointments,
)

ALL = {
    found.name: found
    for module in _MODULES
    for found in vars(module).values()
    if isinstance(found, Resource)
}
"""Name -> resource, for all that have routes, in the order of creation: parents before what refers
to them.
"""

RESOURCES = {name: r for name, r in ALL.items() if r.mirrored}
"""Name -> resource, for those that have a table in the mirror, in the same order."""


def named(name: str) -> Resource:
    """The mirrored resource of that name. Raises UnknownResource."""
    try:
        return RESOURCES[name]
    except KeyError:
        raise UnknownResource(name, tuple(RESOURCES)) from None


def children_of(parent: str | None) -> tuple[Resource, ...]:
    """The mirrored resources that are listed below records of `parent`."""
    return tuple(r for r in RESOURCES.values() if r.parent == parent)


def levels(resources: Iterable[Resource]) -> list[list[Resource]]:
    """The resources by depth, none of the levels empty: which lists there are on one level is known
    once the levels above it have been read.
    """
    found: dict[int, list[Resource]] = {}
    for resource in resources:
        found.setdefault(_depth(resource), []).append(resource)
    return [found[depth] for depth in sorted(found)]


def _depth(resource: Resource) -> int:
    return 0 if resource.parent is None else 1 + _depth(ALL[resource.parent])
