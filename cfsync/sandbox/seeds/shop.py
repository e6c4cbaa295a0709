"""Seeded orders, with their invoices and transactions."""

from __future__ import annotations

from dataclasses import dataclass

from cfsync.sandbox.seeds.plan import Plan
from cfsync.sandbox.seeds.products import amount_of
from cfsync.sandbox.seeds.records import Maker, Seed, Values

# What is the same in all seeded records of a kind stands in a constant beside its maker. Records
# share its lists: nobody changes a record in place.


ORDER: Values = {
    "currency": "USD",
    "origination_channel_type": "Funnel",
    "shipping_address_first_name": "Ada",
    "shipping_address_last_name": "Lovelace",
    "shipping_address_city": "Boise",
    "shipping_address_region": "Idaho",
    "shipping_address_country": "US",
    "shipping_address_postal_code": "83702",
    "billing_address_city": "Boise",
    "billing_address_region": "Idaho",
    "billing_address_country": "US",
    "billing_address_postal_code": "83702",
    "in_trial": False,
    "service_status": "active",
    "tax_amount": "0.00",
    "funnel_name": "Spring launch",
    "tag_ids": [],
    "discount_ids": [],
    "page_name": "Checkout",
    "origination_channel_name": "Spring launch",
    "contact_groups": [],
    "segments": [],
    "visits": {},
}


BILLING = (*("paid",) * 6, "unpaid", "refunded", "voided", "partially-refunded")
"""What becomes of ten orders."""
CURRENCIES = (*("USD",) * 5, "EUR", *("USD",) * 5, "GBP")
"""One order in six is paid in another currency."""
UNPAID = ("unpaid", "past-due")
"""What becomes of the invoice of an order that is not paid, by turns."""
SUBSCRIPTIONS = {
    2: "active",
    3: "active",
    6: "abandoned",
    7: "active",
    10: "completed",
    11: "churned",
    14: "canceled",
    15: "active",
    18: "voided",
    19: "paused",
    20: "pending",
    21: "suspended",
    22: "active",
    23: "active",
}
"""Which of 24 orders are subscriptions, and what has become of each."""
IN_TRIAL = (3, 15)
INTERVALS = (("months", 1), ("years", 1), ("weeks", 2), ("months", 3))
TEST_MODE_EVERY = 8
"""One order of so many is made in test mode."""


@dataclass(frozen=True, slots=True)
class Sale:
    """What an order and its invoices and transactions have in common."""

    amount: str
    currency: str
    billing: str
    external: bool


def _sale(plan: Plan, index: int) -> Sale:
    """That of order number `index`."""
    return Sale(
        amount=amount_of(plan.chance("orders", index)),
        currency=CURRENCIES[index % len(CURRENCIES)],
        billing=BILLING[index % len(BILLING)],
        external=index // max(1, plan.counts["workspaces"]) % 3 == 2,
    )


def order(seed: Seed) -> Values:
    chance, sale = seed.chance, _sale(seed.plan, seed.index)
    products = seed.plan.counts["products"]
    return (
        ORDER
        | {
            "order_number": str(10_000 + seed.index),
            "live_mode": seed.index % TEST_MODE_EVERY < TEST_MODE_EVERY - 1,
            "billing_status": sale.billing,
            "contact_id": seed.pick("contacts", chance),
            "total_amount": sale.amount,
            "currency": sale.currency,
            "origination_channel_id": seed.pick("funnels", chance) or 800 + chance % 5,
            "discount_ids": [seed.pick("discounts", chance)] if _has_discount(seed) else [],
            "shipping_address_street_one": f"{chance % 900 + 1} Analytical Row",
            "billing_address_street_one": f"{chance % 900 + 1} Analytical Row",
            "page_id": seed.pick("pages", chance) or 700 + chance % 3,
            "order_type": "one-time-order",
            "activated_at": seed.past(chance),
            "external_id": f"ext-{seed.id}" if sale.external else None,
            "payment_processor": "external" if sale.external else "stripe",
            "_lines": [seed.pick("products", chance)] if products else [],
        }
        | _subscription(seed)
    )


