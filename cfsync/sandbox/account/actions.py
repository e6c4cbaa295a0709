"""What the API does with a call other than create, update and delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from cfsync.sandbox.account import rules
from cfsync.sandbox.account.problems import conflict, invalid
from cfsync.sandbox.account.store import Store
from cfsync.sandbox.seeds.records import Values

Sent = Mapping[str, Any]

MODERATE = ("approve", "decline", "dismiss_reports")
"""What can be done about a post or comment of a community."""


def archive(store: Store, old: Values, _sent: Sent) -> Values:
    if old["archived"]:
        raise conflict("Product is already archived")
    if old["id"] in store.live_products:
        raise invalid(base="Product is live and can't be archived")
    return store.change("products", old, {"archived": True})


def unarchive(store: Store, old: Values, _sent: Sent) -> Values:
    if not old["archived"]:
        raise conflict("Product is already unarchived")
    return store.change("products", old, {"archived": False})


def cancel_fulfillment(store: Store, old: Values, _sent: Sent) -> Values:
    if old["status"] != "fulfilled":
        raise conflict(f"Fulfillment is already {old['status']}")
    return store.change("fulfillments", old, {"status": "cancelled"})


def cancel_order(store: Store, old: Values, sent: Sent) -> Values:
    """Only subscriptions of a payment processor can be cancelled; at once, or later."""
    if old["payment_processor"] == "external" or not old["order_type"].startswith("subscription"):
        raise invalid(base="Only subscriptions of a payment processor can be canceled")
    if old["service_status"] == "canceled":
        raise invalid(base="Order is already canceled")
    changes = {name: sent[name] for name in ("cancel_reason", "cancel_description") if name in sent}
    if sent.get("effective_date") != "next_renewal":
        changes |= {"service_status": "canceled", "canceled_at": store.now()}
    return store.change("orders", old, changes)


def abandon(store: Store, old: Values, _sent: Sent) -> Values:
    if old["status"] in ("paid", "abandoned"):
        raise invalid(base=f"Invoice is {old['status']} and can't be abandoned")
    return store.change("order_invoices", old, {"status": "abandoned"})


def remove_products(store: Store, old: Values, sent: Sent) -> Values:
    """All of them, or none."""
    step, gone = old["show_page_step"] or {}, sent.get("product_ids") or []
    shown = step.get("products") or []
    if not gone or not set(gone) <= {product["id"] for product in shown}:
        raise invalid(product_ids="are not all on the page")
    left = [product for product in shown if product["id"] not in gone]
    return store.change("pages", old, {"show_page_step": step | {"products": left}})


def refund(store: Store, old: Values, sent: Sent) -> Values:
    """The full amount, once. Its order is refunded with it, in part where it was charged more."""
    if sent.keys() - {"reason"}:
        raise invalid(base="Only the full amount can be refunded")
    if old["status"] == "refunded":
        raise invalid(base="Transaction is already refunded")
    if order := store.get("orders", old["order_id"]):
        whole = Decimal(old["amount"] or 0) >= Decimal(order["total_amount"] or 0)
        status = "refunded" if whole else "partially-refunded"
        store.change("orders", order, {"billing_status": status})
    changes = {"status": "refunded", "reason": sent.get("reason")}
    return store.change("order_transactions", old, changes)


def publish(resource: str) -> Callable[[Store, Values, Sent], Values]:
    def publish_one(store: Store, old: Values, sent: Sent) -> Values:
        new = store.change(resource, old, {"published_at": sent.get("published_at") or store.now()})
        store.log_event(resource, "published", new)
        return new

    return publish_one


def change(resource: str, **changes: Any) -> Callable[[Store, Values, Sent], Values]:
    """Sets these fields; without any, what it does is not shown."""

    def change_one(store: Store, old: Values, _sent: Sent) -> Values:
        return store.change(resource, old, changes)

    return change_one


REDACTED = {"first_name": "REDACTED", "last_name": "REDACTED", "phone_number": ""}


def redact(store: Store, old: Values, _sent: Sent) -> Values | None:
    if not store.redacts_in_place:
        rules.delete(store, "contacts", old)
        return None
    store.unlisted.add(("contacts", old["id"]))
    address = f"redacted-{old['id']}@example.com"
    return store.change("contacts", old, REDACTED | {"email_address": address})


ACTIONS: Mapping[tuple[str, str], Callable[[Store, Values, Sent], Values | None]] = {
    ("products", "archive"): archive,
    ("products", "unarchive"): unarchive,
    ("fulfillments", "cancel"): cancel_fulfillment,
    ("contacts", "gdpr_destroy"): redact,
    ("orders", "cancel"): cancel_order,
    ("order_invoices", "abandon"): abandon,
    ("order_transactions", "refund"): refund,
    ("pages", "remove_products"): remove_products,
    ("courses", "publish"): publish("courses"),
    ("course_sections", "publish"): publish("course_sections"),
    ("course_lessons", "publish"): publish("course_lessons"),
    ("workflows", "enable"): change("workflows", disabled=False, status="live"),
    ("workflows", "disable"): change("workflows", disabled=True),
    ("email_domains", "verify"): change("email_domains"),
    ("themes", "set_default"): change("themes"),
    **{("community_posts", n): change("community_posts") for n in (*MODERATE, "pin", "unpin")},
    **{("community_comments", name): change("community_comments") for name in MODERATE},
}
"""(resource, its action) -> function that returns the changed record, or None if it is deleted."""
