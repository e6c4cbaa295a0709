"""`make bench`: what the walks cost, measured on whole processes against the sandbox.

Nothing here is asserted: machines differ, and these are shared. Compare within one run.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.account import Account, Run, account


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, nargs="*", default=[20_000, 200_000])
    sizes: Sequence[int] = parser.parse_args().contacts
    print(
        f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, {platform.python_version()}"
    )
    print(f"{'':34}{'wall s':>8}{'CPU s':>8}{'MB':>7}{'requests':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for contacts in sizes:
            with account(Path(folder), contacts=contacts) as it:
                _walks(it, contacts)


def _walks(it: Account, contacts: int) -> None:
    backfill = it.cfsync("backfill", "contacts")
    _line(f"backfill of {contacts:,} contacts", backfill)
    rate, each = contacts / backfill.wall, backfill.cpu / contacts * 1e6
    print(f"{'':34}{rate:,.0f} records a second, {each:.0f} µs of CPU a record")
    _line("quiet pull", it.cfsync("pull", "contacts", CFSYNC_PULL__OVERLAP="0s"))
    for contact in _ids(it)[::100]:
        it.control("edit", resource="contacts", id=contact, fields={"first_name": "New"})
    _line("pull after 1 % changed", it.cfsync("pull", "contacts", CFSYNC_PULL__OVERLAP="0s"))
    _line("sweep", it.cfsync("sweep", "contacts"))


def _ids(it: Account) -> list[int]:
    with closing(sqlite3.connect(it.mirror)) as mirror:
        return [i for (i,) in mirror.execute("SELECT id FROM contacts ORDER BY id")]


def _line(what: str, run: Run) -> None:
    requests: Any = run.report.get("requests", "?")
    print(f"{what:34}{run.wall:8.2f}{run.cpu:8.2f}{run.memory:7.0f}{requests:>10}")


if __name__ == "__main__":
    main()
