"""`cf_waiting`: what waits for a person, and the command that helps. `cf_my_edits`: what has become
of the edits of the role that reads it.
"""

from __future__ import annotations

from cfsync.mirror.bookkeeping import reasons
from cfsync.mirror.db.errors import OWN_CONSTRAINT
from cfsync.mirror.views.model import View, columns

DRIFTED = "changed here while edits were not captured"
INSERTED = "inserted here while edits were not captured"
MASS = 50
"""From this number on, what has drifted in a table is one line of `cf_waiting`; so is what one
constraint or trigger of the user's refuses.
"""
_REFUSED_MASSES = (
    "SELECT resource, error FROM cf_events WHERE source = 'refused' AND state = 'new'"
    f" GROUP BY resource, error HAVING count(*) >= {MASS}"
)
_PARKED_MASSES = (
    "SELECT resource, error FROM cf_outbox WHERE state = 'parked'"
    f" AND substr(error, 1, {len(OWN_CONSTRAINT)}) = '{OWN_CONSTRAINT}'"
    f" GROUP BY resource, error HAVING count(*) >= {MASS}"
)
_MASSES = (
    "SELECT resource FROM cf_conflicts WHERE state = 'open' AND kind = 'drift'"
    f" GROUP BY resource HAVING count(*) >= {MASS}"
)

_UNDECIDED = """NOT EXISTS (
  SELECT 1 FROM cf_conflicts c WHERE c.resource = o.resource AND c.record_id = o.record_id
    AND c.state = 'open' AND c.kind IN ('deleted_remotely', 'deleted_here'))"""
# coalesce(): by the index on states, SQLite would look at all parked edits for each of them.
# count(): instead of an EXISTS, PostgreSQL would read the whole outbox once into memory.
_WITH_ITS_INSERT = """(state = 'parked' AND op <> 'insert' AND (
  SELECT count(*) FROM cf_outbox i WHERE i.resource = o.resource AND i.record_id = o.record_id
    AND i.op = 'insert' AND coalesce(i.state, '') = 'parked' AND i.error = o.error) > 0)"""
_IS_MASS = (
    f"(state = 'held' AND substr(coalesce(error, ''), 1, {len(reasons.MASS)}) = '{reasons.MASS}')"
)


def _of_workspace(table: str, alias: str) -> str:
    """The option that names the workspace, where held entries of the resource are in several."""
    return f"""CASE WHEN (
    SELECT count(DISTINCT s.workspace_id) FROM {table} s
    WHERE s.resource = {alias}.resource AND s.state = 'held') > 1
    THEN coalesce(' --workspace ' || {alias}.workspace_id, '') ELSE '' END"""


TEXT = f"""SELECT state AS kind, resource, record_id AS id, coalesce(sent_at, captured_at) AS since,
  error AS reason,
  {reasons.what_helps_sql()} AS command
FROM cf_outbox o WHERE state IN ('parked', 'held') AND NOT {_IS_MASS} AND {_UNDECIDED}
  AND NOT {_WITH_ITS_INSERT}
  AND NOT (state = 'parked' AND (resource, coalesce(error, '')) IN ({_PARKED_MASSES}))
UNION ALL
SELECT 'parked', resource, CAST(NULL AS BIGINT), min(coalesce(sent_at, captured_at)),
  count(*) || ' edits: ' || error,
  'change the constraint or trigger, then cfsync outbox retry ' || resource
FROM cf_outbox o WHERE state = 'parked' AND (resource, error) IN ({_PARKED_MASSES})
  AND {_UNDECIDED}
GROUP BY resource, error
UNION ALL
SELECT 'held', o.resource, CASE count(DISTINCT record_id) WHEN 1 THEN min(record_id) END,
  min(captured_at),
  CASE op WHEN 'delete' THEN '{reasons.MASS_DELETION}' ELSE '{reasons.MASS_UPDATE}' END
  || ' of ' || count(DISTINCT record_id),
  'cfsync outbox approve ' || o.resource || {_of_workspace("cf_outbox", "o")}
FROM cf_outbox o WHERE {_IS_MASS} AND {_UNDECIDED}
GROUP BY o.resource, o.workspace_id, op
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
SELECT 'deletion', t.resource, CASE count(*) WHEN 1 THEN min(record_id) END, min(first_seen),
  CASE count(*) WHEN 1 THEN '' ELSE count(*) || ' records: ' END
  || 'missing in ClickFunnels; too many at once to delete unasked',
  'cfsync deletions approve ' || t.resource || CASE count(*) WHEN 1 THEN ' ' || min(record_id)
    ELSE {_of_workspace("cf_tombstones", "t")} END
FROM cf_tombstones t WHERE state = 'held'
GROUP BY t.resource, t.workspace_id
UNION ALL
SELECT 'refused', resource, record_id, received_at,
  '{OWN_CONSTRAINT}: ' || error,
  'change the constraint or trigger, or the row in its way, then cfsync pull ' || resource
FROM cf_events WHERE source = 'refused' AND state = 'new'
  AND (resource, error) NOT IN ({_REFUSED_MASSES})
UNION ALL
SELECT 'refused', resource, CAST(NULL AS BIGINT), min(received_at),
  count(*) || ' rows: {OWN_CONSTRAINT}: ' || error,
  'change the constraint or trigger, then cfsync pull ' || resource
FROM cf_events WHERE source = 'refused' AND state = 'new'
  AND (resource, error) IN ({_REFUSED_MASSES})
GROUP BY resource, error"""

WAITING = View(
    "cf_waiting",
    "edit, conflict, deletion or refused row that waits for you",
    columns("""
        kind      text       w.kind
        resource  text       w.resource
        id        integer    w.id
        since     timestamp  w.since
        reason    text       w.reason
        command   text       w.command
    """),
    lambda _sql: f"FROM ({TEXT}) w",
    private=True,
)

MY_EDITS = View(
    "cf_my_edits",
    "edit that you have made by SQL, as long as it is in the outbox",
    columns("""
        seq          integer    o.seq
        resource     text       o.resource
        id           integer    o.record_id
        op           text       o.op
        state        text       o.state
        captured_at  timestamp  o.captured_at
        sent_at      timestamp  o.sent_at
        reason       text       o.error
    """),
    lambda sql: f"FROM cf_outbox o{sql.own_edits}",
    private=True,
)

VIEWS = (WAITING, MY_EDITS)
