"""The learned rate limit, kept from one process to the next, and what each process uses of it.

The limit is the account's. All numbers are requests per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from cfsync.mirror.db import clock, statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BUDGET
from cfsync.values import later, seconds

_USE = "use/"

ENDED_AFTER_S = 30.0
"""Seconds, by the database's clock, after which a process that reports nothing counts as ended."""

_IS_USE = BUDGET.c.kind.startswith(_USE)


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """The limit that processes share. `learned`: as `load` returns it; `age`: seconds since it
    changed; `others`: what each of the other processes uses.
    """

    learned: dict[str, float]
    others: list[float]
    age: float


def load(tx: Tx) -> dict[str, float]:
    """The limit as last saved, by the name of each number; empty where none was saved."""
    kinds = sa.select(BUDGET.c.kind, BUDGET.c.value).where(~_IS_USE)
    return {kind: float(value) for kind, value in tx.conn.execute(kinds)}


def snapshot(tx: Tx, process: str) -> SharedLimit:
    """What processes have learned, and what the others use."""
    return _found(tx, process, clock.now(tx))


def report_use(
    tx: Tx, process: str, use: float, learned: Mapping[str, float] | None
) -> SharedLimit:
    """Save what this process uses, and what it has learned since its last report (None: nothing);
    returns a snapshot.
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
    at = tx.conn.execute(changed.where(~_IS_USE)).scalar()
    return SharedLimit(
        load(tx),
        [float(use) for use in tx.conn.execute(others).scalars()],
        0.0 if at is None else max(0.0, seconds(at, now)),
    )


def _is_fresh(now: str) -> sa.ColumnElement[bool]:
    """Reported lately. A time in the future is from before the clock was set back."""
    return BUDGET.c.updated_at.between(later(now, -ENDED_AFTER_S), later(now, ENDED_AFTER_S))


def _put(tx: Tx, values: Mapping[str, float], now: str) -> None:
    lines = [{"kind": k, "value": v, "updated_at": now} for k, v in values.items()]
    statements.upsert(tx, BUDGET, lines)
