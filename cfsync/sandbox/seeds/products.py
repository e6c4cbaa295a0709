"""Seeded products, with their variants and prices."""

from __future__ import annotations

from cfsync.sandbox.seeds.records import Maker, Seed, Values

# What is the same in all seeded records of a kind stands in a constant beside its maker. Records
# share its lists: nobody changes a record in place.


def amount_of(number: int) -> str:
    return f"{9 + number % 190}.{number % 100:02d}"


def _children(seed: Seed, resource: str) -> list[int]:
    """The ids of the seeded records below this one."""
    plan = seed.plan
    numbers = range(seed.index, plan.counts[resource], plan.counts[seed.resource])
    return [plan.id(resource, number) for number in numbers]


PRODUCT: Values = {
    "visible_in_store": True,
    "image_id": None,
    "seo_description": None,
    "seo_image_id": None,
    "commissionable": False,
    "image_ids": [],
    "tag_ids": [],
    "redirect_funnel_id": None,
    "cancellation_funnel_url": None,
    "variant_properties": [],
}


def product(seed: Seed) -> Values:
    variants = _children(seed, "product_variants")
    return PRODUCT | {
        "name": f"Product {seed.index + 1}",
        "current_path": f"/products/product-{seed.index + 1}",
        "archived": seed.chance % 10 == 0,
        "visible_in_customer_center": seed.chance % 2 == 0,
        "seo_title": f"Buy product {seed.index + 1}",
        "default_variant_id": variants[0] if variants else 0,
        "variant_ids": variants,
        "price_ids": _children(seed, "product_prices"),
    }


VARIANT: Values = {
    "description": None,
    "product_type": "physical",
    "properties_value_ids": [],
    "out_of_stock_sales": "deny",
    "weight": 1.5,
    "weight_unit": "lb",
    "height": None,
    "width": 3,
    "length": None,
    "dimensions_unit": "in",
    "tag_ids": [],
    "tax_category_id": None,
    "asset_ids": [],
    "taxable": "true",
    "track_quantity": True,
    "archived": False,
    "visible": True,
    "fulfillment_required": True,
    "country_of_manufacture_id": None,
    "image_ids": [],
    "fulfillments_location_ids": [],
    "properties_values": [],
    "created_by_platform_application": {},
}


def variant(seed: Seed) -> Values:
    plan, products = seed.plan, seed.plan.counts["products"]
    prices = range(seed.index, plan.counts["product_prices"], plan.counts["product_variants"])
    return VARIANT | {
        "product_id": seed.parent("products"),
        "name": f"Variant {seed.index // products + 1}",
        "sku": f"SKU-{seed.index + 1:06d}",
        "quantity": seed.chance % 100,
        "price_ids": [plan.id("product_prices", number) for number in prices],
        "default": seed.index < products,
    }


PRICE: Values = {
    "name": "Full price",
    "cost": None,
    "currency": "USD",
    "duration": 0,
    "interval": "months",
    "trial_interval": "days",
    "trial_duration": 0,
    "trial_amount": "0.00",
    "setup_amount": None,
    "self_cancel": False,
    "self_upgrade": False,
    "self_downgrade": False,
    "self_reactivate": False,
    "interval_count": 1,
    "payment_type": "one_time",
    "visible": True,
    "key": None,
    "archived": False,
}


def price(seed: Seed) -> Values:
    plan = seed.plan
    variants = plan.counts["product_variants"]
    return PRICE | {
        "product_id": seed.parent("products"),
        "variant_id": plan.id("product_variants", seed.index % variants) if variants else None,
        "amount": amount_of(seed.chance),
        "compare_at_amount": amount_of(seed.chance + 5000),
    }


MAKERS: dict[str, Maker] = {
    "products": product,
    "product_variants": variant,
    "product_prices": price,
}
