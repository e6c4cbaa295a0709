"""The views, with the same columns on both databases. A column may be added, never moved or lost:
PostgreSQL replaces a view under the views that users have built on it only then.
"""

from __future__ import annotations

from collections.abc import Sequence

NAMES = ("order_line_items", "contact_tag_links", "cf_waiting")

_WAITING = """CREATE VIEW cf_waiting AS
SELECT state AS kind, resource, record_id AS id, coalesce(sent_at, captured_at) AS since,
  error AS reason,
  'cfsync outbox ' || CASE state WHEN 'held' THEN 'approve ' ELSE 'retry ' END || seq AS command
FROM cf_outbox o WHERE state IN ('parked', 'held') AND NOT EXISTS (
  SELECT 1 FROM cf_conflicts c WHERE c.resource = o.resource AND c.record_id = o.record_id
    AND c.state = 'open' AND c.field IN ('deleted_remotely', ''))
UNION ALL
SELECT 'conflict', resource, record_id, found_at,
  CASE field WHEN 'deleted_remotely' THEN 'deleted in ClickFunnels while it was edited here'
    WHEN '' THEN 'changed in ClickFunnels since it was deleted here'
    ELSE field || ': changed on both sides; ' || CASE winner WHEN 'hold'
      THEN 'waits for a decision' ELSE winner || ' won, the other value is kept' END END,
  'cfsync conflicts resolve ' || id
FROM cf_conflicts WHERE state = 'open'
UNION ALL
SELECT 'deletion', resource, record_id, first_seen,
  'missing in ClickFunnels; too many at once to delete unasked',
  'cfsync deletions approve ' || resource || ' ' || record_id
FROM cf_tombstones WHERE state = 'held'"""

SQLITE: Sequence[str] = (
    """CREATE VIEW order_line_items AS
SELECT o.id AS order_id, o.workspace_id, o.contact_id, item.key + 1 AS position,
  json_extract(item.value, '$.id') AS id,
  json_extract(item.value, '$.public_id') AS public_id,
  json_extract(item.value, '$.quantity') AS quantity,
  json_extract(item.value, '$.original_product.id') AS product_id,
  json_extract(item.value, '$.original_product.name') AS product_name,
  json_extract(item.value, '$.products_variant.id') AS variant_id,
  json_extract(item.value, '$.products_variant.name') AS variant_name,
  json_extract(item.value, '$.products_variant.sku') AS sku,
  json_extract(item.value, '$.products_price.id') AS price_id,
  json_extract(item.value, '$.products_price.name') AS price_name,
  json_extract(item.value, '$.products_price.amount') AS amount,
  json_extract(item.value, '$.products_price.currency') AS currency,
  o.created_at AS ordered_at
FROM orders o, json_each(CASE json_valid(o.line_items) WHEN 1 THEN o.line_items END) item
WHERE item.type = 'object'""",
    """CREATE VIEW contact_tag_links AS
SELECT c.id AS contact_id, tag.value AS tag_id, c.workspace_id
FROM contacts c, json_each(CASE json_valid(c.tag_ids) WHEN 1 THEN c.tag_ids END) tag
WHERE tag.type = 'integer'""",
    _WAITING,
)


def _integer(path: str) -> str:
    return f"CASE jsonb_typeof({path}) WHEN 'number' THEN ({path})::numeric::bigint END"


def _money(path: str) -> str:
    return f"CASE WHEN ({path}) ~ '^-?[0-9]+([.][0-9]+)?$' THEN ({path})::numeric END"


POSTGRESQL: Sequence[str] = (
    f"""CREATE OR REPLACE VIEW order_line_items AS
SELECT o.id AS order_id, o.workspace_id, o.contact_id, position,
  {_integer("item -> 'id'")} AS id,
  item ->> 'public_id' AS public_id,
  {_integer("item -> 'quantity'")} AS quantity,
  {_integer("item -> 'original_product' -> 'id'")} AS product_id,
  item -> 'original_product' ->> 'name' AS product_name,
  {_integer("item -> 'products_variant' -> 'id'")} AS variant_id,
  item -> 'products_variant' ->> 'name' AS variant_name,
  item -> 'products_variant' ->> 'sku' AS sku,
  {_integer("item -> 'products_price' -> 'id'")} AS price_id,
  item -> 'products_price' ->> 'name' AS price_name,
  {_money("item -> 'products_price' ->> 'amount'")} AS amount,
  item -> 'products_price' ->> 'currency' AS currency,
  o.created_at AS ordered_at
FROM orders o, jsonb_array_elements(
  CASE jsonb_typeof(o.line_items) WHEN 'array' THEN o.line_items END
) WITH ORDINALITY AS items (item, position)
WHERE jsonb_typeof(item) = 'object'""",
    f"""CREATE OR REPLACE VIEW contact_tag_links AS
SELECT c.id AS contact_id, {_integer("tag")} AS tag_id, c.workspace_id
FROM contacts c, jsonb_array_elements(
  CASE jsonb_typeof(c.tag_ids) WHEN 'array' THEN c.tag_ids END
) AS tags (tag)
WHERE jsonb_typeof(tag) = 'number'""",
    _WAITING.replace("CREATE VIEW", "CREATE OR REPLACE VIEW"),
)
