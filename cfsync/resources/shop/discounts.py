"""Discounts and coupon codes. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

DISCOUNTS = Resource(
    name="discounts",
    body_key="discount",
    parent="workspaces",
    list_path="/workspaces/{parent}/discounts",
    one_path="/discounts/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("id", "code", "discount_type", "discount_method", "applies_to"),
    natural=("name", "code"),
    unique="code",
    pull_every="15m",
    fields=table("""
        id                            integer
        public_id                     text?
        workspace_id                  integer     ref=workspaces
        name                          text        create! update
        code                          text        create update
        discount_type                 text        create update
        discount_method               text        create update
        amount                        money?      create update
        percent                       number?     create update
        currency                      text        create update
        applies_to                    text        create update
        apply_from                    timestamp   create update
        apply_until                   timestamp?  create update
        limit_1_per_customer          boolean     create update
        require_minimum_spend         boolean     create update
        require_minimum_spend_amount  integer?    create update
        discounts_per_redemption      integer?    create update
        redemptions_count             integer
        product_ids                   json        create update set ref=products
        variant_ids                   json        create update set ref=product_variants
        products_collection_ids       json        create update set ref=product_collections
        active                        boolean
        expired                       boolean     update
        scheduled                     boolean
        created_at                    timestamp?
        updated_at                    timestamp?
    """),
)
