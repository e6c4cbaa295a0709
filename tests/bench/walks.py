"""The walks: against the plain loop in the same run, then at growing sizes."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from tests.bench.account import Account, Run, median, postgresql

Line = Callable[[str, Run, Run | None], None]
"""(what was measured, cfsync's run, the plain loop's or None)."""


ROUNDS = 5
"""So often the first fills and the loop are run, in turn: shared machines change their pace."""


def beside_the_loop(it: Account, contacts: int, line: Line) -> None:
    """Every walk of one account, each beside what the plain loop does for it."""
    pages = -(-contacts // 20)
    line("the sandbox itself, raw sockets", it.beside("ceiling", str(pages)), None)
    _first_fills(it, line)
    _nightly(it, line)
    _at_a_distance(it, line)
    _limited(it, line)


def _first_fills(it: Account, line: Line) -> None:
    """Medians of several; the first round's databases stay as "mirror" and "loop"."""
    loops, files, servers = [], [], []
    for number in ["", *range(1, ROUNDS)]:
        loops.append(it.beside("loop", str(it.folder / f"loop{number}.db")))
        files.append(run(it, "backfill", it.sqlite(f"mirror{number}")))
        with postgresql() as url:
            servers.append(run(it, "backfill", url))
    loop = median(loops)
    line("the plain loop", loop, None)
    line("backfill", median(files), loop)
    line("backfill, PostgreSQL", median(servers), loop)


def _nightly(it: Account, line: Line) -> None:
    mirror = it.sqlite("mirror")
    version = it.cfsync("--version", database=mirror)
    line("cfsync --version", version, None)
    line("quiet pull", run(it, "pull", mirror), None)
    change_some(it)
    loop = it.beside("loop", str(it.folder / "loop.db"))
    line("pull after 1 % changed", run(it, "pull", mirror), loop)
    line("sweep", run(it, "sweep", mirror), loop)


def _at_a_distance(it: Account, line: Line) -> None:
    it.control("set", latency=0.05)
    far = run(it, "backfill", it.sqlite("far"), CFSYNC_API__MAX_CONCURRENCY="32")
    line("backfill, 50 ms away", far, it.beside("loop", str(it.folder / "far-loop.db")))
    it.control("set", latency=0.0)


def _limited(it: Account, line: Line) -> None:
    """No share is left to others here: the loop leaves none either."""
    before = it.refused()
    it.control("set", per_second=50.0)
    slow = run(it, "backfill", it.sqlite("slow"), CFSYNC_API__RESERVE="0")
    refused = it.refused() - before
    loop = it.beside("loop", str(it.folder / "slow-loop.db"))
    line(f"backfill, limit 50/s ({refused} answers 429)", slow, loop)
    it.control("set", per_second=0.0)


def at_the_limit(it: Account) -> str:
    """A long walk of a server that lets 50 requests a second pass: how well the limit is used."""
    before = it.refused()
    it.control("set", per_second=50.0)
    walk = run(it, "backfill", it.sqlite("limit"), CFSYNC_API__RESERVE="0")
    refused = it.refused() - before
    seconds = walk.report["seconds"]
    used, lost = (walk.requests - refused) / seconds / 50, refused / walk.requests
    return (
        f"A walk of {seconds:.0f} s at a limit of 50/s: {used:.1%} of the limit used,"
        f" {lost:.2%} of the requests answered 429."
    )


def neighbour(it: Account) -> str:
    """What another program that writes notices of a backfill, in a sentence."""
    mirror = it.sqlite("shared")
    it.cfsync("migrate", database=mirror)
    command = [sys.executable, "-m", "tests.bench.neighbour", mirror.removeprefix("sqlite:///")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as program:
        run(it, "backfill", mirror)
        said, _ = program.communicate("end")
    found = json.loads(said)
    waits = ", ".join(f"{name} {ms} ms" for name, ms in found.items())
    return f"Another program's wait for SQLite's write lock while a backfill runs: {waits}."


def growing(it: Account, contacts: int, line: Line) -> Run:
    """One size: what the steady state costs with so many records; returns the backfill's run."""
    mirror = it.sqlite("mirror")
    backfill = run(it, "backfill", mirror)
    line(f"{contacts:,}: backfill", backfill, None)
    line(f"{contacts:,}: quiet pull", run(it, "pull", mirror), None)
    line(f"{contacts:,}: status", it.cfsync("status", "--json", database=mirror), None)
    with closing(sqlite3.connect(mirror.removeprefix("sqlite:///"))) as sql:
        (last,) = sql.execute("SELECT max(id) FROM contacts").fetchone()
        sql.execute("UPDATE contacts SET first_name = 'New' WHERE id = ?", [last])
        sql.commit()
    line(f"{contacts:,}: push of one edit", run(it, "push", mirror), None)
    line(f"{contacts:,}: sweep", run(it, "sweep", mirror), None)
    return backfill


def run(it: Account, name: str, database: str, **settings: str) -> Run:
    """A pass of the contacts."""
    return it.cfsync(name, "contacts", "--json", database=database, **settings)


def change_some(it: Account) -> None:
    """Change one contact of a hundred in ClickFunnels."""
    for contact in _ids(it.folder / "mirror.db")[::100]:
        it.control("edit", resource="contacts", id=contact, fields={"first_name": "New"})


def _ids(mirror: Path) -> Sequence[int]:
    with closing(sqlite3.connect(mirror)) as sql:
        return [i for (i,) in sql.execute("SELECT id FROM contacts ORDER BY id")]
