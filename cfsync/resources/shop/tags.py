"""The tags of orders and of products. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

ORDER_TAGS = Resource(
    name="order_tags",
    body_key="orders_tag",
    parent="workspaces",
    list_path="/workspaces/{parent}/orders/tags",
    one_path="/orders/tags/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     ref=workspaces
        name          text        create! update
        color         text        create update
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

PRODUCT_TAGS = Resource(
    name="product_tags",
    body_key="products_tag",
    parent="workspaces",
    list_path="/workspaces/{parent}/products/tags",
    one_path="/products/tags/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("id",),
    natural=("name",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     ref=workspaces
        name          text        create! update
        color         text        create update
        created_at    timestamp?
        updated_at    timestamp?
    """),
)
