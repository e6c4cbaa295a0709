"""The end of an upsert, which both databases write alike."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from cfsync.mirror.db.quoting import ident


def on_conflict(table: sa.Table, columns: Iterable[str], keep: tuple[str, ...]) -> str:
    """The end of an upsert. NULL for a column in `keep` leaves the value that the row has."""
    key = [c.name for c in table.primary_key]
    sets = ", ".join(_set(table, name, keep) for name in columns if name not in key)
    return f"ON CONFLICT ({', '.join(map(ident, key))}) DO " + (
        f"UPDATE SET {sets}" if sets else "NOTHING"
    )


def _set(table: sa.Table, name: str, keep: tuple[str, ...]) -> str:
    column = ident(name)
    if name in keep:
        return f"{column} = coalesce(excluded.{column}, {ident(table.name)}.{column})"
    return f"{column} = excluded.{column}"
