"""`cf_feed`: the history of both sides, for programs that go on from a number."""

from __future__ import annotations

from cfsync.mirror.db.dialect.view_sql import ViewSql
from cfsync.mirror.progress.meta import HISTORY_OFF
from cfsync.mirror.views.model import View, columns

_TEXT = f"""FROM (
  SELECT seq, resource, record_id, workspace_id, op, 'local' AS side, 'user' AS source, db_user,
    captured_at AS at, NULL AS changed_at, patch, NULL AS run, batch
  FROM cf_outbox o
  WHERE is_news IS NOT FALSE AND NOT EXISTS (SELECT 1 FROM cf_changes h WHERE h.seq = o.seq)
    AND NOT EXISTS (SELECT 1 FROM cf_meta WHERE key = '{HISTORY_OFF}')
  UNION ALL
  SELECT seq, resource, record_id, workspace_id, op, side, source, db_user, at, changed_at, patch,
    run, batch
  FROM cf_changes
) c"""
"""SQLite shows other programs the types of the last part."""


def _source(sql: ViewSql) -> str:
    return f"{_TEXT}{sql.settled_changes}"


FEED = View(
    "cf_feed",
    "change of a record, on either side",
    columns("""
        seq           integer    c.seq
        resource      text       c.resource
        record_id     integer    c.record_id
        workspace_id  integer    c.workspace_id
        op            text       c.op
        side          text       c.side
        source        text       c.source
        db_user       text       c.db_user
        at            timestamp  c.at
        changed_at    timestamp  c.changed_at
        patch         json       c.patch
        run           integer    c.run
        batch         integer    c.batch
    """),
    _source,
    private=True,
    plain=True,
)

VIEWS = (FEED,)
