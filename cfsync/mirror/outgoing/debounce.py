"""When edits may be sent: a record some seconds after its last edit, so that no half-finished
change goes out. All times are by the database's clock, as are the edits'.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.outbox import TO_SEND_STATES
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX
from cfsync.resources import Resource
from cfsync.times import later

LONGEST_S = 60.0
"""Seconds after its first edit when a record is sent even if it is still being edited."""

MAX_READY = 500
"""Edits of a resource that are remembered as tried; more than that are a mass."""

_TO_SEND = OUTBOX.c.state.in_(TO_SEND_STATES)


def seconds_until_ready(
    tx: Tx, resources: Collection[str], *, debounce: float, tried: Collection[int]
) -> dict[str, float]:
    """Resource -> seconds until the first of its edits may be sent (0: now), for those that have
    any. The edits with the numbers `tried` don't count.
    """
    found = tx.conn.execute(
        sa.select(OUTBOX.c.resource, sa.func.min(OUTBOX.c.captured_at, type_=_TIME))
        .where(_TO_SEND, OUTBOX.c.resource.in_(resources), OUTBOX.c.seq.not_in(tried))
        .group_by(OUTBOX.c.resource)
    )
    at = datetime.fromisoformat(clock.now(tx))
    return {name: _wait(datetime.fromisoformat(first), at, debounce) for name, first in found}


def _wait(edited: datetime, now: datetime, debounce: float) -> float:
    """An edit with a time in the future was made before the clock was set back: it may go now."""
    age = (now - edited).total_seconds()
    return max(0.0, debounce - age) if age >= 0 else 0.0


def ready_seqs(tx: Tx, resource: str, *, debounce: float) -> list[int]:
    """The numbers of the first MAX_READY edits of a resource that are older than `debounce`
    seconds, or from before the clock was set back.
    """
    at = OUTBOX.c.captured_at
    old = sa.or_(at <= _before(tx, debounce), at > _before(tx, -LONGEST_S))
    query = sa.select(OUTBOX.c.seq).where(_TO_SEND, OUTBOX.c.resource == resource, old)
    return list(tx.conn.execute(query.order_by(OUTBOX.c.seq).limit(MAX_READY)).scalars())


def open_among(tx: Tx, seqs: Collection[int]) -> set[int]:
    """Those of these edits that are still to be sent."""
    query = sa.select(OUTBOX.c.seq).where(_TO_SEND, OUTBOX.c.seq.in_(seqs))
    return set(tx.conn.execute(query).scalars())


def recently_edited(tx: Tx, resource: Resource, *, debounce: float) -> set[int]:
    """Ids of records edited within the last `debounce` seconds: not to be sent yet."""
    if not debounce:
        return set()
    first, last = sa.func.min(OUTBOX.c.captured_at), sa.func.max(OUTBOX.c.captured_at)
    query = (
        sa.select(OUTBOX.c.record_id)
        .where(_TO_SEND, OUTBOX.c.resource == resource.name)
        .group_by(OUTBOX.c.record_id)
        .having(
            last > _before(tx, debounce),
            last <= _before(tx, 0.0),
            first > _before(tx, LONGEST_S),
        )
    )
    return set(tx.conn.execute(query).scalars())


_TIME: Any = OUTBOX.c.captured_at.type


def _before(tx: Tx, seconds: float) -> sa.BindParameter[str]:
    return sa.bindparam(None, later(clock.now(tx), -seconds), type_=_TIME)
