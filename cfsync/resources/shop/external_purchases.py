"""Purchases made elsewhere: endpoints, what an outside SKU buys, and what came in. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

EXTERNAL_PURCHASE_ENDPOINTS = Resource(
    name="external_purchase_endpoints",
    body_key="webhooks_incoming_external_purchases_endpoint",
    parent="workspaces",
    list_path="/workspaces/{parent}/webhooks/incoming/external_purchase_endpoints",
    one_path="/webhooks/incoming/external_purchase_endpoints/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("id", "provider", "live_mode"),
    natural=("name",),
    fields=table("""
        id                            integer
        public_id                     text
        workspace_id                  integer    ref=workspaces
        name                          text       create update
        provider                      text       create
        live_mode                     boolean    create
        suppress_order_system_emails  boolean    create update
        url                           text
        webhook_secret_last_four      text?
        provider_metadata             json
        created_at                    timestamp
        updated_at                    timestamp
        webhook_secret                text?      secret
    """),
)

EXTERNAL_PURCHASE_MAPPINGS = Resource(
    name="external_purchase_mappings",
    body_key="external_purchase_product_mapping",
    parent="external_purchase_endpoints",
    list_path="/webhooks/incoming/external_purchase_endpoints/{parent}/product_mappings",
    one_path="/webhooks/incoming/external_purchase_product_mappings/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("external_product_sku",),
    fields=table("""
        id                             integer
        public_id                      text
        workspace_id                   integer    path ref=workspaces
        external_purchase_endpoint_id  integer    ref=external_purchase_endpoints
        external_product_sku           text       create update
        products_variant_id            integer    create update write-only ref=product_variants from=clickfunnels_variant
        products_price_id              integer    create update write-only ref=product_prices from=clickfunnels_price
        clickfunnels_product           json       quote
        clickfunnels_variant           json       quote
        clickfunnels_price             json       quote
        created_at                     timestamp
        updated_at                     timestamp
    """),
)

EXTERNAL_PURCHASE_EVENTS = Resource(
    name="external_purchase_events",
    body_key="external_purchase_event",
    parent="external_purchase_endpoints",
    list_path="/webhooks/incoming/external_purchase_endpoints/{parent}/events",
    one_path="/webhooks/incoming/external_purchase_events/{id}",
    group="standard",
    filters=("event_type", "processing_status"),
    pull_every="15m",
    expand=False,
    fields=table("""
        id                             integer
        public_id                      text
        workspace_id                   integer     ref=workspaces
        external_purchase_endpoint_id  integer     ref=external_purchase_endpoints
        order_id                       integer?    ref=orders
        event_type                     text
        external_event_id              text
        payload                        json        on-request
        processed_at                   timestamp?
        processing_status              text
        processing_errors              json?
        created_at                     timestamp
        updated_at                     timestamp
    """),
)
