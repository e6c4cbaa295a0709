"""The learned rate limit, kept from one process to the next. Numbers are those of the account: what
all processes together may send.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from cfsync.mirror import rows
from cfsync.mirror.engine import Tx
from cfsync.mirror.schema import BUDGET


def load(tx: Tx) -> dict[str, float]:
    """As it was saved last; empty where it never was."""
    found = tx.conn.execute(sa.select(BUDGET.c.kind, BUDGET.c.value))
    return {kind: float(value) for kind, value in found}


def save(tx: Tx, state: Mapping[str, float]) -> None:
    lines = [{"kind": k, "value": v, "updated_at": tx.now} for k, v in state.items()]
    rows.upsert(tx, BUDGET, lines)
