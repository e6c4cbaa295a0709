"""The history of both sides: a table of changes; a time series of passes."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from cfsync.mirror.db.dialect import named
from cfsync.mirror.db.schema_checks import refuse_foreign

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    conn = op.get_bind()
    refuse_foreign(
        {"cf_changes", "cf_horizons", "cf_samples"} & set(named(conn.dialect.name).relations(conn)),
        "the database",
    )
    for statement in _text(conn).split(";\n"):
        if statement.strip():
            conn.exec_driver_sql(statement)


def _text(conn: sa.Connection) -> str:
    return Path(__file__).with_name(f"{revision}_history_{conn.dialect.name}.sql").read_text()
