"""What lies in the JSON of records, a row each."""

from __future__ import annotations

from cfsync.mirror.db.dialect.view_sql import ViewSql
from cfsync.mirror.views.model import View, columns


def _order_items(sql: ViewSql) -> str:
    return f"FROM orders o JOIN {sql.rows('o.line_items', 'item')} ON {sql.is_object('item')}"


ORDER_LINE_ITEMS = View(
    "order_line_items",
    "item of an order",
    columns("""
        order_id        integer    o.id
        workspace_id    integer    o.workspace_id
        contact_id      integer    o.contact_id
        position        integer    item#
        id              integer    item:id
        public_id       text       item:public_id
        quantity        integer    item:quantity
        product_id      integer    item:original_product.id
        product_name    text       item:original_product.name
        variant_id      integer    item:products_variant.id
        variant_name    text       item:products_variant.name
        sku             text       item:products_variant.sku
        price_id        integer    item:products_price.id
        price_name      text       item:products_price.name
        amount          money      item:products_price.amount
        currency        text       item:products_price.currency
        ordered_at      timestamp  o.created_at
        interval        text       item:products_price.interval
        interval_count  integer    item:products_price.interval_count
    """),
    _order_items,
)


def _attributes(sql: ViewSql) -> str:
    return f"FROM contacts c JOIN {sql.members('c.custom_attributes', 'attribute')} ON 1 = 1"


CUSTOM_ATTRIBUTES = View(
    "custom_attributes",
    "custom attribute of a contact",
    columns("""
        contact_id    integer  c.id
        workspace_id  integer  c.workspace_id
        name          text     attribute@
        value         text     attribute:
    """),
    _attributes,
)


_KINDS = "'first_visit', 'last_visit', 'last_visit_with_utm'"


def _visits(sql: ViewSql) -> str:
    def of(table: str, contact: str) -> str:
        return f"""SELECT '{table}' AS resource, r.id AS record_id, r.workspace_id,
  r.{contact} AS contact_id, {sql.key("visit")} AS kind, visit.value AS visit
FROM {table} r JOIN {sql.members("r.visits", "visit")}
  ON {sql.key("visit")} IN ({_KINDS}) AND {sql.is_object("visit")}"""

    return f"FROM ({of('contacts', 'id')}\nUNION ALL\n{of('orders', 'contact_id')}) v"


VISITS = View(
    "visits",
    "visit that a contact or an order shows",
    columns("""
        resource          text       v.resource
        record_id         integer    v.record_id
        workspace_id      integer    v.workspace_id
        contact_id        integer    v.contact_id
        kind              text       v.kind
        uuid              text       v.visit:uuid
        started_at        timestamp  v.visit:started_at
        utm_source        text       v.visit:utm_source
        utm_medium        text       v.visit:utm_medium
        utm_campaign      text       v.visit:utm_campaign
        utm_term          text       v.visit:utm_term
        utm_content       text       v.visit:utm_content
        referrer          text       v.visit:referrer
        referring_domain  text       v.visit:referring_domain
        landing_page      text       v.visit:landing_page
        browser           text       v.visit:browser
        os                text       v.visit:os
        device_type       text       v.visit:device_type
    """),
    _visits,
)


def _invoice_items(sql: ViewSql) -> str:
    return f"""FROM order_invoices i
JOIN {sql.rows("i.line_items", "item")} ON {sql.is_object("item")}
LEFT JOIN orders o ON o.id = i.order_id"""


INVOICE_LINE_ITEMS = View(
    "invoice_line_items",
    "item of an invoice",
    columns("""
        invoice_id           integer    i.id
        order_id             integer    i.order_id
        workspace_id         integer    i.workspace_id
        contact_id           integer    o.contact_id
        live_mode            boolean    o.live_mode
        invoice_status       text       i.status
        invoice_type         text       i.invoice_type
        position             integer    item#
        id                   integer    item:id
        public_id            text       item:public_id
        description          text       item:description
        quantity             integer    item:quantity
        amount               money      item:amount
        discount_amount      money      item:discount_amount
        currency             text       i.currency
        payment_type         text       item:payment_type
        fulfillment_status   text       item:fulfillment_status
        variant_id           integer    item:products_variant.id
        variant_name         text       item:products_variant.name
        sku                  text       item:products_variant.sku
        price_id             integer    item:products_price.id
        external_product_id  text       item:external_product_id
        period_number        integer    item:period_number
        period_start_at      timestamp  item:period_start_at
        period_end_at        timestamp  item:period_end_at
        issued_at            timestamp  i.issued_at
        paid_at              timestamp  i.paid_at
    """),
    _invoice_items,
)


def _fulfillment_items(sql: ViewSql) -> str:
    item = sql.is_object("item")
    return f"""FROM fulfillments f
JOIN {sql.rows("f.included_invoices_line_items", "item")} ON {item}
LEFT JOIN (
  SELECT {sql.value("line.value", "id", "integer")} AS id, i.id AS invoice_id, i.order_id,
    {sql.value("line.value", "description", "text")} AS description,
    {sql.value("line.value", "products_variant.id", "integer")} AS variant_id,
    {sql.value("line.value", "products_variant.sku", "text")} AS sku
  FROM order_invoices i JOIN {sql.rows("i.line_items", "line")} ON {sql.is_object("line")}
) l ON l.id = {sql.value("item.value", "invoices_line_item_id", "integer")}
LEFT JOIN orders o ON o.id = l.order_id"""


FULFILLMENT_ITEMS = View(
    "fulfillment_items",
    "invoice line item in a fulfillment, with its order",
    columns("""
        fulfillment_id        integer    f.id
        workspace_id          integer    f.workspace_id
        contact_id            integer    f.contact_id
        location_id           integer    f.location_id
        status                text       f.status
        shipping_provider     text       f.shipping_provider
        tracking_code         text       f.tracking_code
        position              integer    item#
        id                    integer    item:id
        invoice_line_item_id  integer    item:invoices_line_item_id
        quantity              integer    item:quantity
        description           text       l.description
        variant_id            integer    l.variant_id
        sku                   text       l.sku
        invoice_id            integer    l.invoice_id
        order_id              integer    l.order_id
        order_number          text       o.order_number
        live_mode             boolean    o.live_mode
        fulfilled_at          timestamp  f.created_at
    """),
    _fulfillment_items,
)


def _members(sql: ViewSql) -> str:
    return f"FROM teams t JOIN {sql.rows('t.memberships', 'member')} ON {sql.is_object('member')}"


TEAM_MEMBERS = View(
    "team_members",
    "member of a team",
    columns("""
        id                     integer    member:id
        public_id              text       member:public_id
        team_id                integer    t.id
        user_id                integer    member:user_id
        user_first_name        text       member:user_first_name
        user_last_name         text       member:user_last_name
        user_profile_photo_id  text       member:user_profile_photo_id
        user_email             text       member:user_email
        added_by_id            integer    member:added_by_id
        platform_agent_of_id   integer    member:platform_agent_of_id
        role_ids               json       member:role_ids
        created_at             timestamp  member:created_at
        updated_at             timestamp  member:updated_at
        user                   json       member:user
    """),
    _members,
)

VIEWS = (
    ORDER_LINE_ITEMS,
    INVOICE_LINE_ITEMS,
    FULFILLMENT_ITEMS,
    CUSTOM_ATTRIBUTES,
    VISITS,
    TEAM_MEMBERS,
)
