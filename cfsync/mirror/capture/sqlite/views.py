"""The views on SQLite; see `mirror.capture.views`."""

from __future__ import annotations

from collections.abc import Sequence

from cfsync.mirror.capture.rules import IS_WRITING
from cfsync.mirror.capture.views import WAITING
from cfsync.mirror.db.tables import VIEW_NAMES


def _money(value: str) -> str:
    is_decimal = f"{value} GLOB '*[0-9]' AND {value} NOT GLOB '*[^0-9.-]*'"
    return f"CASE WHEN {is_decimal} THEN CAST({value} AS NUMERIC) END"


VIEWS: Sequence[str] = (
    f"""CREATE VIEW order_line_items AS
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
  {_money("json_extract(item.value, '$.products_price.amount')")} AS amount,
  json_extract(item.value, '$.products_price.currency') AS currency,
  o.created_at AS ordered_at
FROM orders o, json_each(CASE json_valid(o.line_items) WHEN 1 THEN o.line_items END) item
WHERE item.type = 'object'""",
    """CREATE VIEW contact_tag_links AS
SELECT c.id AS contact_id, tag.value AS tag_id, c.workspace_id
FROM contacts c, json_each(CASE json_valid(c.tag_ids) WHEN 1 THEN c.tag_ids END) tag
WHERE tag.type = 'integer'""",
    WAITING,
    f"CREATE VIEW {IS_WRITING} AS SELECT mark > 0 AS is_writing FROM cf_writer",
)

NAMES = (*VIEW_NAMES, IS_WRITING)
