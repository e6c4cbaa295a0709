"""The parts of a record that quote other records, as they stand when it is served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cfsync.sandbox.seeds.records import Values

if TYPE_CHECKING:
    from cfsync.sandbox.account.store import Store

QUOTED_IN: Mapping[str, tuple[str, ...]] = {
    "contacts": ("orders",),
    "contact_tags": ("contacts", "contact_applied_tags"),
    "contact_applied_tags": ("contacts",),
    "workspaces": ("orders",),
    "products": ("orders",),
    "product_prices": ("orders",),
    "product_variants": ("orders",),
    "orders": ("order_invoices",),
}
"""Resource -> those whose answers hold parts of it."""


def _quote(store: Store, resource: str, id_: int, names: Iterable[str]) -> dict[str, Any]:
    """Some fields of another record; null where it is gone."""
    values = store.get(resource, id_) or {}
    return {"id": id_, "public_id": values.get("public_id")} | {n: values.get(n) for n in names}


def _contact(store: Store, contact: Values) -> Values:
    return {"tags": [_tag(store, tag) for tag in store.tags_of(contact["id"])]}


def _tag(store: Store, id_: int) -> dict[str, Any]:
    return _quote(store, "contact_tags", id_, ("name", "color"))


def _applied_tag(store: Store, applied: Values) -> Values:
    return {"tag": _tag(store, applied["tag_id"])}


_PERSON = ("email_address", "first_name", "last_name", "phone_number", "time_zone", "uuid")


def _order(store: Store, order: Values) -> Values:
    products = enumerate(order.get("_lines", ()))
    return {
        "contact": _quote(store, "contacts", order["contact_id"], _PERSON),
        "workspace": _quote(
            store, "workspaces", order["workspace_id"], ("team_id", "name", "subdomain")
        ),
        "line_items": [_line(store, order, number, product) for number, product in products],
    }


def _line(store: Store, order: Values, number: int, product: int) -> dict[str, Any]:
    id_ = order["id"] * 10 + number
    variant = (store.get("products", product) or {}).get("default_variant_id", 0)
    return {
        "id": id_,
        "public_id": f"l{id_}",
        "order_id": order["id"],
        "quantity": 1,
        "prorated": None,
        "created_at": order["created_at"],
        "updated_at": order["created_at"],
        "original_product": _quote(store, "products", product, ("name",)),
        "products_price": {"amount": order["total_amount"], "currency": order["currency"]},
        "products_variant": _quote(store, "product_variants", variant, ("name", "sku")),
    }


def _invoice(store: Store, invoice: Values) -> Values:
    return {"order": _quote(store, "orders", invoice["order_id"], ("order_number", "contact_id"))}


VIEWS: Mapping[str, Callable[[Store, Values], Values]] = {
    "contacts": _contact,
    "contact_applied_tags": _applied_tag,
    "orders": _order,
    "order_invoices": _invoice,
}
