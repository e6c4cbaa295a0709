"""Every route of the API, through the client, against the sandbox, in both forms of its URL."""

# ruff: noqa: ARG005 -- one table of functions, some of which need no shop

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cfsync.api import Api, Retry, walk_by_id, walk_newest_first
from cfsync.config import ApiSettings
from cfsync.errors import NotFound, NotJson, Refused, StateConflict, TokenRefused
from cfsync.records import Listing
from cfsync.resources import ALL, ROOT, Resource, keys
from cfsync.sandbox import TOKEN, Running, World, running
from tests.plain_values import for_create, for_update

ROUTES = json.loads((Path(__file__).parent.parent / "facts" / "routes.json").read_text())
UNUSED = ROUTES.pop("not used by the catalogue")

RETRY = Retry(attempts=20, first=0.02)

Use = Callable[[Api], Awaitable[Any]]


class Shop:
    """A sandbox, and where things are in it."""

    def __init__(self, server: Running, base: str) -> None:
        self.world = server.world
        self.settings = ApiSettings(base_url=base, token=TOKEN, max_requests_per_second=0)
        self.workspace = self.world.workspaces[0]

    def do(self, use: Use, **settings: Any) -> Any:
        """What `use` gives; the budget has nothing left to learn."""

        async def main() -> Any:
            async with Api(self.settings.model_copy(update=settings), retry=RETRY) as api:
                api.budget.rate.restore({"rate": 10_000.0, "learned": 0.0})
                return await use(api)

        return asyncio.run(main())

    def parents(self, resource: Resource) -> list[int]:
        if resource.parent is None:
            return [ROOT]
        if resource.parent in ("teams", "workspaces"):
            return self.world.ids("teams") if resource.parent == "teams" else [self.workspace]
        above = self.parents(ALL[resource.parent])
        return [id_ for parent in above for id_ in self.world.ids(resource.parent, parent)]

    def list_of(self, name: str) -> Listing:
        """A list that has something in it, if any has."""
        parents = self.parents(ALL[name])
        if name == "regions":
            return Listing(name, keys.number("US"))
        parent = next((p for p in parents if self.world.ids(name, p)), parents[0])
        return Listing(name, parent, None if name in ("teams", "workspaces") else self.workspace)

    def first(self, name: str) -> int:
        if ALL[name].single:
            return self.workspace
        return self.world.ids(name, self.list_of(name).parent_id)[0]


