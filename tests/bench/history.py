"""What it costs to write down what has changed, and how much room that takes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median as middle

import psycopg

from tests.bench.account import Account, Run, median, postgresql
from tests.bench.walks import run

ROUNDS = 3
"""So many pulls of either kind, in turn: shared machines change their pace."""

CHANGED = 2000

UPDATES = 9
"""So many statements of either kind, in turn."""

ROWS = 20_000

_TRIGGERS = ("cf_history", "cf_history_changed", "cf_history_deleted")
"""Those on `cf_outbox`; SQLite has another one and not the first."""


def of_pulls(it: Account) -> str:
    """The CPU time of pulls with the history beside those without, in sentences."""
    files = {days: it.sqlite(f"history{days}") for days in ("90d", "0")}
    with postgresql() as kept, postgresql() as none:
        mirrors = {"SQLite": files, "PostgreSQL": {"90d": kept, "0": none}}
        found = [_of_pulls(it, name, urls) for name, urls in mirrors.items()]
    _, size = _size(_file(files["90d"]))
    return "\n".join([*found, f"A change takes {size:.0f} bytes."])


def _of_pulls(it: Account, name: str, mirrors: dict[str, str]) -> str:
    pulls: dict[str, list[Run]] = {days: [] for days in mirrors}
    for days, mirror in mirrors.items():
        it.cfsync("migrate", database=mirror)
        it.cfsync("backfill", database=mirror, CFSYNC_RETENTION__CHANGES=days)
        it.cfsync("pull", database=mirror, CFSYNC_RETENTION__CHANGES=days)
    contacts = _contacts(_file(it.sqlite("history90d")))
    for number in range(ROUNDS):
        for contact in contacts:
            fields = {"first_name": f"{name} {number}"}
            it.control("edit", resource="contacts", id=contact, fields=fields)
        for days, mirror in mirrors.items():
            pulls[days].append(run(it, "pull", mirror, CFSYNC_RETENTION__CHANGES=days))
    ratio = median(pulls["90d"]).cpu / median(pulls["0"]).cpu
    return (
        f"A pull of {len(contacts):,} changed contacts takes {ratio:.2f} times the CPU time with"
        f" the history ({name})."
    )


def of_updates(it: Account) -> str:
    """The time of one UPDATE of many rows by SQL, with the history beside without, in sentences."""
    with postgresql() as server:
        file = it.sqlite("history_updates")
        for database in (file, server):
            it.cfsync("migrate", database=database)
        ratios = {"SQLite": _in_sqlite(_file(file)), "PostgreSQL": _in_postgresql(server)}
    return "\n".join(
        f"An UPDATE of {ROWS:,} rows takes {ratio:.2f} times the time with the history ({name})."
        for name, ratio in ratios.items()
    )


def _in_sqlite(file: Path) -> float:
    with closing(sqlite3.connect(file, isolation_level=None)) as sql:
        sql.execute("UPDATE cf_writer SET mark = 1")
        sql.execute(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?)"
            " INSERT INTO contacts (id, workspace_id, first_name, cf_rev)"
            " SELECT id, 1, 'x', 1 FROM n",
            [ROWS],
        )
        sql.execute("UPDATE cf_writer SET mark = 0")
        known = (
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'cf_hist%'"
        )
        triggers = sql.execute(known).fetchall()
        off = [f"DROP TRIGGER {name}" for name, _ in triggers]
        return _ratio(sql.execute, [text for _, text in triggers], off)


def _in_postgresql(database: str) -> float:
    with psycopg.connect(database, autocommit=True) as sql:
        with sql.transaction():
            sql.execute("SELECT set_config('cfsync.writer', 'on', true)")
            sql.execute(
                "INSERT INTO contacts (id, workspace_id, first_name, cf_rev)"
                " SELECT id, 1, 'x', 1 FROM generate_series(1, %s) id",
                [ROWS],
            )
        off, on = (
            [f"ALTER TABLE cf_outbox {do} TRIGGER {name}" for name in _TRIGGERS]
            for do in ("DISABLE", "ENABLE")
        )
        return _ratio(sql.execute, on, off)  # type: ignore[arg-type]


def _ratio(execute: Callable[[str], object], on: Sequence[str], off: Sequence[str]) -> float:
    """Statements with the history and without, in turn: the median with by that without."""
    with_history, without = [], []
    for number in range(UPDATES):
        with_history.append(_seconds(execute, f"a{number}"))
        for statement in off:
            execute(statement)
        without.append(_seconds(execute, f"b{number}"))
        for statement in on:
            execute(statement)
    return middle(with_history) / middle(without)


def _seconds(execute: Callable[[str], object], name: str) -> float:
    began = time.perf_counter()
    execute(f"UPDATE contacts SET first_name = '{name}'")
    return time.perf_counter() - began


def _file(database: str) -> Path:
    return Path(database.removeprefix("sqlite:///"))


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
