"""Seeded products, orders, fulfillments, courses and webhook endpoints."""

from __future__ import annotations

from cfsync.sandbox.seeds import Maker, Seed, Values


def _price(number: int) -> str:
    return f"{9 + number % 190}.{number % 100:02d}"


def _children(seed: Seed, resource: str) -> list[int]:
    """The ids of the seeded records below this one."""
    plan = seed.plan
    numbers = range(seed.index, plan.counts[resource], plan.counts[seed.resource])
    return [plan.id(resource, number) for number in numbers]


def product(seed: Seed) -> Values:
    variants = _children(seed, "product_variants")
    return {
        "name": f"Product {seed.index + 1}",
        "current_path": f"/products/product-{seed.index + 1}",
        "archived": seed.chance % 10 == 0,
        "visible_in_store": True,
        "visible_in_customer_center": seed.chance % 2 == 0,
        "image_id": None,
        "seo_title": f"Buy product {seed.index + 1}",
        "seo_description": None,
        "seo_image_id": None,
        "commissionable": False,
        "image_ids": [],
        "default_variant_id": variants[0] if variants else 0,
        "variant_ids": variants,
        "price_ids": _children(seed, "product_prices"),
        "tag_ids": [],
        "redirect_funnel_id": None,
        "cancellation_funnel_url": None,
        "variant_properties": [],
    }


def variant(seed: Seed) -> Values:
    plan, products = seed.plan, seed.plan.counts["products"]
    prices = range(seed.index, plan.counts["product_prices"], plan.counts["product_variants"])
    return {
        "product_id": seed.parent("products"),
        "name": f"Variant {seed.index // products + 1}",
        "description": None,
        "sku": f"SKU-{seed.index + 1:06d}",
        "product_type": "physical",
        "properties_value_ids": [],
        "out_of_stock_sales": "deny",
        "weight": 1.5,
        "weight_unit": "lb",
        "height": None,
        "width": 3,
        "length": None,
        "dimensions_unit": "in",
        "quantity": seed.chance % 100,
        "tag_ids": [],
        "tax_category_id": None,
        "asset_ids": [],
        "taxable": "true",
        "track_quantity": True,
        "archived": False,
        "visible": True,
        "price_ids": [plan.id("product_prices", number) for number in prices],
        "fulfillment_required": True,
        "country_of_manufacture_id": None,
        "image_ids": [],
        "fulfillments_location_ids": [],
        "default": seed.index < products,
        "properties_values": [],
        "created_by_platform_application": {},
    }


def price(seed: Seed) -> Values:
    plan = seed.plan
    variants = plan.counts["product_variants"]
    return {
        "product_id": seed.parent("products"),
        "variant_id": plan.id("product_variants", seed.index % variants) if variants else None,
        "name": "Full price",
        "amount": _price(seed.chance),
        "cost": None,
        "currency": "USD",
        "duration": "0",
        "interval": "months",
        "trial_interval": "days",
        "trial_duration": "0",
        "trial_amount": "0.00",
        "setup_amount": None,
        "self_cancel": False,
        "self_upgrade": False,
        "self_downgrade": False,
        "self_reactivate": False,
        "interval_count": "1",
        "payment_type": "one_time",
        "visible": True,
        "compare_at_amount": _price(seed.chance + 5000),
        "key": None,
        "archived": False,
    }


def order(seed: Seed) -> Values:
    chance, amount = seed.chance, _price(seed.chance)
    external = seed.index // max(1, seed.plan.counts["workspaces"]) % 3 == 2
    return {
        "order_number": str(10_000 + seed.index),
        "contact_id": seed.pick("contacts", chance),
        "live_mode": True,
        "total_amount": amount,
        "currency": "USD",
        "origination_channel_id": 800 + chance % 5,
        "origination_channel_type": "Funnel",
        "shipping_address_first_name": "Ada",
        "shipping_address_last_name": "Lovelace",
        "shipping_address_street_one": f"{chance % 900 + 1} Analytical Row",
        "shipping_address_city": "Boise",
        "shipping_address_region": "Idaho",
        "shipping_address_country": "US",
        "shipping_address_postal_code": "83702",
        "billing_address_street_one": f"{chance % 900 + 1} Analytical Row",
        "billing_address_city": "Boise",
        "billing_address_region": "Idaho",
        "billing_address_country": "US",
        "billing_address_postal_code": "83702",
        "page_id": 700 + chance % 3,
        "in_trial": False,
        "billing_status": "paid",
        "service_status": "active",
        "order_type": "one-time-order" if chance % 4 else "subscription",
        "tax_amount": "0.00",
        "funnel_name": "Spring launch",
        "tag_ids": [],
        "discount_ids": [],
        "activated_at": seed.past(chance),
        "external_id": f"ext-{seed.id}" if external else None,
        "payment_processor": "external" if external else "stripe",
        "page_name": "Checkout",
        "origination_channel_name": "Spring launch",
        "contact_groups": [],
        "segments": [],
        "visits": {},
        "_lines": [seed.pick("products", chance)] if seed.plan.counts["products"] else [],
    }


