"""Rules of single resources, in addition to the common ones in `rules`; the tables at the end say
which apply to what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from zlib import crc32

from cfsync.resources import ALL
from cfsync.sandbox.account import bulk_tagging, filters
from cfsync.sandbox.account.checks import attributes
from cfsync.sandbox.account.problems import invalid, missing
from cfsync.sandbox.account.store import Store
from cfsync.sandbox.seeds.formats import public_id
from cfsync.sandbox.seeds.plain import quoted
from cfsync.sandbox.seeds.records import Values


@dataclass
class Draft:
    """A create (`old` is None) or an update in progress; `accepted` are the fields that count."""

    store: Store
    resource: str
    parent: int
    workspace: int
    old: Values | None
    accepted: Values

    @cached_property
    def stored(self) -> Values:
        """The accepted fields that become part of the record; of a write-only one the object that
        shows it, if there is one.
        """
        fields, stored = ALL[self.resource].by_name, {}
        for name, value in self.accepted.items():
            if name not in fields or not fields[name].write_only:
                stored[name] = value
            elif fields[name].derived and not fields[name].via:
                stored |= quoted(fields[name], value)
        return stored


def check(draft: Draft) -> None:
    """Check and complete a draft before it is written. Raises Problem (422)."""
    for rule in CHECKS.get(draft.resource, ()):
        rule(draft)


def after_write(draft: Draft, id_: int) -> None:
    """Change whatever else depends on the record that was written."""
    for rule in (AFTER_CREATE if draft.old is None else AFTER_UPDATE).get(draft.resource, ()):
        rule(draft, id_)


def defaults(resource: str) -> Values:
    """The server's defaults for a new record."""
    return {name: make() for name, make in DEFAULTS.get(resource, {}).items()}


def after_delete(store: Store, resource: str, old: Values) -> None:
    """Change whatever else depends on the deleted record."""
    if rule := AFTER_DELETE.get(resource):
        rule(store, resource, old)


def _email_is_free(draft: Draft) -> None:
    address = draft.accepted.get("email_address")
    id_ = draft.store.by_email(draft.workspace, address) if address else None
    if id_ is not None and (draft.old is None or id_ != draft.old["id"]):
        raise invalid(email_address="has already been taken")


def _attributes_are_normal(draft: Draft) -> None:
    value = draft.accepted.get("custom_attributes", {})
    if not isinstance(value, dict):
        raise invalid(custom_attributes="is invalid")
    if "custom_attributes" in draft.accepted:
        draft.accepted["custom_attributes"] = attributes(value)


def _set_tags(draft: Draft, id_: int) -> None:
    """`tag_ids` is the complete set: other tags are removed."""
    wanted = draft.accepted.get("tag_ids")
    if wanted is None:
        return
    applied = draft.store.children("contact_applied_tags", id_)
    for record in applied:
        if record["tag_id"] not in wanted:
            draft.store.drop("contact_applied_tags", record)
    missing = dict.fromkeys(wanted).keys() - {a["tag_id"] for a in applied}
    for tag in sorted(missing):
        draft.store.add(
            "contact_applied_tags",
            draft.store.draft("contact_applied_tags", id_, {"tag_id": tag}),
        )
    if missing or len(applied) > len(set(wanted)):
        touch(draft.store, "contacts", id_)


def touch(store: Store, resource: str, id_: int) -> None:
    """Move the record's `updated_at`, since something that it shows has changed."""
    if (values := store.get(resource, id_)) is not None:
        store.change(resource, values, {})


def _add_default_variant(draft: Draft, id_: int) -> None:
    """A new product has a default variant."""
    store = draft.store
    product = store.get("products", id_) or {}
    first = {"name": product["name"], "default": True, "product_type": "digital"}
    variant = store.draft(
        "product_variants", id_, defaults("product_variants") | first | {"weight_unit": "lb"}
    )
    store.add("product_variants", variant)
    members = {"default_variant_id": variant["id"], "variant_ids": [variant["id"]]}
    store.put("products", product | members)


