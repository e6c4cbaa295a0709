"""How old the mirror is: cheap enough to be read often."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.outbox import TO_SEND_STATES
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHECKPOINTS, OUTBOX, TABLES
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import PROVISIONAL_FROM
from cfsync.resources import Resource

_WAITING = sa.table("cf_waiting", sa.column("since", OUTBOX.c.captured_at.type))
_SINCE = _WAITING.c.since


def row_count(tx: Tx, name: str) -> int:
    """Rows of a resource's table."""
    count = sa.select(sa.func.count()).select_from(TABLES[name])
    return int(tx.conn.execute(count).scalar_one())


def newest_pull_below(tx: Tx, resource: Resource, workspaces: Collection[int]) -> str | None:
    """When a list of a resource below other records than workspaces was last pulled, canonical
    text; None where there are no such lists, or none was pulled yet.
    """
    assert resource.parent is not None
    parent = TABLES[resource.parent]
    there = sa.select(parent.c.id).where(
        parent.c.id < PROVISIONAL_FROM, parent.c.workspace_id.in_(workspaces)
    )
    newest = sa.func.max(CHECKPOINTS.c.began_at, type_=CHECKPOINTS.c.began_at.type)
    query = sa.select(newest).where(
        CHECKPOINTS.c.resource == resource.name, CHECKPOINTS.c.lane == Lane.PULL, there.exists()
    )
    found: str | None = tx.conn.execute(query).scalar()
    return found


def oldest_edit_ages(tx: Tx) -> dict[str, float]:
    """Resource -> the age in seconds of its oldest edit that is to be sent, where there is one."""
    first = sa.func.min(OUTBOX.c.captured_at, type_=OUTBOX.c.captured_at.type)
    query = sa.select(OUTBOX.c.resource, first).where(OUTBOX.c.state.in_(TO_SEND_STATES))
    found = tx.conn.execute(query.group_by(OUTBOX.c.resource))
    return {name: _age(tx, time) for name, time in found}


def oldest_waiting_age(tx: Tx) -> float:
    """The age in seconds of what has waited longest for a person; 0 where nothing does."""
    return _age(tx, tx.conn.execute(sa.select(sa.func.min(_SINCE, type_=_SINCE.type))).scalar())


def waiting_since_before(tx: Tx, time: str) -> int:
    """How much of what waits for a person has waited since before that time."""
    query = sa.select(sa.func.count()).where(time > _SINCE).select_from(_WAITING)
    return int(tx.conn.execute(query).scalar_one())


def _age(tx: Tx, time: str | None) -> float:
    if time is None:
        return 0.0
    at = datetime.fromisoformat(clock.now(tx))
    return max(0.0, (at - datetime.fromisoformat(time)).total_seconds())
