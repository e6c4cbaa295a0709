"""The plain loop that cfsync is compared with: requests and sqlite3, one page after the other.

What one writes in an afternoon: no merge, no base, no checkpoint, no triggers, and every run walks
everything. `python -m tests.bench.loop BASE_URL TOKEN WORKSPACE DATABASE`
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time

import requests


def main(base: str, token: str, workspace: str, database: str) -> None:
    asked = 0
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {token}", "User-Agent": "loop"})
    with sqlite3.connect(database) as mirror:
        known: list[str] = []
        after: str | None = ""
        while after is not None:
            query = {"after": after} if after else {}
            answer = session.get(f"{base}/workspaces/{workspace}/contacts", params=query)
            asked += 1
            if answer.status_code == 429:
                time.sleep(1)
                continue
            answer.raise_for_status()
            known = save(mirror, answer.json(), known)
            after = answer.headers.get("Pagination-Next")
    print(json.dumps({"requests": asked}))


def save(
    mirror: sqlite3.Connection, records: list[dict[str, object]], known: list[str]
) -> list[str]:
    """Replace the rows of a page, in a transaction of its own; returns the columns."""
    if not known:
        known = list(records[0])
        columns = ", ".join(f'"{name}"' for name in known[1:])
        mirror.execute(f"CREATE TABLE IF NOT EXISTS contacts (id INTEGER PRIMARY KEY, {columns})")
    marks = ", ".join("?" for _ in known)
    mirror.executemany(
        f"INSERT OR REPLACE INTO contacts VALUES ({marks})",
        [[_column(record.get(name)) for name in known] for record in records],
    )
    mirror.commit()
    return known


def _column(value: object) -> object:
    return json.dumps(value) if isinstance(value, list | dict) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