@pytest.fixture(params=["api", "gateway"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    world = World(contacts=60)
    world.edit("contacts", world.ids("contacts", world.workspaces[0])[0], first_name="Event")
    with running(world) as server:
        yield Shop(server, getattr(server, request.param))


CREATES: dict[str, Callable[[Shop], dict[str, Any]]] = {
    "contacts": lambda s: {
        "email_address": "a+b@example.com",
        "tag_ids": [s.first("contact_tags")],
    },
    "contact_tags": lambda s: {"name": "regulars", "color": "#ffcc00"},
    "contact_applied_tags": lambda s: {
        "tag_id": s.world.create("contact_tags", s.workspace, name="fresh")
    },
    "products": lambda s: {"name": "Book"},
    "product_variants": lambda s: {
        "name": "Blue",
        "product_type": "physical",
        "weight_unit": "kg",
        "properties_values": [{"property_id": 1, "value": "blue"}],
    },
    "product_prices": lambda s: {
        "amount": "12.00",
        "currency": "USD",
        "duration": 0,
        "interval": "months",
        "trial_interval": "days",
        "trial_duration": 0,
        "trial_amount": "0.00",
        "interval_count": 1,
    },
    "fulfillments": lambda s: {
        "contact_id": s.first("contacts"),
        "location_id": s.first("fulfillment_locations"),
        "included_orders_invoices_line_items_attributes": [
            {"orders_invoices_line_item_id": 1, "quantity": 1}
        ],
    },
    "fulfillment_locations": lambda s: {
        "name": "Shed",
        "address_name": "Shed",
        "email_address": "shed@example.com",
    },
    "enrollments": lambda s: {"contact_id": s.world.create("contacts", s.workspace)},
    "forms": lambda s: {"name": "Quiz"},
    "submissions": lambda s: {"contact_id": s.first("contacts")},
    "images": lambda s: {"upload_source_url": "https://example.com/a.png", "name": "A"},
    "webhook_endpoints": lambda s: {"url": "https://example.com/hook", "name": "Hook"},
    "orders": lambda s: {
        "contact_id": s.first("contacts"),
        "order_type": "one-time-order",
        "live_mode": True,
        "line_items": [
            {
                "variant_id": s.first("product_variants"),
                "products_price_id": s.first("product_prices"),
                "quantity": 1,
            }
        ],
    },
    "order_invoices": lambda s: {"external_id": "in-1", "status": "unpaid"},
}

EXTERNAL = {"order_invoices": ("orders", "order_invoices")}
"""Resource -> those whose first record a write of it needs to be of an external payment system."""

CHANGES: dict[str, dict[str, Any]] = {
    "teams": {"name": "New"},
    "workspaces": {"name": "New"},
    "contacts": {"first_name": "Zoë", "last_name": None},
    "contact_tags": {"name": "New"},
    "products": {"name": "New"},
    "product_variants": {"name": "New"},
    "product_prices": {"name": "New", "cost": "1.50"},
    "orders": {"notes": "call back"},
    "fulfillments": {"tracking_code": "ABC"},
    "fulfillment_locations": {"name": "New"},
    "enrollments": {"suspended": True, "suspension_reason": "unpaid"},
    "forms": {"name": "New"},
    "submissions": {"contact_id": None},
    "images": {"alt_text": "New"},
    "webhook_endpoints": {"name": "New"},
    "order_invoices": {"status": "unpaid"},
}


def tag_action(shop: Shop) -> dict[str, Any]:
    """With plain ids, in which the answer shows them."""
    shop.world.store.bulk.bulk_plain_ids = True
    return {"tag_ids": [shop.first("contact_tags")], "action_type": "add", "target_all": True}


CREATES["contact_tag_actions"] = tag_action

CREATES |= {
    name: lambda s, resource=resource: for_create(resource, s.first)
    for name, resource in ALL.items()
    if resource.insert and name not in CREATES
}

CHANGES |= {
    name: change
    for name, resource in ALL.items()
    if resource.update and name not in CHANGES and (change := for_update(resource))
}

DELETES = [name for name, routes in ROUTES.items() if f"DELETE {ALL[name].one_path}" in routes]

ACTIONS = [
    "POST /workspaces/{parent}/contacts/upsert",
    "DELETE /contacts/{id}/gdpr_destroy",
    "POST /products/{id}/archive",
    "POST /products/{id}/unarchive",
    "POST /fulfillments/{id}/cancel",
    "POST /orders/{id}/cancel",
    "DELETE /pages/{id}/products",
    "POST /orders/invoices/{id}/abandon",
    "POST /orders/transactions/{id}/refund",
    "POST /courses/{id}/publish",
    "POST /courses/sections/{id}/publish",
    "POST /courses/lessons/{id}/publish",
]

PLAIN_ACTIONS = [
    (name, action)
    for name in ("workflows", "email_domains", "themes", "community_posts", "community_comments")
    for action in ALL[name].actions
]
"""Those that need nothing of the record, nor values."""


def _create_path(name: str) -> tuple[str, str]:
    """The path of a create, and the field of the id in it where that is not its list's parent."""
    return next(iter(ALL[name].create_paths.items()), ("", ALL[name].list_path))


def make_external(shop: Shop, name: str) -> None:
    for resource in EXTERNAL.get(name, ()):
        shop.world.edit(resource, shop.first(resource), payment_processor="external")


def test_no_route_is_left_out():
    asked = {f"GET {ALL[n].list_path}" for n in ROUTES}
    asked |= {f"GET {r.one_path}" for r in map(ALL.get, ROUTES) if r and r.has_get and not r.single}
    asked |= {f"POST {_create_path(n)[1]}" for n in CREATES}
    asked |= {f"PUT {ALL[n].one_path}" for n in CHANGES}
    asked |= {f"DELETE {ALL[n].one_path}" for n in DELETES}

    asked |= {f"POST {ALL[n].actions[action].path}" for n, action in PLAIN_ACTIONS}
    assert asked | set(ACTIONS) == {route for routes in ROUTES.values() for route in routes}


def test_every_list_and_every_record_is_read(shop: Shop):
    async def use(api: Api) -> None:
        for name, resource in ALL.items():
            page = await api.page(shop.list_of(name))
            assert page.records, name
            first = page.records[0]
            assert first.noted == (), (name, first.noted)
            assert first.unknown == (), (name, first.unknown)
            again = await api.get(resource, first.id, shop.list_of(name))
            more = {n: v for n, v in again.values.items() if n in resource.on_request}
            assert (again.id, again.values) == (first.id, {**first.values, **more}), name
            if "public_id" in resource.by_name and not resource.single:
                place = None if resource.has_get else shop.list_of(name)
                by_public_id = await api.get(resource, str(first.values["public_id"]), place)
                assert by_public_id.id == first.id, name

    shop.do(use)


@pytest.mark.parametrize("name", CREATES)
def test_every_create(shop: Shop, name: str):
    values = CREATES[name](shop)
    make_external(shop, name)

    field, path = _create_path(name)
    at = (path, shop.first(str(ALL[name].by_name[field].ref))) if field else None
    record = shop.do(lambda api: api.create(shop.list_of(name), values, at))

    assert shop.world.get(name, record.id) is not None
    copies = {f.name for f in ALL[name].fields if f.merge == "quote"}
    shown = {f: v for f, v in values.items() if f in record.values and f not in copies}
    assert {f: record.values[f] for f in shown} == shown
    assert shown or all(ALL[name].by_name[f].write_only or f.endswith("_id") for f in values)


@pytest.mark.parametrize("name", CHANGES)
def test_every_update(shop: Shop, name: str):
    id_ = shop.first(name)
    make_external(shop, name)

    place = shop.list_of(name)
    record = shop.do(lambda api: api.update(ALL[name], id_, CHANGES[name], place))

    assert {f: record.values[f] for f in CHANGES[name]} == CHANGES[name]
    assert record.id == id_


@pytest.mark.parametrize("name", DELETES)
def test_every_delete(shop: Shop, name: str):
    id_, place = shop.first(name), shop.list_of(name)

    shop.do(lambda api: api.delete(ALL[name], id_, place))

    assert shop.world.get(name, id_) is None
    with pytest.raises(NotFound):
        shop.do(lambda api: api.delete(ALL[name], id_, place))
    with pytest.raises(NotFound):
        shop.do(lambda api: api.get(ALL[name], id_, place))


def test_upsert_creates_and_then_updates(shop: Shop):
    contacts = shop.list_of("contacts")

    made, created = shop.do(
        lambda api: api.upsert(contacts, {"email_address": "a+b@example.com", "first_name": "Anna"})
    )
    same, again = shop.do(
        lambda api: api.upsert(contacts, {"email_address": "a+b@example.com", "first_name": None})
    )

    assert (created, again) == (True, False)
    assert same.id == made.id
    assert same.values["first_name"] == "Anna"


def test_a_contact_is_redacted(shop: Shop):
    id_ = shop.first("contacts")

    shop.do(lambda api: api.call_action(ALL["contacts"], "gdpr_destroy", id_))

    assert id_ not in shop.world.ids("contacts", shop.workspace)


def test_a_product_is_archived_and_taken_back(shop: Shop):
    id_ = shop.world.create("products", shop.workspace, name="Book")
    products = ALL["products"]

    assert shop.do(lambda api: api.call_action(products, "archive", id_)).values["archived"] is True
    with pytest.raises(StateConflict):
        shop.do(lambda api: api.call_action(products, "archive", id_))
    assert (
        shop.do(lambda api: api.call_action(products, "unarchive", id_)).values["archived"] is False
    )
    shop.world.live(id_)
    with pytest.raises(Refused):
        shop.do(lambda api: api.call_action(products, "archive", id_))


def test_a_fulfillment_is_cancelled_once(shop: Shop):
    id_ = shop.first("fulfillments")
    shop.world.edit("fulfillments", id_, status="fulfilled")

    record = shop.do(lambda api: api.call_action(ALL["fulfillments"], "cancel", id_))

    assert record.values["status"] == "cancelled"
    with pytest.raises(StateConflict):
        shop.do(lambda api: api.call_action(ALL["fulfillments"], "cancel", id_))


@pytest.mark.parametrize(("name", "action"), PLAIN_ACTIONS)
def test_every_plain_action(shop: Shop, name: str, action: str):
    id_ = shop.first(name)

    record = shop.do(lambda api: api.call_action(ALL[name], action, id_))

    assert record.id == id_
    assert [(e.verb, e.resource, e.id) for e in shop.world.ledger.writes()] == [(action, name, id_)]


def test_routes_that_the_catalogue_does_not_use_work_raw(shop: Shop):
    order, fulfillment = shop.first("orders"), shop.first("fulfillments")

    async def use(api: Api) -> list[int]:
        answers = [
            await api.raw("GET", f"/orders/{order}/invoices"),
            await api.raw("DELETE", f"/fulfillments/{fulfillment}"),
        ]
        return [answer.status for answer in answers]

    assert shop.do(use) == [200, 204]


def test_a_plus_and_a_comma_in_an_email_arrive(shop: Shop):
    emails = ["a+b@example.com", '"c,d"@example.com', "e&f@example.com"]
    made = {shop.world.create("contacts", shop.workspace, email_address=e): e for e in emails}

    found = shop.do(lambda api: api.find(shop.list_of("contacts"), "email_address", emails))

    assert {r.id: r.values["email_address"] for r in found}.items() >= {
        i: e for i, e in made.items() if "," not in e
    }.items()


def test_both_walks_read_the_whole_list(shop: Shop):
    contacts = shop.list_of("contacts")
    listed = shop.world.ids("contacts", shop.workspace)

    async def use(api: Api) -> tuple[list[int], list[int]]:
        by_id = [r.id async for p in walk_by_id(api, contacts) for r in p.records]
        by_time = [
            r.id async for p in walk_newest_first(api, contacts, floor=None) for r in p.records
        ]
        return by_id, by_time

    by_id, by_time = shop.do(use)

    assert by_id == listed
    assert sorted(by_time) == listed


@pytest.mark.parametrize("gone", ["404", "empty"])
def test_a_cursor_that_is_gone_does_not_stop_the_walk(shop: Shop, gone: Any):
    shop.world.gone_cursor = gone
    contacts = shop.list_of("contacts")
    listed = set(shop.world.ids("contacts", shop.workspace))

    async def use(api: Api) -> set[int]:
        found: set[int] = set()
        async for page in walk_newest_first(api, contacts, floor=None):
            found |= {r.id for r in page.records}
            if len(found) == 20:
                shop.world.delete("contacts", page.records[-1].id)
        return found

    assert shop.do(use) == listed


def test_a_wrong_token_is_refused(shop: Shop):
    with pytest.raises(TokenRefused):
        shop.do(lambda api: api.page(Listing("teams", ROOT)), token=SecretStr("wrong"))


def test_without_a_user_agent_the_cdn_says_so(shop: Shop):
    with pytest.raises(NotJson, match=r"ClickFunnels' CDN answered with an HTML page \(403\)"):
        shop.do(lambda api: api.raw("DELETE", "/contacts/1"), user_agent="")


def test_every_request_gets_through_a_rate_limit(shop: Shop):
    shop.world.limit.per_second = 100.0
    contacts = shop.list_of("contacts")

    async def use(api: Api) -> int:
        await asyncio.gather(*(api.page(contacts) for _ in range(120)))
        return api.requests

    requests = shop.do(use)

    refused = sum(1 for _, _, status in shop.world.ledger.calls if status == 429)
    assert requests == 120 + refused
