"""What the views have in common on both databases: their columns, and `cf_waiting`.

A column may be added at the end, but never moved or removed: PostgreSQL can then replace a view in
place, and views that users have built on it stay.
"""

from __future__ import annotations

from cfsync.mirror.bookkeeping import reasons
from cfsync.mirror.db.errors import OWN_CONSTRAINT

VIEWED = {"order_line_items": "orders", "contact_tag_links": "contacts"}
"""View -> the table that it shows."""

DRIFTED = "changed here while edits were not captured"
INSERTED = "inserted here while edits were not captured"
MASS = 50
"""From this number on, what has drifted in a table is one line of `cf_waiting`."""
_MASSES = (
    "SELECT resource FROM cf_conflicts WHERE state = 'open' AND kind = 'drift'"
    f" GROUP BY resource HAVING count(*) >= {MASS}"
)

WAITING = f"""CREATE VIEW cf_waiting AS
SELECT state AS kind, resource, record_id AS id, coalesce(sent_at, captured_at) AS since,
  error AS reason,
  {reasons.what_helps_sql()} AS command
FROM cf_outbox o WHERE state IN ('parked', 'held') AND NOT EXISTS (
  SELECT 1 FROM cf_conflicts c WHERE c.resource = o.resource AND c.record_id = o.record_id
    AND c.state = 'open' AND c.kind IN ('deleted_remotely', 'deleted_here'))
UNION ALL
SELECT 'conflict', resource, record_id, found_at,
  CASE kind WHEN 'deleted_remotely' THEN 'deleted in ClickFunnels while it was edited here'
    WHEN 'deleted_here' THEN 'changed in ClickFunnels since it was deleted here'
    WHEN 'drift' THEN CASE field WHEN '' THEN '{INSERTED}' ELSE field || ': {DRIFTED}' END
    ELSE field || ': changed on both sides; ' || CASE winner WHEN 'hold'
      THEN 'waits for a decision' ELSE winner || ' won, the other value is kept' END END,
  'cfsync conflicts resolve ' || id
FROM cf_conflicts WHERE state = 'open' AND (kind <> 'drift' OR resource NOT IN ({_MASSES}))
UNION ALL
SELECT 'conflict', resource, CAST(NULL AS BIGINT), min(found_at),
  count(*) || ' values and rows: {DRIFTED}',
  'cfsync conflicts resolve --field drift ' || resource
FROM cf_conflicts WHERE state = 'open' AND kind = 'drift' AND resource IN ({_MASSES})
GROUP BY resource
UNION ALL
SELECT 'deletion', resource, record_id, first_seen,
  'missing in ClickFunnels; too many at once to delete unasked',
  'cfsync deletions approve ' || resource || ' ' || record_id
FROM cf_tombstones WHERE state = 'held'
UNION ALL
SELECT 'refused', resource, record_id, received_at,
  '{OWN_CONSTRAINT}: ' || error, 'cfsync pull ' || resource
FROM cf_events WHERE source = 'refused' AND state = 'new'"""
