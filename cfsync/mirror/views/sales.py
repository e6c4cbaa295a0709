"""Who bought what, what goes on being paid, what was given back."""

from __future__ import annotations

from cfsync.mirror.db.dialect.view_sql import ViewSql
from cfsync.mirror.views.model import View, columns

_LIVE = "o.live_mode"
_SOLD = f"{_LIVE} AND o.billing_status IN ('paid', 'partially-refunded')"
_IS_SUBSCRIPTION = "substr(o.order_type, 1, 12) = 'subscription'"
_UNSOLD = "orders in test mode, and all that are not paid: unpaid, past due, voided, refunded"

_MONTHS = """CASE substr({interval}, 1, 3) WHEN 'yea' THEN 12 WHEN 'qua' THEN 3 WHEN 'mon' THEN 1
    WHEN 'wee' THEN 12 / 52.0 WHEN 'day' THEN 12 / 365.0 END"""
"""The length of an interval, in months."""


def _sales(sql: ViewSql) -> str:
    discount = sql.member("discount", "integer")
    return f"""FROM orders o
JOIN {sql.rows("o.line_items", "item")} ON {sql.is_object("item")}
LEFT JOIN contacts c ON c.id = o.contact_id
LEFT JOIN funnels f ON f.id = o.origination_channel_id
  AND lower(o.origination_channel_type) = 'funnel'
LEFT JOIN pages p ON p.id = o.page_id
LEFT JOIN (
  SELECT o.id AS order_id, min(coalesce(nullif(d.code, ''), d.name)) AS discount
  FROM orders o JOIN {sql.rows("o.discount_ids", "discount")} ON {discount} IS NOT NULL
  JOIN discounts d ON d.id = {discount}
  GROUP BY o.id
) given ON given.order_id = o.id
WHERE {_SOLD}"""


SALES = View(
    "sales",
    "item of an order that was paid",
    columns("""
        order_id        integer    o.id
        order_number    text       o.order_number
        workspace_id    integer    o.workspace_id
        ordered_at      timestamp  o.created_at
        order_type      text       o.order_type
        billing_status  text       o.billing_status
        contact_id      integer    o.contact_id
        email_address   text       c.email_address
        line_item_id    integer    item:id
        position        integer    item#
        product_id      integer    item:original_product.id
        product_name    text       item:original_product.name
        variant_id      integer    item:products_variant.id
        variant_name    text       item:products_variant.name
        sku             text       item:products_variant.sku
        quantity        integer    item:quantity
        unit_amount     money      item:products_price.amount
        amount          money      item:products_price.amount * coalesce(item:quantity, 1)
        currency        text       upper(o.currency)
        funnel_id       integer    f.id
        funnel_name     text       coalesce(f.name, o.funnel_name)
        page_id         integer    o.page_id
        page_name       text       coalesce(p.name, o.page_name)
        discount        text       given.discount
    """),
    _sales,
    without=_UNSOLD,
)


def _monthly(sql: ViewSql) -> str:
    """Order id -> what its items that are paid again and again cost a month."""
    price_id = sql.value("item.value", "products_price.id", "integer")
    amount = sql.value("item.value", "products_price.amount", "money")
    interval = sql.value("item.value", "products_price.interval", "text")
    count = sql.value("item.value", "products_price.interval_count", "integer")
    quantity = sql.value("item.value", "quantity", "integer")
    months = _MONTHS.format(interval=interval)
    return f"""
  SELECT o.id AS order_id, min({sql.value("item.value", "original_product.name", "text")})
      AS product_name,
    sum(1.0 * {amount} * coalesce({quantity}, 1)
      / ({months} * coalesce(nullif({count}, 0), 1))) AS amount
  FROM orders o JOIN {sql.rows("o.line_items", "item")} ON {sql.is_object("item")}
  LEFT JOIN product_prices p ON p.id = {price_id}
  WHERE {_IS_SUBSCRIPTION} AND coalesce(p.payment_type, '') <> 'one_time'
  GROUP BY o.id"""


def _subscriptions(sql: ViewSql) -> str:
    return f"""FROM orders o
LEFT JOIN contacts c ON c.id = o.contact_id
LEFT JOIN ({_monthly(sql)}
) monthly ON monthly.order_id = o.id
WHERE {_LIVE} AND {_IS_SUBSCRIPTION}"""


SUBSCRIPTIONS = View(
    "subscriptions",
    "subscription, in every state",
    columns("""
        order_id        integer    o.id
        order_number    text       o.order_number
        workspace_id    integer    o.workspace_id
        contact_id      integer    o.contact_id
        email_address   text       c.email_address
        product_name    text       monthly.product_name
        state           text       o.service_status
        billing_status  text       o.billing_status
        in_trial        boolean    o.in_trial
        monthly_amount  money      round(monthly.amount, 2)
        currency        text       upper(o.currency)
        paid_until      timestamp  o.paid_until
        renewal_at      timestamp  coalesce(o.renewal_at, o.next_charge_at)
        renewals_paid   integer    o.recurring_invoices_paid_count
        trial_end_at    timestamp  o.trial_end_at
        activated_at    timestamp  o.activated_at
        canceled_at     timestamp  o.canceled_at
        cancel_reason   text       o.cancel_reason
        churned_at      timestamp  o.churned_at
        ordered_at      timestamp  o.created_at
    """),
    _subscriptions,
    without="orders in test mode, and those that are paid once",
)

