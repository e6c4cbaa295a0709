"""A digest of all that both sides hold: two cells that left the same go on the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from tests.push.conftest import Account

UNTOLD = {
    *("cf_meta", "cf_runs", "cf_budget", "cf_leases", "cf_schema", "sqlite_sequence"),
    *("cf_rev", "rev", "cf_synced_at", "first_seen", "error", "batch"),
}
"""Tables and columns of which no pass makes anything but words, or that never are the same."""


def state_of(account: Account) -> str:
    """Without times of the mirror, numbers of revisions, and words (SQLite)."""
    found = hashlib.sha256(repr(account.world.ledger.entries).encode())
    for (table,) in account.sql("SELECT name FROM sqlite_master WHERE type = 'table'"):
        if table not in UNTOLD:
            columns = ", ".join(f'"{name}"' for name in _told(account, table))
            rows = account.sql(f"SELECT {columns} FROM {table}")
            found.update(f"{table} {sorted(map(repr, rows))}".encode())
    return found.hexdigest()


def _told(account: Account, table: str) -> Iterator[str]:
    for _, name, *_ in account.sql(f"PRAGMA table_info({table})"):
        is_time = table.startswith("cf_") and name.endswith("_at")
        if not is_time and name not in UNTOLD:
            yield name
