"""A storm of edits by SQL at a low limit: how fresh what is pulled stays meanwhile."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

from tests.bench.account import Account

LIMIT = 3.0
"""Requests per second that the server lets pass, and edits per second that somebody makes."""

SECONDS = 120
PULL_EVERY_S = 10
LISTS = ("contacts", "orders")


def of_edits(it: Account) -> str:
    """The oldest that contacts and orders get, in a sentence."""
    mirror = it.sqlite("storm")
    it.cfsync("backfill", "--json", database=mirror)
    it.control("set", per_second=LIMIT)
    settings = {f"CFSYNC_RESOURCES__{n.upper()}__PULL_EVERY": f"{PULL_EVERY_S}s" for n in LISTS}
    settings |= {"CFSYNC_DATABASE__URL": mirror, "CFSYNC_WEB__LISTEN": "off"}
    settings |= {"CFSYNC_API__BASE_URL": it.api, "CFSYNC_API__TOKEN": it.token}
    settings |= {"CFSYNC_API__MIRROR": "core"}
    command = [sys.executable, "-m", "cfsync", "run"]
    with subprocess.Popen(
        command, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as daemon:
        ages = _ages(it, mirror)
        daemon.terminate()
    it.control("set", per_second=0.0)
    found = ", ".join(f"{n} {s:.0f} s ({s / PULL_EVERY_S:.1f})" for n, s in ages.items())
    return (
        f"{LIMIT:.0f} edits a second at a limit of {LIMIT:.0f} requests a second, for {SECONDS} s:"
        f" the longest without a pull (and its ratio to pull_every): {found}."
    )


def _ages(it: Account, mirror: str) -> dict[str, float]:
    """The longest that each list goes without a pull, once the daemon is at work."""
    longest = dict.fromkeys(LISTS, 0.0)
    with closing(sqlite3.connect(mirror.removeprefix("sqlite:///"), timeout=60)) as sql:
        people = [i for (i,) in sql.execute("SELECT id FROM contacts ORDER BY id")]
        for second in range(SECONDS):
            began = time.monotonic()
            for n in range(int(LIMIT)):
                person = people[(second * int(LIMIT) + n) % len(people)]
                name = f"Storm {second}"
                sql.execute("UPDATE contacts SET first_name = ? WHERE id = ?", [name, person])
                sql.commit()
            if second > SECONDS // 8 and second % 5 == 0:
                found = it.cfsync("status", "--json", database=mirror).report["resources"]
                longest = {n: max(longest[n], found[n]["lag_s"] or 0.0) for n in LISTS}
            time.sleep(max(0.0, began + 1.0 - time.monotonic()))
    return longest
