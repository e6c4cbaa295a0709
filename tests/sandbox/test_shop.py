from __future__ import annotations

from typing import Any

import pytest

from cfsync.resources import ALL
from cfsync.sandbox import World

from .conftest import Client, create_path

REQUIRED = {
    name: [f.name for f in r.fields if f.required]
    for name, r in ALL.items()
    if r.insert and any(f.required for f in r.fields)
}


@pytest.fixture
def product(world: World, workspace: int) -> int:
    return next(p["id"] for p in world.records("products", workspace) if not p["archived"])


@pytest.mark.parametrize("name", REQUIRED)
def test_what_must_be_sent_and_is_not_is_refused_field_by_field(
    name: str, client: Client, world: World, workspace: int
) -> None:
    resource = ALL[name]
    path = create_path(world, resource, workspace)

    answer = client.post(path, {resource.body_key: {}})

    assert answer.status == 422
    assert answer.data == {"errors": {f: ["can't be blank"] for f in REQUIRED[name]}}


def test_a_product_gets_a_default_variant_at_once(client: Client, workspace: int) -> None:
    made = client.post(f"/workspaces/{workspace}/products", {"product": {"name": "Book"}})

    assert made.status == 201
    variants = client.get(f"/products/{made.data['id']}/variants").data
    assert [v["default"] for v in variants] == [True]
    assert made.data["default_variant_id"] == variants[0]["id"]
    assert made.data["variant_ids"] == [variants[0]["id"]]
    assert made.data["archived"] is False


def test_variants_and_prices_are_shown_by_their_product(
    client: Client, world: World, product: int
) -> None:
    world.closed_routes.clear()
    before = client.get(f"/products/{product}").data
    variant = {"name": "Large", "product_type": "physical", "weight_unit": "kg"}
    counts = dict.fromkeys(["duration", "interval_count", "trial_duration"], 1)
    texts = dict.fromkeys(["currency", "interval", "trial_interval"], "1")
    price = counts | texts | {"amount": "12.5", "trial_amount": 0}

    one = client.post(
        f"/products/{product}/variants",
        {"products_variant": variant | {"properties_values": []}},
    )
    two = client.post(f"/products/{product}/prices", {"products_price": price})
    three = client.post(f"/products/variants/{one.data['id']}/prices", {"products_price": price})

    assert (one.status, two.status, three.status) == (201, 201, 201)
    assert (two.data["amount"], two.data["trial_amount"]) == ("12.50", "0.00")
    assert two.data["variant_id"] == before["default_variant_id"]
    assert three.data["variant_id"] == one.data["id"]
    after = client.get(f"/products/{product}").data
    assert after["variant_ids"] == before["variant_ids"] + [one.data["id"]]
    assert after["price_ids"] == before["price_ids"] + [two.data["id"], three.data["id"]]
    assert after["updated_at"] > before["updated_at"]
    assert client.get(f"/products/variants/{one.data['id']}").data["price_ids"] == [
        three.data["id"]
    ]


def test_a_product_is_archived_and_taken_back_once(client: Client, product: int) -> None:
    path = f"/products/{product}"

    answers = [
        client.post(f"{path}/{action}")
        for action in ("unarchive", "archive", "archive", "unarchive", "unarchive")
    ]

    assert [a.status for a in answers] == [409, 200, 409, 200, 409]
    assert answers[1].data["archived"] is True
    assert answers[3].data["archived"] is False
    assert "error" in answers[0].data


def test_a_live_product_is_not_archived(client: Client, world: World, product: int) -> None:
    world.live(product)

    assert client.post(f"/products/{product}/archive").status == 422
    world.live(product, live=False)
    assert client.post(f"/products/{product}/archive").status == 200


@pytest.mark.parametrize("resource", ["products", "products/variants", "products/prices"])
def test_there_is_no_delete_for_what_is_sold(resource: str, client: Client, world: World) -> None:
    assert client.delete(f"/{resource}/1").status == 404


