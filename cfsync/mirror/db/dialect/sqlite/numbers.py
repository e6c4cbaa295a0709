"""Numbers of `cf_outbox` on SQLite, for changes that are no edits."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

_TAKE = "UPDATE sqlite_sequence SET seq = seq + :count WHERE name = 'cf_outbox' RETURNING seq"


def take_numbers(conn: sa.Connection, count: int) -> Sequence[int]:
    """See `Dialect.take_numbers`. A statement loads the counters when it begins, so no trigger can
    do it like this.
    """
    last = conn.exec_driver_sql(_TAKE, {"count": count}).scalar()
    if last is None:  # no edit was ever made
        conn.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('cf_outbox', 0)")
        last = conn.exec_driver_sql(_TAKE, {"count": count}).scalar_one()
    return range(last - count + 1, last + 1)
