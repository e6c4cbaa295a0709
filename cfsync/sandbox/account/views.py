"""The parts of a record that quote other records, as they stand when it is served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from cfsync.resources import ALL
from cfsync.sandbox.seeds.records import Values

QUOTED_IN: Mapping[str, tuple[str, ...]] = {
    "contacts": ("orders",),
    "contact_tags": ("contacts", "contact_applied_tags"),
    "contact_applied_tags": ("contacts",),
    "workspaces": ("orders",),
    "products": ("orders",),
    "product_prices": ("orders",),
    "product_variants": ("orders",),
    "orders": ("order_invoices",),
    "order_applied_tags": ("orders",),
    "team_memberships": ("teams",),
}
"""Resource -> those whose answers hold parts of it."""


class Records(Protocol):
    """What a view reads: the store's records as they stand."""

    def get(self, resource: str, id_: int) -> Values | None: ...

    def tags_of(self, contact: Values) -> list[tuple[int, str]]: ...

    def children(self, resource: str, parent: int) -> list[Values]: ...


def _quote(records: Records, resource: str, id_: int, names: Iterable[str]) -> dict[str, Any]:
    """Some fields of another record; null where it is gone."""
    values = records.get(resource, id_) or {}
    return {"id": id_, "public_id": values.get("public_id")} | {n: values.get(n) for n in names}


def _contact(records: Records, contact: Values) -> Values:
    tags = records.tags_of(contact)
    return {"tags": [_tag(records, tag) | {"applied_at": at} for tag, at in tags]}


def _tag(records: Records, id_: int) -> dict[str, Any]:
    return _quote(records, "contact_tags", id_, ("name", "color"))


def _applied_tag(records: Records, applied: Values) -> Values:
    return {"tag": _tag(records, applied["tag_id"])}


_PERSON = ("email_address", "first_name", "last_name", "phone_number", "time_zone", "uuid")


def _order(records: Records, order: Values) -> Values:
    products = enumerate(order.get("_lines", ()))
    return {
        "contact": _quote(records, "contacts", order["contact_id"], _PERSON),
        "workspace": _quote(
            records, "workspaces", order["workspace_id"], ("team_id", "name", "subdomain")
        ),
        "tag_ids": [a["tag_id"] for a in records.children("order_applied_tags", order["id"])],
        "line_items": [_line(records, order, number, product) for number, product in products]
        + [
            _item(records, order, number, item)
            for number, item in enumerate(order.get("_items", ()))
        ],
    }


def _line(records: Records, order: Values, number: int, product: int) -> dict[str, Any]:
    id_ = order["id"] * 10 + number
    variant = (records.get("products", product) or {}).get("default_variant_id", 0)
    return {
        "id": id_,
        "public_id": f"l{id_}",
        "order_id": order["id"],
        "quantity": 1,
        "prorated": None,
        "created_at": order["created_at"],
        "updated_at": order["created_at"],
        "original_product": _quote(records, "products", product, ("name",)),
        "products_price": _price(order),
        "products_variant": _quote(records, "product_variants", variant, ("name", "sku")),
    }


def _price(order: Values) -> dict[str, Any]:
    interval, count = order.get("_interval", (None, None))
    return {
        "amount": order["total_amount"],
        "currency": order["currency"],
        "interval": interval,
        "interval_count": count,
    }


def _item(records: Records, order: Values, number: int, item: Values) -> dict[str, Any]:
    """A line item that was given when the order was created."""
    price = records.get("product_prices", item["products_price_id"]) or {}
    line = _line(records, order, number, price.get("product_id", 0))
    return line | {
        "quantity": item.get("quantity", 1),
        "products_price": _quote(records, "product_prices", price.get("id", 0), ("amount",)),
        "products_variant": _quote(
            records, "product_variants", item["variant_id"], ("name", "sku")
        ),
    }


def _invoice(records: Records, invoice: Values) -> Values:
    return {"order": _quote(records, "orders", invoice["order_id"], ("order_number", "contact_id"))}


def _team(records: Records, team: Values) -> Values:
    names = [f.name for f in ALL["team_memberships"].fields]
    members = records.children("team_memberships", team["id"])
    return {"memberships": [{name: member[name] for name in names} for member in members]}


def _event_type(_: Records, event_type: Values) -> Values:
    return {"id": event_type["name"]}


def _split(field: str) -> Callable[[Records, Values], Values]:
    """The view of a step whose ways were sent with the ids of their pages."""

    def view(records: Records, step: Values) -> Values:
        return {field: [_way(records, step, way) for way in step[field] or ()]}

    return view


def _way(records: Records, step: Values, way: Values) -> Values:
    if "page_id" not in way:
        return way
    page = _quote(records, "pages", way["page_id"], ("name",))
    shown = {"show_page_step": {"id": step["id"] * 10}, "page": page}
    return shown | {name: value for name, value in way.items() if name != "page_id"}


VIEWS: Mapping[str, Callable[[Records, Values], Values]] = {
    "teams": _team,
    "webhook_event_types": _event_type,
    "contacts": _contact,
    "contact_applied_tags": _applied_tag,
    "orders": _order,
    "order_invoices": _invoice,
    "split_test_steps": _split("variants"),
    "conditional_split_steps": _split("branches"),
}
