"""Edits that cfsync makes for a human, as if by SQL: the triggers catch them, or refuse them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.mirror.engine import Tx, as_user
from cfsync.mirror.schema import TABLES
from cfsync.resources import Resource


def edit(tx: Tx, resource: Resource, record_id: int, values: Mapping[str, Any]) -> None:
    """Change fields of a row. Raises UsageError, with the database's own words, where a trigger or
    a constraint refuses it; what the transaction did before stands.
    """
    table = TABLES[resource.name]
    with told(), tx.conn.begin_nested(), as_user(tx):
        tx.conn.execute(sa.update(table).where(table.c.id == record_id).values(dict(values)))


@contextmanager
def told() -> Iterator[None]:
    """Raise what a trigger or somebody's constraint says as UsageError; it names no values."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if words := _words(error):
            raise UsageError(words) from None
        raise


def _words(error: sa.exc.DBAPIError) -> str | None:
    if isinstance(error.orig, sqlite3.IntegrityError):
        return str(error.orig)
    if str(getattr(error.orig, "sqlstate", "")).startswith("23"):
        return str(error.orig.diag.message_primary)  # type: ignore[union-attr]
    return None
