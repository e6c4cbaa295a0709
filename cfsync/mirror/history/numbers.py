"""Appends rows to `cf_changes`, in an order that a program which goes on from a number trusts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHANGES


def append(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows, which all have the same columns."""
    if rows:
        numbers = tx.dialect.take_numbers(tx.conn, len(rows))
        numbered = [{**row, "seq": seq} for row, seq in zip(rows, numbers, strict=True)]
        tx.conn.execute(sa.insert(CHANGES), numbered)


SKIPPED = 1_000_000
"""More changes than were made since any backup that is restored."""


def skip(tx: Tx) -> None:
    """Leave out the numbers that changes may have had which a restored backup doesn't know:
    programs have gone on from them.
    """
    tx.dialect.tidy_numbers(tx.conn)
    tx.dialect.skip_numbers(tx.conn, SKIPPED)
