"""The rest of the account: tables for its other resources, and columns that records have gained."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import op

from cfsync.errors import MirrorError
from cfsync.mirror import new_columns
from cfsync.mirror.capture import installed
from cfsync.mirror.db.dialect import named
from cfsync.mirror.db.schema_checks import refuse_foreign

revision = "0002"
down_revision = "0001"

COLUMNS = {
    "teams": ("billing_subscriptions", "memberships"),
    "contacts": ("is_active", "email_suppression_reason", "deleted_at"),
    "product_variants": (
        "has_access_to_all_valid_assets",
        "included_courses",
        "included_space_groups",
    ),
    "orders": (
        "recurring_invoices_paid_count",
        "origination_channel_public_id",
        "paid_until",
        "resource_install_intent",
        "renewal_at",
    ),
    "enrollments": ("contact",),
}
"""The new columns of the tables that were there, filled from what ClickFunnels showed last."""

INTEGERS = {
    "contacts": ("anonymous",),
    "product_prices": ("duration", "trial_duration", "interval_count"),
}
"""The columns that held text and hold integers now."""

VIEWS = """
SELECT v.relname FROM pg_depend d
JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.refobjid = to_regclass(%(table)s) AND a.attname = %(column)s
"""
"""The views that use a column: PostgreSQL changes the type of none."""


def upgrade() -> None:
    conn = op.get_bind()
    tables, columns = (_read(part, conn) for part in ("tables", "columns"))
    made = set(re.findall(r"CREATE TABLE (\w+)", tables))
    refuse_foreign(made & set(named(conn.dialect.name).relations(conn)), "the database")
    if conn.dialect.name == "postgresql":
        _refuse_views(conn)
    for statement in installed.database(conn).drops(conn):
        conn.exec_driver_sql(statement)
    for statement in f"{tables};\n{columns}".split(";\n"):
        if statement.strip():
            conn.exec_driver_sql(statement)
    new_columns.fill(conn, COLUMNS)
    new_columns.forget_notes(conn, INTEGERS)


def _read(part: str, conn: sa.Connection) -> str:
    return Path(__file__).with_name(f"{revision}_{part}_{conn.dialect.name}.sql").read_text()


def _refuse_views(conn: sa.Connection) -> None:
    for table, columns in INTEGERS.items():
        for column in columns:
            used = {"table": table, "column": column}
            if view := conn.exec_driver_sql(VIEWS, used).scalar():
                raise MirrorError(
                    f"the view {view} uses {table}.{column}, which becomes a whole number: drop the"
                    " view, run cfsync migrate, and create it again"
                )
