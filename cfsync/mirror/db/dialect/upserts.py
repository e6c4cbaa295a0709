"""The end of an upsert, which both databases write alike, and why one fails that has worked."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db.quoting import ident

_UPSERT = re.compile(r'INSERT INTO "?(\w+)"? .*ON CONFLICT \((.*?)\)', re.DOTALL).match


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


def lost_key(error: sa.exc.DBAPIError, where: str, remedy: str) -> MirrorError | None:
    """What says that a table has no key any more, by which an upsert finds its rows. `remedy` may
    hold {table} and {key}.
    """
    if not (upsert := _UPSERT(error.statement or "")):
        return None
    help_ = remedy.format(table=upsert[1], key=upsert[2])
    return MirrorError(f"{where}: {upsert[1]} has lost its primary key: {help_}")
