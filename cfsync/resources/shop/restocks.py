"""What comes back and what is downloaded: restocks and downloads. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

ORDER_RESTOCKS = Resource(
    name="order_restocks",
    body_key="orders_invoices_restock",
    parent="workspaces",
    list_path="/workspaces/{parent}/orders/invoices/restocks",
    one_path="/orders/invoices/restocks/{id}",
    group="standard",
    events=("orders/invoices/restock.created", "orders/invoices/restock.updated"),
    pull_every="15m",
    fields=table("""
        id                            integer
        public_id                     text?
        workspace_id                  integer     ref=workspaces
        contact_id                    integer     ref=contacts
        status                        text
        included_invoices_line_items  json?       quote
        created_at                    timestamp?
        updated_at                    timestamp?
    """),
)

DOWNLOADS = Resource(
    name="downloads",
    body_key="download",
    parent="workspaces",
    list_path="/workspaces/{parent}/downloads",
    one_path="/downloads/{id}",
    group="standard",
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     ref=workspaces
        asset_id      integer?
        name          text?
        created_at    timestamp?
        updated_at    timestamp?
    """),
)