def test_a_processors_order_takes_notes_only(client: Client, world: World, workspace: int) -> None:
    orders = world.records("orders", workspace)
    order = next(o for o in orders if o["payment_processor"] == "stripe")
    sent = {"notes": "Call back", "service_status": "canceled", "total_amount": "0.01"}

    answer = client.put(f"/orders/{order['id']}", {"order": sent})

    moved = {"notes": "Call back", "updated_at": answer.data["updated_at"]}
    assert answer.status == 200
    assert answer.data == order | moved
    ignored = client.put(f"/orders/{order['id']}", {"order": {"service_status": "canceled"}})
    assert ignored.data == answer.data


def test_an_external_order_takes_more(client: Client, world: World, workspace: int) -> None:
    orders = world.records("orders", workspace)
    order = next(o for o in orders if o["payment_processor"] == "external")
    sent = {"service_status": "canceled", "canceled_at": "2026-01-01", "total_amount": "0.01"}

    answer = client.put(f"/orders/{order['id']}", {"order": sent})

    assert answer.data["service_status"] == "canceled"
    assert answer.data["canceled_at"] == "2026-01-01T00:00:00.000Z"
    assert answer.data["total_amount"] == order["total_amount"]


def test_an_order_made_over_the_api_is_external(
    client: Client, world: World, workspace: int, product: int, contact: int
) -> None:
    price = world.records("product_prices", product)[0]
    item = {"variant_id": price["variant_id"], "products_price_id": price["id"], "quantity": 2}
    order = {"contact_id": contact, "live_mode": True, "order_type": "one-time-order"}

    made = client.post(
        f"/workspaces/{workspace}/orders", {"order": order | {"line_items_attributes": [item]}}
    )

    assert made.status == 201
    assert [line["quantity"] for line in made.data["line_items"]] == [2]
    assert made.data["payment_processor"] == "external"
    assert made.data["contact"]["id"] == contact


def test_an_order_quotes_its_contact_as_it_stands(
    client: Client, world: World, workspace: int
) -> None:
    order = client.get(f"/workspaces/{workspace}/orders").data[0]

    world.edit("contacts", order["contact_id"], first_name="Renamed")

    now = client.get(f"/orders/{order['id']}").data
    assert now["contact"]["first_name"] == "Renamed"
    assert now["updated_at"] == order["updated_at"]


def fulfillment(world: World, workspace: int, **fields: Any) -> dict[str, Any]:
    lines = [{"id": 50_001, "quantity": 1}]
    return {
        "fulfillment": {
            "contact_id": world.ids("contacts", workspace)[0],
            "location_id": world.ids("fulfillment_locations", workspace)[0],
            "included_orders_invoices_line_items_attributes": lines,
            **fields,
        }
    }


def test_a_fulfillment_is_made_tracked_and_cancelled_once(
    client: Client, world: World, workspace: int
) -> None:
    path = f"/workspaces/{workspace}/fulfillments"

    made = client.post(path, fulfillment(world, workspace, notify_customer=True))
    one = f"/fulfillments/{made.data['id']}"
    tracked = client.put(one, {"fulfillment": {"tracking_code": "1Z", "status": "restocked"}})
    cancelled = client.post(f"{one}/cancel")

    assert (made.status, made.data["status"]) == (201, "fulfilled")
    assert made.data["included_invoices_line_items"] == [{"id": 50_001, "quantity": 1}]
    assert "notify_customer" not in made.data
    assert (tracked.data["tracking_code"], tracked.data["status"]) == ("1Z", "fulfilled")
    assert (cancelled.status, cancelled.data["status"]) == (200, "cancelled")
    assert client.post(f"{one}/cancel").status == 409
    assert client.delete(one).status == 204


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"contact_id": 1}, {"contact_id": ["must exist"]}),
        (
            {"included_orders_invoices_line_items_attributes": []},
            {"included_orders_invoices_line_items_attributes": ["can't be blank"]},
        ),
    ],
)
def test_a_fulfillment_of_nothing_is_refused(
    fields: dict[str, Any], why: Any, client: Client, world: World, workspace: int
) -> None:
    sent = fulfillment(world, workspace, **fields)

    answer = client.post(f"/workspaces/{workspace}/fulfillments", sent)

    assert (answer.status, answer.data) == (422, {"errors": why})


