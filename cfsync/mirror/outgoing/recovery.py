"""What a restored backup can't know: how far walks had come since, and which creates were sent."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.outbox import Op
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHECKPOINTS, OUTBOX
from cfsync.mirror.outgoing import claims, unsent
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.progress import meta
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import PROVISIONAL_FROM
from cfsync.resources import Resource

WALKS = (Lane.BACKFILL, Lane.PULL, Lane.SWEEP, Lane.TURN)


def unsure_inserts(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[Claim]:
    """Claims on inserts whose records may have been created unknown to the mirror."""
    query = (
        sa.select(OUTBOX.c.record_id)
        .where(*unsent.where_to_send(resource, workspaces))
        .where(OUTBOX.c.op == Op.INSERT, OUTBOX.c.record_id >= PROVISIONAL_FROM)
    )
    found = claims.preview(tx, resource, list(tx.conn.execute(query).scalars()))
    return [c for c in found if c.op == Op.INSERT and not c.exists_as]


def forget_walks(tx: Tx) -> int:
    """Delete every watermark and cursor, so that each list is walked again; returns how many."""
    return tx.conn.execute(sa.delete(CHECKPOINTS).where(CHECKPOINTS.c.lane.in_(WALKS))).rowcount


def is_due(tx: Tx) -> bool:
    """Whether the mirror was made from a copy and not recovered since."""
    return meta.get(tx.conn, meta.RESTORED) is not None


def end(tx: Tx) -> None:
    """Let edits be sent again."""
    meta.delete(tx.conn, meta.RESTORED)