def _add_to_product(field: str) -> Callable[[Draft, int], None]:
    """A product lists its new variant or price."""

    def add(draft: Draft, id_: int) -> None:
        values = draft.store.get(draft.resource, id_) or {}
        product = draft.store.get("products", values["product_id"]) or {}
        draft.store.change("products", product, {field: [*(product[field] or ()), id_]})

    return add


def _add_to_variant(draft: Draft, id_: int) -> None:
    """A price belongs to the variant in its path, or else to the product's default variant."""
    store = draft.store
    price = store.get("product_prices", id_) or {}
    product = store.get("products", price["product_id"]) or {}
    variant_id = price["variant_id"] or product["default_variant_id"]
    store.put("product_prices", price | {"variant_id": variant_id})
    if variant := store.get("product_variants", variant_id):
        ids = [*(variant["price_ids"] or ()), id_]
        store.change("product_variants", variant, {"price_ids": ids})


def _line_items_are_named(draft: Draft) -> None:
    if draft.old is not None:
        return
    name = "included_orders_invoices_line_items_attributes"
    items = draft.accepted[name]
    if not isinstance(items, list) or not items or not all(isinstance(i, dict) for i in items):
        raise invalid(**{name: "can't be blank"})
    draft.accepted["included_invoices_line_items"] = items
    number = len(draft.store.children("fulfillments", draft.workspace)) + 1
    draft.accepted["fulfillment_number"] = number


def _is_external(draft: Draft) -> None:
    """What is created over the API belongs to an external payment system."""
    if draft.old is None:
        draft.accepted["payment_processor"] = "external"


_NAMED_BY_ITEMS = {"variant_id": "product_variants", "products_price_id": "product_prices"}


def _items_are_named(draft: Draft) -> None:
    """A new order has line items, each of a variant and a price, which make its amount."""
    if draft.old is not None:
        return
    items, total = draft.accepted.pop("line_items"), Decimal(0)
    if not isinstance(items, list) or not items or not all(isinstance(i, dict) for i in items):
        raise invalid(line_items_attributes="can't be blank")
    for item in items:
        variant, price = (
            draft.store.get(resource, id_) if type(id_ := item.get(name)) is int else None
            for name, resource in _NAMED_BY_ITEMS.items()
        )
        if variant is None or price is None:
            raise invalid(line_items_attributes="must exist")
        quantity = item.get("quantity", 1)
        if type(quantity) is not int:
            raise invalid(line_items_attributes="quantity is not a number")
        total += Decimal(str(price["amount"])) * quantity
    draft.accepted |= {"_items": items, "total_amount": str(total)}


def _trial_can_be_moved(draft: Draft) -> None:
    """The end of a trial and a renewal are moved by a job that runs later."""
    if draft.old is not None and draft.store.late_changes:
        for name in ("trial_end_at", "renewal_at"):
            draft.accepted.pop(name, None)


def _order_is_external(draft: Draft) -> None:
    """The API shows the invoices of a processor, and knows them in no write."""
    order = draft.store.get("orders", draft.accepted.get("order_id", 0))
    owner = order if draft.old is None else draft.old
    if not owner or owner["payment_processor"] != "external":
        raise missing()


def _invoice_is_complete(draft: Draft) -> None:
    if draft.old is not None:
        return
    if draft.accepted["status"] == "paid" and not draft.accepted.get("paid_at"):
        raise invalid(paid_at="can't be blank")
    number = len(draft.store.children("order_invoices", draft.workspace)) + 1
    draft.accepted.setdefault("invoice_number", f"INV-{number:05d}")