def test_a_contact_is_enrolled_and_suspended(
    client: Client, world: World, workspace: int, contact: int
) -> None:
    course = world.ids("courses", workspace)[0]
    key = "courses_enrollment"

    made = client.post(f"/courses/{course}/enrollments", {key: {"contact_id": contact}})
    one = f"/courses/enrollments/{made.data['id']}"
    changed = client.put(one, {key: {"suspended": True, "suspension_reason": "unpaid"}})

    assert (made.status, made.data["course_id"], made.data["suspended"]) == (201, course, False)
    assert (changed.data["suspended"], changed.data["suspension_reason"]) == (True, "unpaid")
    assert (
        client.get(f"/courses/{course}/enrollments", filter_contact_id=contact).ids[-1]
        == (made.data["id"])
    )
    assert client.delete(one).status == 404


def test_an_image_is_uploaded_by_url(client: Client, workspace: int) -> None:
    sent = {"upload_source_url": "https://example.com/cat.png", "name": "cat"}
    path = f"/workspaces/{workspace}/images"

    made = client.post(path, {"image": sent})

    assert (made.status, made.data["name"]) == (201, "cat")
    assert made.data["url"].startswith("https://images.example.com/")
    assert "upload_source_url" not in made.data
    refused = client.post(path, {"image": {"upload_source_url": "cat.png"}})
    assert refused.status == 422
    again = {"upload_source_url": "https://example.com/dog.png"}
    changed = client.put(f"/images/{made.data['id']}", {"image": again})
    assert changed.data["url"] != made.data["url"]


def test_forms_and_submissions_go_together(client: Client, workspace: int, contact: int) -> None:
    form = client.post(f"/workspaces/{workspace}/forms", {"form": {"name": "Survey"}}).data["id"]
    path = f"/forms/{form}/submissions"

    made = client.post(path, {"forms_submission": {"contact_id": contact}})
    one = f"/forms/submissions/{made.data['id']}"

    assert made.data["form_id"] == form
    assert client.put(one, {"forms_submission": {"contact_id": None}}).data["contact_id"] is None
    assert client.delete(f"/forms/{form}").status == 204
    assert client.get(path).status == 404
    assert client.get(one).status == 404


def test_the_secret_of_an_endpoint_is_shown_once(client: Client, workspace: int) -> None:
    path = f"/workspaces/{workspace}/webhooks/outgoing/endpoints"
    key = "webhooks_outgoing_endpoint"
    sent = {"url": "https://example.com", "name": "x", "event_type_ids": ["order.created"]}

    made = client.post(path, {key: sent})
    one = f"/webhooks/outgoing/endpoints/{made.data['id']}"

    assert len(made.data["webhook_secret"]) == 32
    assert made.data["event_type_ids"] == ["order.created"]
    assert "webhook_secret" not in client.get(one).data
    assert "webhook_secret" not in client.put(one, {key: {"name": "y"}}).data
    assert client.delete(one).status == 204


def test_teams_and_workspaces_can_be_renamed(client: Client, world: World, workspace: int) -> None:
    team = world.ids("teams")[0]

    assert client.put(f"/teams/{team}", {"team": {"name": "New"}}).data["name"] == "New"
    sent = {"workspace": {"subdomain": "new"}}
    assert client.put(f"/workspaces/{workspace}", sent).data["subdomain"] == "new"
    assert client.put(f"/teams/{team}", {"team": {"locale": None}}).status == 422
