"""The triggers and views on PostgreSQL: which there are, and how those of another version go."""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.mirror.capture import views
from cfsync.mirror.capture.postgresql.triggers import common, triggers
from cfsync.mirror.capture.rules import ident
from cfsync.resources import RESOURCES


def statements(conn: sa.Connection) -> list[str]:
    schema = str(conn.exec_driver_sql("SELECT current_schema()").scalar())
    tables = [t for r in RESOURCES.values() for t in triggers(r, schema)]
    return [*common(schema), *tables, *views.POSTGRESQL, _grant()]


def drops(conn: sa.Connection) -> list[str]:
    """The views stay and are replaced in place: users build views on them."""
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
