"""Run by `cfsync migrate`, which hands over its connection, in a transaction of its own."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
