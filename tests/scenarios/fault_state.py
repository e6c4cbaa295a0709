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
        SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2
    """,
}
"""By the kind of database: (table, column) of all tables. (PostgreSQL's information_schema takes
half a second for it.)
"""


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
