"""How many seeded records of each resource, where the caller doesn't say."""

from __future__ import annotations

from collections.abc import Mapping

from cfsync.resources import ALL, Resource
from cfsync.sandbox.seeds.catalogues import EVENT_TYPES

_USUAL: Mapping[str, tuple[str, float]] = {
    "team_memberships": ("teams", 3),
    "users": ("teams", 1),
    "contact_tags": ("workspaces", 3),
    "contacts": ("workspaces", 30),
    "contact_applied_tags": ("contacts", 1.5),
    "images": ("workspaces", 2),
    "products": ("workspaces", 3),
    "product_variants": ("products", 2),
    "product_prices": ("products", 2),
    "orders": ("workspaces", 12),
    "order_applied_tags": ("orders", 0.5),
    "order_invoices": ("orders", 1.5),
    "order_transactions": ("orders", 1.5),
    "fulfillment_locations": ("workspaces", 1),
    "fulfillments": ("workspaces", 4),
    "courses": ("workspaces", 2),
    "enrollments": ("courses", 5),
    "forms": ("workspaces", 2),
    "submissions": ("forms", 6),
    "form_submissions": ("workspaces", 12),
    "webhook_endpoints": ("workspaces", 1),
}
"""Resource -> (another resource, records for each record of that one). Other resources that are
mirrored have two records for each record of their parent.
"""


def counts(
    given: Mapping[str, int], anonymous: int | None, *, bare: bool
) -> tuple[dict[str, int], int]:
    """All counts, and how many of the contacts are anonymous: these come on top of the listed
    ones, which alone are meant by `given`. Raises ValueError on a name that is no resource.
    """
    if unknown := set(given) - set(ALL):
        raise ValueError(f"no such resources: {sorted(unknown)}")
    found = {"teams": 1, "workspaces": 1 if bare else 2} | dict(given)
    hidden = 0
    for name in ALL:
        of, each = _usual(ALL[name])
        found.setdefault(name, 0 if bare else int(found[of] * each))
        if ALL[name].single and found[name]:
            found[name] = found["workspaces"]
        if name == "webhook_event_types" and found[name]:
            found[name] = len(EVENT_TYPES)
        if name == "contacts":
            hidden = (0 if bare else found[name] // 10) if anonymous is None else anonymous
            found[name] += hidden
    if "contact_applied_tags" not in given and found["contact_tags"] < 2 * found["workspaces"]:
        found["contact_applied_tags"] = 0
    return found, hidden


def _usual(resource: Resource) -> tuple[str, float]:
    parent = resource.parent or "workspaces"
    return _USUAL.get(resource.name, (parent, 2 if resource.mirrored else 0))
