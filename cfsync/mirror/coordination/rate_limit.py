"""The learned rate limit, kept from one process to the next, what each process uses of it, and the
pause that ClickFunnels has asked for.

The limit is the account's. All numbers but the pause's are requests per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from cfsync.mirror.db import clock, statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BUDGET
from cfsync.times import later, seconds

_USE = "use/"

PAUSE = "pause"
"""The kind whose value is the seconds of a pause, from the time on when it was saved."""

ENDED_AFTER_S = 30.0
"""Seconds, by the database's clock, after which a process that reports nothing counts as ended."""

_IS_USE = BUDGET.c.kind.startswith(_USE)

_IS_LEARNED = sa.not_(_IS_USE) & (BUDGET.c.kind != PAUSE)


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """The limit that processes share. `learned`: as `load` returns it; `age`: seconds since it
    changed; `others`: what each of the other processes uses; `pause`: the seconds that are left of
    a pause.
    """

    learned: dict[str, float]
    others: list[float]
    age: float
    pause: float


def load(tx: Tx) -> dict[str, float]:
    """The limit as last saved, by the name of each number; empty where none was saved."""
    kinds = sa.select(BUDGET.c.kind, BUDGET.c.value).where(_IS_LEARNED)
    return {kind: float(value) for kind, value in tx.conn.execute(kinds)}


def snapshot(tx: Tx, process: str) -> SharedLimit:
    """What processes have learned, and what the others use."""
    return _found(tx, process, clock.now(tx))


def report_use(
    tx: Tx, process: str, use: float, learned: Mapping[str, float] | None
) -> SharedLimit:
    """Save what this process uses, and what it has learned since its last report (None: nothing),
    a pause included; returns a snapshot.
    """
    now = clock.now(tx)
    tx.conn.execute(sa.delete(BUDGET).where(_IS_USE, ~_is_fresh(now)))
    _put(tx, {_USE + process: use, **(learned or {})}, now)
    return _found(tx, process, now)


def remove(tx: Tx, process: str, learned: Mapping[str, float] | None) -> None:
    """Save what this process has learned since its last report (None: nothing), and that it no
    longer uses the limit.
    """
    _put(tx, learned or {}, clock.now(tx))
    tx.conn.execute(sa.delete(BUDGET).where(BUDGET.c.kind == _USE + process))


def _found(tx: Tx, process: str, now: str) -> SharedLimit:
    others = sa.select(BUDGET.c.value).where(
        _IS_USE, BUDGET.c.kind != _USE + process, _is_fresh(now)
    )
    changed = sa.select(sa.func.max(BUDGET.c.updated_at, type_=BUDGET.c.updated_at.type))
    at = tx.conn.execute(changed.where(_IS_LEARNED)).scalar()
    return SharedLimit(
        load(tx),
        [float(use) for use in tx.conn.execute(others).scalars()],
        0.0 if at is None else max(0.0, seconds(at, now)),
        _pause_left(tx, now),
    )


def pause_end(tx: Tx) -> str | None:
    """The end of the pause that ClickFunnels has asked for, by the database's clock; None where
    requests may go out.
    """
    now = clock.now(tx)
    left = _pause_left(tx, now)
    return later(now, left) if left else None


def _pause_left(tx: Tx, now: str) -> float:
    saved = sa.select(BUDGET.c.value, BUDGET.c.updated_at).where(BUDGET.c.kind == PAUSE)
    for whole, at in tx.conn.execute(saved):
        # a clock that was set back must not make it longer
        return max(0.0, min(float(whole), float(whole) - seconds(at, now)))
    return 0.0


def _is_fresh(now: str) -> sa.ColumnElement[bool]:
    """Reported lately. A time in the future is from before the clock was set back."""
    return BUDGET.c.updated_at.between(later(now, -ENDED_AFTER_S), later(now, ENDED_AFTER_S))


def _put(tx: Tx, values: Mapping[str, float], now: str) -> None:
    lines = [{"kind": k, "value": v, "updated_at": now} for k, v in values.items()]
    statements.upsert(tx, BUDGET, lines)
