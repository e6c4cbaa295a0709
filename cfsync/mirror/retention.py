"""Deletes old rows of cfsync's own tables, a few hundred in a transaction.

What is open is never deleted: edits that wait, open conflicts, candidates and a person's decisions
about deletions, events that were not followed.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cfsync.config import RetentionSettings
from cfsync.mirror.bookkeeping import decided, redacted
from cfsync.mirror.bookkeeping.conflicts import ConflictState
from cfsync.mirror.bookkeeping.outbox import OutboxState
from cfsync.mirror.bookkeeping.tombstones import PROVEN_STATES
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHANGES, CONFLICTS, EVENTS, OUTBOX, RUNS, TOMBSTONES
from cfsync.mirror.history import starts
from cfsync.mirror.history.changes import ChangeOp
from cfsync.mirror.progress.events import EventState
from cfsync.times import later

KINDS = tuple(RetentionSettings.model_fields)
"""What can be deleted, by the name of its setting."""

BATCH = 500
"""Rows in one transaction."""

REMEMBERED_S = 3 * 86_400.0
"""Seconds for which events are kept at least, whatever the setting: ClickFunnels repeats a delivery
for a day and more, and one that is known is recognised.
"""


def prune(tx: Tx, kind: str, keep: float) -> int:
    """Delete up to BATCH rows of one kind that ended more than `keep` seconds ago; returns how
    many. If it is BATCH, there may be more.
    """
    if kind == "changes":
        tx.dialect.tidy_numbers(tx.conn)
    keep = max(keep, REMEMBERED_S) if kind == "events" else keep
    before = later(tx.now, -keep)
    if kind == "outbox_done":
        decided.forget(tx, before)
    table, over = _over(kind, before)
    key = list(table.primary_key)
    old = sa.select(*key).where(*over).limit(BATCH)
    deleted = tx.conn.execute(sa.delete(table).where(sa.tuple_(*key).in_(old))).rowcount
    if deleted and table is CHANGES:
        starts.note_pruned(tx, before)
    if deleted and table is TOMBSTONES:
        redacted.forget(tx)
    return deleted


def _over(kind: str, before: str) -> tuple[sa.Table, list[sa.ColumnElement[Any]]]:
    """The table, and which of its rows may go."""
    o, c, t, e = OUTBOX.c, CONFLICTS.c, TOMBSTONES.c, EVENTS.c
    match kind:
        case "runs":
            newest = sa.select(sa.func.max(RUNS.c.id)).group_by(RUNS.c["pass"], RUNS.c.resource)
            ended = sa.func.coalesce(RUNS.c.ended_at, RUNS.c.started_at)
            return RUNS, [ended < before, RUNS.c.id.not_in(newest)]
        case "changes":
            # What is rewritten in the outbox hides behind the copy of how it was.
            is_copy = sa.exists().where(o.seq == CHANGES.c.seq)
            return CHANGES, [CHANGES.c.at < before, CHANGES.c.op != ChangeOp.START, ~is_copy]
        case "outbox_done":
            ended = sa.func.coalesce(o.sent_at, o.captured_at)
            return OUTBOX, [o.state.in_((OutboxState.DONE, OutboxState.DISCARDED)), ended < before]
        case "events":
            return EVENTS, [e.state == EventState.DONE, e.received_at < before]
        case "conflicts":
            return CONFLICTS, [c.state != ConflictState.OPEN, c.found_at < before]
        case "tombstones":
            return TOMBSTONES, [t.state.in_(PROVEN_STATES), t.confirmed_at < before]
    raise AssertionError(kind)
