"""Triggers, functions and views, generated from the catalogue: they catch what users change by SQL
and refuse what ClickFunnels can't take. Replaced as a whole whenever their text has changed.
"""

from __future__ import annotations

import hashlib
import re

import sqlalchemy as sa

import cfsync
from cfsync.mirror.bookkeeping import meta
from cfsync.mirror.capture import views
from cfsync.mirror.capture.postgresql import triggers as postgresql
from cfsync.mirror.capture.rules import ident
from cfsync.mirror.capture.sqlite import triggers as sqlite
from cfsync.resources import RESOURCES


def install(conn: sa.Connection) -> bool:
    """Bring them up to date in the caller's transaction; whether anything had to be done."""
    wanted = statements(conn)
    if not _are_older(conn, wanted):
        return False
    for statement in [*_drops(conn), *wanted]:
        conn.exec_driver_sql(statement)
    meta.put(conn, meta.CAPTURE, f"{cfsync.__version__} {_digest(wanted)}")
    return True


def is_older(conn: sa.Connection) -> bool:
    """Whether they differ from this version's. Those of a newer version serve this one too."""
    return _are_older(conn, statements(conn))


def _are_older(conn: sa.Connection, wanted: list[str]) -> bool:
    found = meta.get(conn, meta.CAPTURE)
    version, _, digest = (found or "").partition(" ")
    newer = bool(found) and _numbers(version) > _numbers(cfsync.__version__)
    return not newer and digest != _digest(wanted)


def statements(conn: sa.Connection) -> list[str]:
    """All that creates them, in order."""
    if conn.dialect.name == "sqlite":
        return [*(t for r in RESOURCES.values() for t in sqlite.triggers(r)), *views.SQLITE]
    schema = str(conn.exec_driver_sql("SELECT current_schema()").scalar())
    tables = [t for r in RESOURCES.values() for t in postgresql.triggers(r, schema)]
    return [*postgresql.common(schema), *tables, *views.POSTGRESQL, _grant()]


def _digest(wanted: list[str]) -> str:
    return hashlib.sha256("\n".join(wanted).encode()).hexdigest()


def _numbers(version: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", version)]


def _drops(conn: sa.Connection) -> list[str]:
    """What removes everything that an earlier version made; names that begin with `cf_` are ours.

    On PostgreSQL the views stay and are replaced in place: users build views on them.
    """
    if conn.dialect.name == "sqlite":
        names = conn.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'cf_*'"
        ).scalars()
        drops = [f"DROP TRIGGER {ident(name)}" for name in names]
        return [*drops, *(f"DROP VIEW IF EXISTS {ident(name)}" for name in views.NAMES)]
    triggers = conn.exec_driver_sql(
        "SELECT concat('DROP TRIGGER ', quote_ident(tgname), ' ON ', tgrelid::regclass)"
        " FROM pg_trigger WHERE NOT tgisinternal AND starts_with(tgname, 'cf_') AND tgrelid IN"
        " (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)"
    ).scalars()
    functions = conn.exec_driver_sql(
        "SELECT concat('DROP FUNCTION ', oid::regprocedure) FROM pg_proc"
        " WHERE starts_with(proname, 'cf_') AND pronamespace = current_schema()::regnamespace"
    ).scalars()
    return [*triggers, *functions]


def _grant() -> str:
    """The rights of the users' role of `deploy/roles.sql`, where it exists."""
    tables, seen = ", ".join(map(ident, RESOURCES)), ", ".join(map(ident, views.NAMES))
    return (
        "DO $$ BEGIN IF to_regrole('cfsync_app') IS NOT NULL THEN\n"
        f"  GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO cfsync_app;\n"
        f"  GRANT SELECT ON {seen} TO cfsync_app;\n"
        "END IF; END $$"
    )