def invoice(seed: Seed) -> Values:
    amount = _price(seed.chance)
    return {
        "order_id": seed.pick("orders", seed.index // max(1, seed.plan.counts["workspaces"])),
        "status": "paid",
        "due_amount": "0.00",
        "total_amount": amount,
        "subtotal_amount": amount,
        "tax_amount": "0.00",
        "shipping_amount": "0.00",
        "discount_amount": None,
        "currency": "USD",
        "issued_at": seed.past(seed.chance),
        "due_at": None,
        "paid_at": seed.past(seed.chance),
        "invoice_type": "one_time",
        "invoice_number": f"INV-{seed.index + 1:05d}",
        "fulfillment_status": "unfulfilled",
        "external_id": f"in_{seed.chance:016x}",
        "payment_processor": "stripe",
        "eligible_for_fulfillment": True,
        "line_items": [{"id": 50_000 + seed.index, "quantity": 1, "description": "Line"}],
        "visits": {},
    }


def transaction(seed: Seed) -> Values:
    return {
        "order_id": seed.parent("orders"),
        "status": "completed",
        "external_type": "sale",
        "external_id": f"ch_{seed.chance:016x}",
        "amount": _price(seed.chance),
        "currency": "USD",
        "result": "approved",
        "is_rebill": False,
        "rebill_number": "0",
        "visits": {},
    }


def location(seed: Seed) -> Values:
    return {
        "name": f"Warehouse {seed.index + 1}",
        "address_name": "Main dock",
        "email_address": f"dock{seed.index + 1}@example.com",
        "phone_number": None,
        "sort_order": seed.index,
        "archived": False,
        "external_app": False,
        "address": {"city": "Boise", "country_id": 233, "postal_code": "83702"},
    }


def fulfillment(seed: Seed) -> Values:
    return {
        "contact_id": seed.pick("contacts", seed.chance),
        "status": "fulfilled",
        "tracking_url": f"https://track.example.com/{seed.id}",
        "shipping_provider": "UPS",
        "tracking_code": f"1Z{seed.chance % 10**9:09d}",
        "location_id": seed.pick("fulfillment_locations", seed.chance),
        "fulfillment_number": seed.index + 1,
        "included_invoices_line_items": [{"id": 50_000 + seed.index, "quantity": 1}],
    }


def course(seed: Seed) -> Values:
    number = seed.index + 1
    return {
        "title": f"Course {number}",
        "published_at": seed.past(seed.chance),
        "root_section_id": str(900 + number),
        "description": f"All of subject {number}",
        "current_path": f"/courses/{number}",
        "sharing_fingerprint": f"{seed.chance:016x}",
        "show_in_community": True,
        "show_to_non_members": False,
        "redirect_to_full_course": False,
        "comments_enabled": True,
    }


def enrollment(seed: Seed) -> Values:
    return {
        "course_id": seed.parent("courses"),
        "contact_id": seed.pick("contacts", seed.chance),
        "suspended": False,
        "suspension_reason": None,
        "current_path": f"/enrollments/{seed.id}",
        "origination_source_type": "Order",
        "origination_source_id": 0,
    }


def endpoint(seed: Seed) -> Values:
    return {
        "url": f"https://hooks.example.com/{seed.index + 1}",
        "name": f"Endpoint {seed.index + 1}",
        "event_type_ids": ["contact.created", "contact.updated"],
        "api_version": 2,
        "page_ids": [],
        "funnel_ids": [],
    }


MAKERS: dict[str, Maker] = {
    "products": product,
    "product_variants": variant,
    "product_prices": price,
    "orders": order,
    "order_invoices": invoice,
    "order_transactions": transaction,
    "fulfillment_locations": location,
    "fulfillments": fulfillment,
    "courses": course,
    "enrollments": enrollment,
    "webhook_endpoints": endpoint,
}
