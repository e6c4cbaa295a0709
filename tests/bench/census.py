"""Sweeps of contacts by census, beside those by a walk."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.bench.account import Account, Run
from tests.bench.walks import Line, run

GONE = 50


def of_sweeps(it: Account, contacts: int, line: Line) -> None:
    """The first sweep, by both, makes the census trusted. The ratios are to the walk."""
    mirror = it.sqlite("census")
    run(it, "backfill", mirror)
    it.cfsync("census", "enable", database=mirror)
    line(f"{contacts:,}: first sweep, by both", _sweep(it, mirror), None)
    walk = _sweep(it, mirror, "--walk")
    line(f"{contacts:,}: sweep by walk", walk, None)
    line(f"{contacts:,}: sweep by census", _sweep(it, mirror), walk)
    _change(it, mirror)
    changed = f"1 % changed and {GONE} deleted"
    line(f"{contacts:,}: sweep by census, {changed}", _sweep(it, mirror), walk)


def _sweep(it: Account, mirror: str, *options: str) -> Run:
    """Without the wait before the second look at what is missing."""
    settings = {"CFSYNC_DELETIONS__CONFIRM_AFTER": "0s"}
    return it.cfsync("sweep", "contacts", "--json", *options, database=mirror, **settings)


def _change(it: Account, mirror: str) -> None:
    with closing(sqlite3.connect(mirror.removeprefix("sqlite:///"))) as sql:
        ids = [i for (i,) in sql.execute("SELECT id FROM contacts ORDER BY id")]
    for contact in ids[::100]:
        it.control("edit", resource="contacts", id=contact, fields={"first_name": "New"})
    for contact in ids[1 :: len(ids) // GONE][:GONE]:
        it.control("delete", resource="contacts", id=contact)
