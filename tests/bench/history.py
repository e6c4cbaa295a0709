"""What it costs to write down what a pull has changed, and how much room that takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.bench.account import Account, Run, median
from tests.bench.walks import run

ROUNDS = 3
"""So many pulls of either kind, in turn: shared machines change their pace."""

CHANGED = 2000


def of_pulls(it: Account) -> str:
    """The CPU time of pulls with the history beside those without, in a sentence."""
    mirrors = {days: it.sqlite(f"history{days}") for days in ("90d", "0")}
    pulls: dict[str, list[Run]] = {days: [] for days in mirrors}
    for days, mirror in mirrors.items():
        it.cfsync("backfill", database=mirror, CFSYNC_RETENTION__CHANGES=days)
        it.cfsync("pull", database=mirror, CFSYNC_RETENTION__CHANGES=days)
    kept = it.folder / "history90d.db"
    for number in range(ROUNDS):
        for contact in _contacts(kept):
            it.control("edit", resource="contacts", id=contact, fields={"first_name": f"N{number}"})
        for days, mirror in mirrors.items():
            pulls[days].append(run(it, "pull", mirror, CFSYNC_RETENTION__CHANGES=days))
    ratio = median(pulls["90d"]).cpu / median(pulls["0"]).cpu
    count, size = _size(kept)
    return (
        f"A pull of {count // ROUNDS:,} changed contacts takes {ratio:.2f} times the CPU time with"
        f" the history; a change takes {size:.0f} bytes."
    )


def _contacts(mirror: Path) -> list[int]:
    with closing(sqlite3.connect(mirror)) as sql:
        return [i for (i,) in sql.execute("SELECT id FROM contacts LIMIT ?", [CHANGED])]


def _size(mirror: Path) -> tuple[int, float]:
    """How many changes there are, and the bytes of one, with its places in indexes."""
    with closing(sqlite3.connect(mirror)) as sql:
        (count,) = sql.execute("SELECT count(*) FROM cf_changes WHERE op <> 'start'").fetchone()
        whole = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        sql.execute("VACUUM")
        (before,) = sql.execute(whole).fetchone()
        sql.execute("DELETE FROM cf_changes WHERE op <> 'start'")
        sql.commit()
        sql.execute("VACUUM")
        (after,) = sql.execute(whole).fetchone()
    return count, (before - after) / max(count, 1)
