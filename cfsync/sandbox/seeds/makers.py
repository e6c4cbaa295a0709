"""Any seeded record, computed from its resource and number."""

from __future__ import annotations

from collections.abc import Mapping

from cfsync.sandbox.seeds import catalogues, people, plain, products, service, shop
from cfsync.sandbox.seeds.plan import Plan
from cfsync.sandbox.seeds.records import Maker, Seed, Values, blank

MAKERS: Mapping[str, Maker] = (
    people.MAKERS | products.MAKERS | shop.MAKERS | service.MAKERS | catalogues.MAKERS
)


def seeded(plan: Plan, resource: str, index: int) -> Values:
    """Seeded record number `index` of a resource."""
    workspace = plan.workspace(resource, index)
    seed = Seed(
        plan=plan,
        resource=resource,
        index=index,
        id=plan.id(resource, index),
        chance=plan.chance(resource, index),
        workspace=workspace,
        workspace_id=plan.id("workspaces", workspace) if resource != "teams" else 0,
    )
    make = MAKERS.get(resource, plain.record)
    return blank(resource) | seed.common_fields() | make(seed)