def _has_discount(seed: Seed) -> bool:
    return seed.plan.counts["discounts"] > 0 and seed.chance % 3 == 0


def _subscription(seed: Seed) -> Values:
    """What an order is besides if it is paid again and again."""
    chance, place = seed.chance, seed.index % 24
    if (state := SUBSCRIPTIONS.get(place)) is None:
        return {}
    ended = {"churned": "churned_at", "canceled": "canceled_at"}
    return {
        "order_type": "subscription-order",
        "service_status": state,
        "in_trial": place in IN_TRIAL,
        "renewal_at": seed.past(chance) if state == "active" else None,
        "paid_until": seed.past(chance) if state in ("active", "canceled") else None,
        "trial_end_at": seed.past(chance) if place in IN_TRIAL else None,
        "recurring_invoices_paid_count": chance % 12,
        "_interval": INTERVALS[chance % len(INTERVALS)],
    } | ({ended[state]: seed.past(chance)} if state in ended else {})


INVOICE: Values = {
    "tax_amount": "0.00",
    "shipping_amount": "0.00",
    "discount_amount": None,
    "fulfillment_status": "unfulfilled",
    "eligible_for_fulfillment": True,
    "visits": {},
}


def invoice(seed: Seed) -> Values:
    """The second invoice of an order is one of its refund where the order says so."""
    order_id = seed.pick("orders", seed.index // max(1, seed.plan.counts["workspaces"]))
    order_index = seed.plan.index("orders", order_id) if order_id else None
    sale = _sale(seed.plan, order_index or 0)
    is_second = order_index not in (None, seed.index)
    is_refund = is_second and "refunded" in sale.billing
    is_open = sale.billing == "unpaid"
    issued, at = seed.past(seed.chance), seed.past(seed.chance)
    status = UNPAID[seed.index % len(UNPAID)] if is_open else sale.billing
    return INVOICE | {
        "order_id": order_id,
        "status": "paid" if is_refund else status,
        "invoice_type": "refund" if is_refund else "renewal" if is_second else "one_time",
        "due_amount": sale.amount if is_open else "0.00",
        "total_amount": sale.amount,
        "subtotal_amount": sale.amount,
        "currency": sale.currency,
        "issued_at": issued,
        "due_at": at if is_open else None,
        "paid_at": None if is_open or sale.billing == "voided" else at,
        "invoice_number": f"INV-{seed.index + 1:05d}",
        "external_id": f"in_{seed.chance:016x}",
        "payment_processor": "external" if sale.external else "stripe",
        "line_items": [_invoice_line(seed, sale.amount)],
    }


def _invoice_line(seed: Seed, amount: str) -> Values:
    return {
        "id": 50_000 + seed.index,
        "quantity": 1,
        "description": "Line",
        "amount": amount,
        "fulfillment_status": "unfulfilled",
    }


def transaction(seed: Seed) -> Values:
    """The second transaction of an order gives its money back where the order says so; that of an
    order that is not paid was declined.
    """
    orders = max(1, seed.plan.counts["orders"])
    sale = _sale(seed.plan, seed.index % orders)
    is_refund = seed.index >= orders and sale.billing == "refunded"
    is_declined = sale.billing == "unpaid"
    return {
        "order_id": seed.parent("orders"),
        "status": "failed" if is_declined else "completed",
        "external_type": "refund" if is_refund else "sale",
        "external_id": f"ch_{seed.chance:016x}",
        "amount": sale.amount,
        "currency": sale.currency,
        "result": "declined" if is_declined else "approved",
        "is_rebill": False,
        "rebill_number": "0",
        "visits": {},
    }


MAKERS: dict[str, Maker] = {
    "orders": order,
    "order_invoices": invoice,
    "order_transactions": transaction,
}
