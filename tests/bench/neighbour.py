"""Another program at an SQLite mirror: how long it waits for the right to write, again and again
until its standard input ends. `python -m tests.bench.neighbour DATABASE`
"""

from __future__ import annotations

import json
import select
import sqlite3
import sys
import time


def main(database: str) -> None:
    mirror = sqlite3.connect(database, timeout=60, isolation_level=None)
    mirror.execute("CREATE TABLE mine (n INTEGER)")
    waited = []
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        began = time.perf_counter()
        mirror.execute("BEGIN IMMEDIATE")
        waited.append((time.perf_counter() - began) * 1000)
        mirror.execute("INSERT INTO mine VALUES (1)")
        mirror.execute("COMMIT")
    waited.sort()
    shown = {"median": 0.5, "p99": 0.99, "longest": 1.0}
    last = len(waited) - 1
    print(json.dumps({name: round(waited[int(last * share)], 1) for name, share in shown.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
