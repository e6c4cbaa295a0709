"""Rules that one resource has beside the common ones, each a small function named below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zlib import crc32

from cfsync.resources import ALL
from cfsync.sandbox.account.checks import attributes
from cfsync.sandbox.account.problems import invalid
from cfsync.sandbox.account.store import Store
from cfsync.sandbox.seeds.formats import public_id
from cfsync.sandbox.seeds.records import Values


@dataclass
class Draft:
    """A create (no `old`) or an update on its way; `taken` are the fields that will be used."""

    store: Store
    resource: str
    parent: int
    workspace: int
    old: Values | None
    taken: Values

    @cached_property
    def kept(self) -> Values:
        """The fields that the record will hold: all but those that are only taken."""
        fields = ALL[self.resource].by_name
        return {k: v for k, v in self.taken.items() if k not in fields or not fields[k].write_only}


def check(draft: Draft) -> None:
    """Refuse or complete a draft before it is used. Raises Problem (422)."""
    for rule in CHECKS.get(draft.resource, ()):
        rule(draft)


def settle(draft: Draft, id_: int) -> None:
    """What else changes by it, once the record is there."""
    for rule in (AFTER_CREATE if draft.old is None else AFTER_UPDATE).get(draft.resource, ()):
        rule(draft, id_)


def first_values(resource: str) -> Values:
    """What the server fills into a new record."""
    return {name: make() for name, make in FIRST.get(resource, {}).items()}


def removed(store: Store, resource: str, old: Values) -> None:
    """What else changes when a record is deleted."""
    if rule := AFTER_DELETE.get(resource):
        rule(store, old)


def _email_is_free(draft: Draft) -> None:
    address = draft.taken.get("email_address")
    id_ = draft.store.by_email(draft.workspace, address) if address else None
    if id_ is not None and (draft.old is None or id_ != draft.old["id"]):
        raise invalid(email_address="has already been taken")


def _attributes_are_normal(draft: Draft) -> None:
    value = draft.taken.get("custom_attributes", {})
    if not isinstance(value, dict):
        raise invalid(custom_attributes="is invalid")
    if "custom_attributes" in draft.taken:
        draft.taken["custom_attributes"] = attributes(value)


def _set_tags(draft: Draft, id_: int) -> None:
    """`tag_ids` is the whole set: what is not in it is taken away."""
    wanted = draft.taken.get("tag_ids")
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
    """Something that the record shows has changed."""
    if (values := store.get(resource, id_)) is not None:
        store.change(resource, values, {})


def _add_default_variant(draft: Draft, id_: int) -> None:
    """A product gets a variant at once."""
    store = draft.store
    product = store.get("products", id_) or {}
    first = {"name": product["name"], "default": True, "product_type": "digital"}
    variant = store.draft(
        "product_variants", id_, first_values("product_variants") | first | {"weight_unit": "lb"}
    )
    store.add("product_variants", variant)
    members = {"default_variant_id": variant["id"], "variant_ids": [variant["id"]]}
    store.put("products", product | members)


def _join_product(field: str) -> Callable[[Draft, int], None]:
    """A new variant or price is shown by its product."""

    def join(draft: Draft, id_: int) -> None:
        values = draft.store.get(draft.resource, id_) or {}
        product = draft.store.get("products", values["product_id"]) or {}
        draft.store.change("products", product, {field: [*(product[field] or ()), id_]})

    return join


def _join_variant(draft: Draft, id_: int) -> None:
    """A price belongs to the variant named in its path, else to the product's default one."""
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
    items = draft.taken[name]
    if not isinstance(items, list) or not items or not all(isinstance(i, dict) for i in items):
        raise invalid(**{name: "can't be blank"})
    draft.taken["included_invoices_line_items"] = items
    number = len(draft.store.children("fulfillments", draft.workspace)) + 1
    draft.taken["fulfillment_number"] = number


def _is_external(draft: Draft) -> None:
    """Orders made through the API are those of another system."""
    if draft.old is None:
        draft.taken["payment_processor"] = "external"


def _image_is_fetched(draft: Draft) -> None:
    """The picture is copied from the URL given; its address is then a new one."""
    if source := draft.taken.get("upload_source_url"):
        if not source.startswith(("http://", "https://")):
            raise invalid(upload_source_url="is invalid")
        code = public_id("images", crc32(source.encode()))
        draft.taken["url"] = f"https://images.example.com/{code}.png"


def _tell_suspended(draft: Draft, id_: int) -> None:
    new = draft.store.get("enrollments", id_) or {}
    if new.get("suspended") and not (draft.old or {}).get("suspended"):
        draft.store.report("enrollments", "suspended", new)


def _touch_contact(draft: Draft, id_: int) -> None:
    values = draft.store.get("contact_applied_tags", id_) or {}
    touch(draft.store, "contacts", values["contact_id"])


def _is_not_applied_yet(draft: Draft) -> None:
    applied = draft.store.children("contact_applied_tags", draft.parent)
    if draft.taken["tag_id"] in [a["tag_id"] for a in applied]:
        raise invalid(tag_id="has already been taken")


CHECKS: Mapping[str, tuple[Callable[[Draft], None], ...]] = {
    "contacts": (_email_is_free, _attributes_are_normal),
    "contact_applied_tags": (_is_not_applied_yet,),
    "fulfillments": (_line_items_are_named,),
    "orders": (_is_external,),
    "images": (_image_is_fetched,),
}

AFTER_CREATE: Mapping[str, tuple[Callable[[Draft, int], None], ...]] = {
    "contacts": (_set_tags,),
    "contact_applied_tags": (_touch_contact,),
    "products": (_add_default_variant,),
    "product_variants": (_join_product("variant_ids"),),
    "product_prices": (_join_product("price_ids"), _join_variant),
    "enrollments": (_tell_suspended,),
}

AFTER_UPDATE: Mapping[str, tuple[Callable[[Draft, int], None], ...]] = {
    "contacts": (_set_tags,),
    "enrollments": (_tell_suspended,),
}

AFTER_DELETE: Mapping[str, Callable[[Store, Values], None]] = {
    "contact_applied_tags": lambda store, old: touch(store, "contacts", old["contact_id"]),
}

FIRST: Mapping[str, Mapping[str, Callable[[], Any]]] = {
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
}
