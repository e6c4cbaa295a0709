"""The triggers and views on SQLite: which there are, and how those of another version go."""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.mirror.capture import views
from cfsync.mirror.capture.rules import ident
from cfsync.mirror.capture.sqlite.triggers import triggers
from cfsync.resources import RESOURCES


def statements(_conn: sa.Connection) -> list[str]:
    return [*(t for r in RESOURCES.values() for t in triggers(r)), *views.SQLITE]


def drops(conn: sa.Connection) -> list[str]:
    names = conn.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'cf_*'"
    ).scalars()
    found = [f"DROP TRIGGER {ident(name)}" for name in names]
    return [*found, *(f"DROP VIEW IF EXISTS {ident(name)}" for name in views.NAMES)]
