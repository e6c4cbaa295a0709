"""From when on the history of a list is complete: its rows `start` in `cf_changes`."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHANGES, META, OUTBOX
from cfsync.mirror.history import numbers
from cfsync.mirror.progress import meta
from cfsync.resources.model import Resource

IS_KEPT = f"""OLD.is_news IS NOT FALSE
  AND NOT EXISTS (SELECT 1 FROM {{cf_meta}} WHERE key = '{meta.HISTORY_OFF}')"""
"""In a trigger on `cf_outbox`: whether a row that is changed or deleted belongs in the history."""

BATCH = 500
"""Rows that are changed in one transaction."""

_STARTS = sa.select(CHANGES.c.workspace_id, CHANGES.c.at).where(
    CHANGES.c.resource == sa.bindparam("resource"),
    CHANGES.c.record_id.is_(None),
    CHANGES.c.op == "start",
)


def is_off(tx: Tx) -> bool:
    """Whether no change is written down: `retention.changes` is 0."""
    return meta.get(tx.conn, meta.HISTORY_OFF) is not None


def find(tx: Tx, resource: Resource) -> dict[int | None, str]:
    """Workspace -> since when the history of a resource in it is complete, canonical text. None as
    the workspace: those of records that are in none.
    """
    found = tx.conn.execute(_STARTS.order_by(CHANGES.c.seq), {"resource": resource.name})
    return {row.workspace_id: row.at for row in found}


def write(tx: Tx, resource: Resource, workspaces: Collection[int | None]) -> None:
    """Note that the history of a resource in these workspaces is complete from now on."""
    columns = {"resource": resource.name, "op": "start", "side": "clickfunnels", "patch": {}}
    rows = [
        {**columns, "source": "backfill", "workspace_id": workspace, "at": tx.now}
        for workspace in sorted(workspaces, key=lambda w: w or 0)
    ]
    numbers.append(tx, rows)


def note_pruned(tx: Tx, before: str) -> None:
    """Note that changes before a time were deleted."""
    meta.put(tx.conn, meta.HISTORY_PRUNED, max(before, find_pruned(tx) or ""))


def find_pruned(tx: Tx) -> str | None:
    """The time before which changes were deleted, canonical text; None: all are there."""
    return meta.get(tx.conn, meta.HISTORY_PRUNED)


def is_empty(tx: Tx) -> bool:
    """Whether no change is left."""
    return tx.conn.execute(sa.select(CHANGES.c.seq).limit(1)).first() is None


def turn_off(tx: Tx) -> None:
    """Write no change down from now on."""
    meta.put(tx.conn, meta.HISTORY_OFF, "1")


def delete_some(tx: Tx) -> bool:
    """Delete some changes of a history that is off, and with them from when on it was complete;
    returns whether there may be more.
    """
    return _is_still_off(tx) and _change_some(tx, sa.delete(CHANGES), CHANGES, sa.true())


def begin_again(tx: Tx) -> bool:
    """Write changes down from now on. Edits that were made before are no news: some of these are
    marked at a time, and it begins with the last ones. Returns whether it has to be called again.
    """
    if not _is_still_off(tx):
        return False
    mark = sa.update(OUTBOX).values(is_news=False)
    if _change_some(tx, mark, OUTBOX, OUTBOX.c.is_news.is_distinct_from(sa.false())):
        return True
    meta.delete(tx.conn, meta.HISTORY_OFF)
    return False


def _is_still_off(tx: Tx) -> bool:
    """Whether no change is written down, nor will be before this transaction ends."""
    query = sa.select(META.c.value).where(META.c.key == meta.HISTORY_OFF).with_for_update()
    return tx.conn.execute(query).first() is not None


def _change_some(
    tx: Tx, change: sa.Update | sa.Delete, table: sa.Table, which: sa.ColumnElement[bool]
) -> bool:
    """Change up to BATCH rows; whether there may be more."""
    some = sa.select(table.c.seq).where(which).limit(BATCH)
    return tx.conn.execute(change.where(table.c.seq.in_(some))).rowcount == BATCH