def _image_is_fetched(draft: Draft) -> None:
    """The image is copied from the given URL and gets a URL of its own."""
    if source := draft.accepted.get("upload_source_url"):
        if not source.startswith(("http://", "https://")):
            raise invalid(upload_source_url="is invalid")
        code = public_id("images", crc32(source.encode()))
        draft.accepted["url"] = f"https://images.example.com/{code}.png"


def _log_suspension(draft: Draft, id_: int) -> None:
    new = draft.store.get("enrollments", id_) or {}
    if new.get("suspended") and not (draft.old or {}).get("suspended"):
        draft.store.log_event("enrollments", "suspended", new)


def _touch_parent(draft: Draft, id_: int) -> None:
    _touch_parent_of(draft.store, draft.resource, draft.store.get(draft.resource, id_) or {})


def _touch_parent_of(store: Store, resource: str, values: Values) -> None:
    """Move the `updated_at` of the record that the given one is listed below."""
    entry = ALL[resource]
    touch(store, entry.parent or "", values[entry.parent_field or ""])


def _is_not_applied_yet(draft: Draft) -> None:
    applied = draft.store.children(draft.resource, draft.parent)
    if draft.accepted["tag_id"] in [a["tag_id"] for a in applied]:
        raise invalid(tag_id="has already been taken")


def _event_types_exist(draft: Draft) -> None:
    offered, named = draft.store.event_types, draft.accepted.get("event_type_ids") or []
    if offered is not None and any(name not in offered for name in named):
        raise invalid(event_type_ids="is not included in the list")


CHECKS: Mapping[str, tuple[Callable[[Draft], None], ...]] = {
    "refine_filters": (lambda d: filters.check(d.store, d.workspace, d.old, d.accepted),),
    "contacts": (_email_is_free, _attributes_are_normal),
    "contact_applied_tags": (_is_not_applied_yet,),
    "order_applied_tags": (_is_not_applied_yet,),
    "fulfillments": (_line_items_are_named,),
    "orders": (_is_external, _items_are_named, _trial_can_be_moved),
    "order_invoices": (_order_is_external, _is_external, _invoice_is_complete),
    "images": (_image_is_fetched,),
    "webhook_endpoints": (_event_types_exist,),
}

AFTER_CREATE: Mapping[str, tuple[Callable[[Draft, int], None], ...]] = {
    "contacts": (_set_tags,),
    "contact_applied_tags": (_touch_parent,),
    "order_applied_tags": (_touch_parent,),
    "products": (_add_default_variant,),
    "product_variants": (_add_to_product("variant_ids"),),
    "product_prices": (_add_to_product("price_ids"), _add_to_variant),
    "enrollments": (_log_suspension,),
    bulk_tagging.ACTIONS: (lambda draft, id_: bulk_tagging.begin(draft.store, id_),),
}

AFTER_UPDATE: Mapping[str, tuple[Callable[[Draft, int], None], ...]] = {
    "contacts": (_set_tags,),
    "enrollments": (_log_suspension,),
}

AFTER_DELETE: Mapping[str, Callable[[Store, str, Values], None]] = {
    "contact_applied_tags": _touch_parent_of,
    "order_applied_tags": _touch_parent_of,
}

DEFAULTS: Mapping[str, Mapping[str, Callable[[], Any]]] = {
    "contacts": {"tags": list, "visits": dict},
    "products": {"archived": bool, "image_ids": list, "variant_ids": list, "price_ids": list},
    "product_variants": {"archived": bool, "price_ids": list, "properties_values": list},
    "product_prices": {"archived": bool, "visible": bool},
    "fulfillments": {"status": lambda: "fulfilled"},
    "orders": {
        "currency": lambda: "USD",
        "live_mode": lambda: True,
        "payment_processor": lambda: "stripe",
    },
    "webhook_endpoints": {"api_version": lambda: 2, "page_ids": list, "funnel_ids": list},
    "enrollments": {"suspended": bool},
    "refine_filters": {"filter_class": lambda: "ContactsFilter", "conjunction": lambda: "and"},
}
