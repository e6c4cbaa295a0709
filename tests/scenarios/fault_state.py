"""A digest of all that both sides hold: two cells that left the same go on the same."""

from __future__ import annotations

import hashlib
from itertools import groupby

from tests.push.conftest import Account

UNTOLD = {
    *("cf_meta", "cf_runs", "cf_budget", "cf_leases", "cf_schema", "sqlite_sequence"),
    *("cf_rev", "rev", "cf_synced_at", "first_seen", "error", "batch"),
}
"""Tables and columns of which no pass makes anything but words, or that never are the same."""


COLUMNS = {
    "sqlite": """
        SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
        WHERE t.type = 'table' ORDER BY 1, 2
    """,
    "postgresql": """
        SELECT table_name, column_name FROM information_schema.tables
        JOIN information_schema.columns USING (table_schema, table_name)
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1, 2
    """,
}
"""By the kind of database: (table, column) of all tables."""


def state_of(account: Account) -> str:
    """Without times of the mirror, numbers of revisions, and words."""
    found = hashlib.sha256(repr(account.world.ledger.entries).encode())
    columns = account.sql(COLUMNS[account.mirror.dialect.name])
    for table, group in groupby(columns, lambda row: row[0]):
        names = ", ".join(f'"{name}"' for _, name in group if _is_told(table, name))
        if table not in UNTOLD:
            rows = account.sql(f"SELECT {names} FROM {table}")
            found.update(f"{table} {sorted(map(repr, rows))}".encode())
    return found.hexdigest()


def _is_told(table: str, name: str) -> bool:
    is_time = table.startswith("cf_") and name.endswith("_at")
    return not is_time and name not in UNTOLD
