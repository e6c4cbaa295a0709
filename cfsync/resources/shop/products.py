"""What is sold: products, variants, prices. Field facts: the API's OpenAPI document, version 2.0.0."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

PRODUCTS = Resource(
    name="products",
    body_key="product",
    parent="workspaces",
    list_path="/workspaces/{parent}/products",
    one_path="/products/{id}",
    insert="create",
    update=True,
    refuse_delete="set archived to true instead",
    actions={
        "archive": Action("POST", "/products/{id}/archive"),
        "unarchive": Action("POST", "/products/{id}/unarchive"),
    },
    filters=("id", "archived", "visible_in_store", "visible_in_customer_center"),
    natural=("name",),
    events=("product.created", "product.updated"),
    pull_every="5m",
    fields=table("""
        id                          integer
        public_id                   text?
        workspace_id                integer     ref=workspaces
        name                        text        create! update
        current_path                text?       create update
        archived                    boolean?    true=>archive false=>unarchive
        visible_in_store            boolean?    create update
        visible_in_customer_center  boolean?    create update
        image_id                    text?       ref=images
        seo_title                   text?       create update
        seo_description             text?       create update
        seo_image_id                text?       create update ref=images
        commissionable              boolean?    create update
        image_ids                   json?       create update ref=images
        default_variant_id          integer     ref=product_variants
        variant_ids                 json?       update ref=product_variants
        price_ids                   json?       update ref=product_prices
        tag_ids                     json?       create update set ref=product_tags
        redirect_funnel_id          text?       create update ref=funnels
        cancellation_funnel_url     text?       create update
        created_at                  timestamp?
        updated_at                  timestamp?
        variant_properties          json?       create update
    """),
)

PRODUCT_VARIANTS = Resource(
    name="product_variants",
    body_key="products_variant",
    parent="products",
    list_path="/products/{parent}/variants",
    one_path="/products/variants/{id}",
    insert="create",
    update=True,
    refuse_delete="set archived to true instead",
    filters=("id", "visible", "archived", "fulfillment_required"),
    natural=("name", "sku", "product_type"),
    events=("products/variant.created", "products/variant.updated"),
    pull_every="5m",
    fields=table("""
        id                               integer
        public_id                        text?
        workspace_id                     integer     path ref=workspaces
        product_id                       integer     ref=products
        name                             text        create! update
        description                      text?       create update
        sku                              text?       create update
        product_type                     text        create! update
        properties_value_ids             json?
        out_of_stock_sales               text?       create update
        weight                           number?     create update
        weight_unit                      text        create! update
        height                           number?     create update
        width                            number?     create update
        length                           number?     create update
        dimensions_unit                  text?       create update
        quantity                         integer?
        tag_ids                          json?       ref=product_tags
        tax_category_id                  text?       create update
        asset_ids                        json?       create update set
        taxable                          text?       create update
        track_quantity                   boolean?    create update
        archived                         boolean?    create update
        visible                          boolean?    create update
        price_ids                        json?       ref=product_prices
        fulfillment_required             boolean?    create update
        country_of_manufacture_id        text?       create update
        image_ids                        json?       create update ref=images
        fulfillments_location_ids        json?       create update ref=fulfillment_locations
        created_at                       timestamp?
        updated_at                       timestamp?
        default                          boolean?
        properties_values                json?       create! update
        created_by_platform_application  json        quote
        has_access_to_all_valid_assets   boolean?    create update
        included_courses                 json?
        included_space_groups            json?
        included_courses_attributes      json        create update write-only
        included_space_groups_attributes  json       create update write-only
    """),
)

PRODUCT_PRICES = Resource(
    name="product_prices",
    body_key="products_price",
    parent="products",
    list_path="/products/{parent}/prices",
    one_path="/products/prices/{id}",
    create_paths={
        "variant_id": "/products/variants/{parent}/prices",
        "product_id": "/products/{parent}/prices",  # until 2026
    },
    insert="create",
    update=True,
    refuse_delete="set archived to true instead",
    filters=("id", "variant_id", "visible", "archived"),
    natural=("name", "amount", "currency", "key"),
    pull_every="5m",
    fields=table("""
        id                 integer
        public_id          text?
        product_id         integer     path ref=products
        workspace_id       integer     path ref=workspaces
        variant_id         integer?    ref=product_variants default=default_variant_id
        name               text?       create update
        amount             money       create! update
        cost               money?      create update
        currency           text        create update
        duration           integer?    create update
        interval           text?       create update
        trial_interval     text?       create update
        trial_duration     integer?    create update
        trial_amount       money       create update
        setup_amount       money?      create update
        self_cancel        boolean?    create update
        self_upgrade       boolean?    create update
        self_downgrade     boolean?    create update
        self_reactivate    boolean?    create update
        interval_count     integer?    create update
        payment_type       text?       create update
        visible            boolean?    create update
        compare_at_amount  money?      create update
        key                text?       create update
        archived           boolean?    create update
        created_at         timestamp?
        updated_at         timestamp?
    """),
)

PRODUCT_COLLECTIONS = Resource(
    name="product_collections",
    body_key="products_collection",
    parent="workspaces",
    list_path="/workspaces/{parent}/products/collections",
    one_path="/products/collections/{id}",
    group="standard",
    insert="create",
    update=True,
    filters=("id", "archived", "visible_in_store"),
    natural=("name",),
    fields=table("""
        id                integer
        public_id         text?
        workspace_id      integer     ref=workspaces
        name              text        create! update
        description       text?       create update
        collection_type   text?       create update
        product_ids       json?       create update set ref=products
        sort_method       text?       create update
        archived          boolean?
        image_id          text?       create update ref=images
        visible_in_store  boolean?    create update
        current_path      text?
        seo_title         text?       create update
        seo_description   text?       create update
        seo_indexable     text?
        social_image_id   text?       create update ref=images
        created_at        timestamp?
        updated_at        timestamp?
    """),
)
