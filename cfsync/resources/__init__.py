"""The catalogue: every kind of record that the API has, as data.

To add one: an entry in a module beside this, its place in `RESOURCES` below, a migration, and a
fixture. Nothing else asks which resource it is: what data can't say is a strategy named here.
"""

from __future__ import annotations

from cfsync.errors import UnknownResource
from cfsync.resources import (
    account,
    courses,
    fulfillments,
    orders,
    people,
    products,
    site,
    webhooks,
)
from cfsync.resources.model import PARENT_FIELDS, ROOT, Action, Field, Resource, index

__all__ = [
    "ALL",
    "PARENT_FIELDS",
    "RESOURCES",
    "ROOT",
    "Action",
    "Field",
    "Resource",
    "children_of",
    "named",
]

ALL = index(
    [
        account.TEAMS,
        account.WORKSPACES,
        people.CONTACT_TAGS,
        people.CONTACTS,
        people.CONTACT_APPLIED_TAGS,
        site.IMAGES,
        products.PRODUCTS,
        products.PRODUCT_VARIANTS,
        products.PRODUCT_PRICES,
        orders.ORDERS,
        orders.ORDER_INVOICES,
        orders.ORDER_TRANSACTIONS,
        fulfillments.FULFILLMENT_LOCATIONS,
        fulfillments.FULFILLMENTS,
        courses.COURSES,
        courses.ENROLLMENTS,
        site.FORMS,
        site.SUBMISSIONS,
        site.FORM_SUBMISSIONS,
        webhooks.WEBHOOK_ENDPOINTS,
        webhooks.WEBHOOK_EVENTS,
    ]
)
"""Every resource with routes, parents before what refers to them: the order of creation."""

RESOURCES = {name: r for name, r in ALL.items() if r.mirrored}
"""Those that have a table in the mirror."""


def named(name: str) -> Resource:
    """The mirrored resource of that name. Raises UnknownResource."""
    try:
        return RESOURCES[name]
    except KeyError:
        raise UnknownResource(name, tuple(RESOURCES)) from None


def children_of(parent: str | None) -> tuple[Resource, ...]:
    """The mirrored resources that are listed below records of `parent`."""
    return tuple(r for r in RESOURCES.values() if r.parent == parent)
