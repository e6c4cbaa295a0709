"""The mirror's tables and cfsync's own."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    conn = op.get_bind()
    for part in ("tables", "books"):
        text = Path(__file__).with_name(f"{revision}_{part}_{conn.dialect.name}.sql").read_text()
        for statement in text.split(";\n"):
            if statement.strip():
                conn.exec_driver_sql(statement)