_IS_REFUND = """replace(lower(t.external_type), 'refund', '') <> lower(t.external_type)
    AND coalesce(t.result, '') <> 'declined'"""
_IS_CREDIT = "i.invoice_type = 'refund' AND i.status NOT IN ('draft', 'voided')"


def _refunds(_sql: ViewSql) -> str:
    return f"""FROM (
  SELECT 'transaction' AS source, t.id, t.order_id, t.amount, t.currency, t.reason,
    t.created_at AS refunded_at
  FROM order_transactions t WHERE {_IS_REFUND}
  UNION ALL
  SELECT 'invoice', i.id, i.order_id, i.total_amount, i.currency, NULL,
    coalesce(i.paid_at, i.issued_at, i.created_at)
  FROM order_invoices i WHERE {_IS_CREDIT} AND NOT EXISTS (
    SELECT 1 FROM order_transactions t WHERE t.order_id = i.order_id AND {_IS_REFUND})
  UNION ALL
  SELECT 'order', o.id, o.id,
    CASE o.billing_status WHEN 'refunded' THEN o.total_amount END, o.currency, NULL, NULL
  FROM orders o WHERE o.billing_status IN ('refunded', 'partially-refunded')
    AND NOT EXISTS (
      SELECT 1 FROM order_transactions t WHERE t.order_id = o.id AND {_IS_REFUND})
    AND NOT EXISTS (SELECT 1 FROM order_invoices i WHERE i.order_id = o.id AND {_IS_CREDIT})
) r
JOIN orders o ON o.id = r.order_id
LEFT JOIN contacts c ON c.id = o.contact_id
WHERE {_LIVE}"""


REFUNDS = View(
    "refunds",
    "refund: a transaction, else an invoice of that type, else the order that says so",
    columns("""
        source          text       r.source
        id              integer    r.id
        order_id        integer    o.id
        order_number    text       o.order_number
        workspace_id    integer    o.workspace_id
        contact_id      integer    o.contact_id
        email_address   text       c.email_address
        billing_status  text       o.billing_status
        amount          money      abs(r.amount)
        currency        text       upper(coalesce(r.currency, o.currency))
        reason          text       r.reason
        refunded_at     timestamp  r.refunded_at
        ordered_at      timestamp  o.created_at
    """),
    _refunds,
    without="orders in test mode, and refunds that were declined",
)


def _customers(sql: ViewSql) -> str:
    tag = sql.member("tag", "integer")
    return f"""FROM contacts c
JOIN (
  SELECT m.contact_id, sum(m.orders) AS orders, min(m.first_order_at) AS first_order_at,
    max(m.last_order_at) AS last_order_at, {sql.object_of("m.currency", "m.total")} AS spent
  FROM (
    SELECT o.contact_id, coalesce(upper(o.currency), '') AS currency, count(*) AS orders,
      min(o.created_at) AS first_order_at, max(o.created_at) AS last_order_at,
      {sql.total("o.total_amount")} AS total
    FROM orders o WHERE {_SOLD}
    GROUP BY o.contact_id, coalesce(upper(o.currency), '')
    ORDER BY 1, 2
  ) m GROUP BY m.contact_id
) s ON s.contact_id = c.id
LEFT JOIN (
  SELECT o.contact_id, count(*) AS number FROM orders o
  WHERE {_LIVE} AND {_IS_SUBSCRIPTION} AND o.service_status = 'active'
  GROUP BY o.contact_id
) a ON a.contact_id = c.id
LEFT JOIN (
  SELECT n.contact_id, {sql.list_of("n.name")} AS names FROM (
    SELECT c.id AS contact_id, t.name FROM contacts c
    JOIN {sql.rows("c.tag_ids", "tag")} ON {tag} IS NOT NULL
    JOIN contact_tags t ON t.id = {tag}
    ORDER BY 1, 2
  ) n GROUP BY n.contact_id
) tags ON tags.contact_id = c.id"""


CUSTOMERS = View(
    "customers",
    "contact with an order that was paid",
    columns("""
        contact_id            integer    c.id
        workspace_id          integer    c.workspace_id
        email_address         text       c.email_address
        first_name            text       c.first_name
        last_name             text       c.last_name
        orders                integer    s.orders
        first_order_at        timestamp  s.first_order_at
        last_order_at         timestamp  s.last_order_at
        spent                 json       s.spent
        tags                  json       coalesce(tags.names, '[]')
        active_subscriptions  integer    coalesce(a.number, 0)
    """),
    _customers,
    without=_UNSOLD,
)

VIEWS = (SALES, SUBSCRIPTIONS, REFUNDS, CUSTOMERS)
