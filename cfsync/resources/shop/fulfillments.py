"""What is shipped: fulfillments and their locations. Field facts: the API's OpenAPI document, version 2.0.0."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

FULFILLMENT_LOCATIONS = Resource(
    name="fulfillment_locations",
    body_key="fulfillments_location",
    parent="workspaces",
    list_path="/workspaces/{parent}/fulfillments/locations",
    one_path="/fulfillments/locations/{id}",
    insert="create",
    update=True,
    delete=True,
    natural=("name", "address_name", "email_address"),
    fields=table("""
        id             integer
        public_id      text?
        workspace_id   integer     ref=workspaces
        name           text        create! update
        address_name   text        create! update
        email_address  text        create! update email
        phone_number   text?       create update
        sort_order     integer?
        archived       boolean     create update
        external_app   boolean?    create update
        created_at     timestamp?
        updated_at     timestamp?
        address        json        create update
    """),
)

FULFILLMENTS = Resource(
    name="fulfillments",
    body_key="fulfillment",
    parent="workspaces",
    list_path="/workspaces/{parent}/fulfillments",
    one_path="/fulfillments/{id}",
    insert="create",
    update=True,
    refuse_delete="set status to 'cancelled' instead",
    actions={
        "cancel": Action("POST", "/fulfillments/{id}/cancel"),
    },
    natural=("contact_id", "location_id", "tracking_code", "shipping_provider"),
    events=("fulfillment.created", "fulfillment.updated"),
    pull_every="5m",
    fields=table("""
        id                                              integer
        public_id                                       text?
        workspace_id                                    integer     ref=workspaces
        contact_id                                      integer     create! ref=contacts
        status                                          text        cancelled=>cancel
        tracking_url                                    text?       create update
        shipping_provider                               text?       create update
        tracking_code                                   text?       create update
        location_id                                     integer     create! ref=fulfillment_locations
        fulfillment_number                              integer?
        created_at                                      timestamp?
        updated_at                                      timestamp?
        included_invoices_line_items                    json?       quote
        ignore_out_of_stock                             boolean     create write-only
        notify_customer                                 boolean     create update write-only
        included_orders_invoices_line_items_attributes  json        create! write-only
    """),
)
