"""The learned rate limit, kept from one process to the next, and what each process uses of it. The
limit is the account's; all numbers are requests a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from cfsync.mirror import ready, rows
from cfsync.mirror.engine import Tx
from cfsync.mirror.schema import BUDGET
from cfsync.values import time_text

_USE = "use/"

GONE_S = 30.0
"""A process that has said nothing for so long, by the database's clock, uses nothing any more."""


def load(tx: Tx) -> dict[str, float]:
    """The limit as it was saved last; empty where it never was."""
    kinds = sa.select(BUDGET.c.kind, BUDGET.c.value).where(~BUDGET.c.kind.startswith(_USE))
    return {kind: float(value) for kind, value in tx.conn.execute(kinds)}


def look(tx: Tx, process: str) -> tuple[dict[str, float], list[float]]:
    """The limit, and what each of the other processes uses of it."""
    uses = sa.select(BUDGET.c.value).where(
        BUDGET.c.kind.startswith(_USE),
        BUDGET.c.kind != _USE + process,
        BUDGET.c.updated_at > _before(tx, GONE_S),
    )
    return load(tx), [float(use) for use in tx.conn.execute(uses).scalars()]


def say(
    tx: Tx, process: str, use: float, state: Mapping[str, float]
) -> tuple[dict[str, float], list[float]]:
    """Save the limit, and what this process uses of it; then look."""
    gone = sa.delete(BUDGET).where(
        BUDGET.c.kind.startswith(_USE), BUDGET.c.updated_at <= _before(tx, GONE_S)
    )
    tx.conn.execute(gone)
    _put(tx, {**state, _USE + process: use})
    return look(tx, process)


def leave(tx: Tx, process: str, state: Mapping[str, float]) -> None:
    """Save the limit, and strike a process off the list of those that use it."""
    _put(tx, state)
    tx.conn.execute(sa.delete(BUDGET).where(BUDGET.c.kind == _USE + process))


def _put(tx: Tx, values: Mapping[str, float]) -> None:
    at = ready.now(tx)
    rows.upsert(tx, BUDGET, [{"kind": k, "value": v, "updated_at": at} for k, v in values.items()])


def _before(tx: Tx, seconds: float) -> str:
    return time_text(datetime.fromisoformat(ready.now(tx)) - timedelta(seconds=seconds))
