"""The views on PostgreSQL; see `mirror.capture.views`."""

from __future__ import annotations

from collections.abc import Sequence

from cfsync.mirror.capture.views import WAITING


def _integer(path: str) -> str:
    return f"CASE jsonb_typeof({path}) WHEN 'number' THEN ({path})::numeric::bigint END"


def _money(path: str) -> str:
    return f"CASE WHEN ({path}) ~ '^-?[0-9]+([.][0-9]+)?$' THEN ({path})::numeric END"


VIEWS: Sequence[str] = (
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
    # A barrier: no function in a user's condition sees what the view leaves out.
    WAITING.replace(
        "CREATE VIEW cf_waiting AS",
        "CREATE OR REPLACE VIEW cf_waiting WITH (security_barrier) AS",
    ),
)
