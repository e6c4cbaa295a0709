"""Edits by SQL: what catching them costs, and what sending them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg

from tests.bench.account import Account, Run, postgresql
from tests.bench.walks import Line, run

EDITS = 1000
ROWS = 100_000
_BULK = "UPDATE contacts SET first_name = '{}'"


def of_edits(it: Account, line: Line) -> None:
    """An account of more than EDITS contacts."""
    mirror = it.sqlite("push")
    run(it, "backfill", mirror)
    _sent(it, mirror, line, "one")
    it.control("set", per_second=50.0)
    _sent(it, mirror, line, "two", " at 50 requests a second", CFSYNC_API__RESERVE="0")
    it.control("set", per_second=0.0)
    line("push after it: an echo costs no call", run(it, "push", mirror), None)
    _captured(it, line)


TAGGED = 10_000


def of_tags(it: Account, line: Line) -> None:
    """An account of at least TAGGED contacts: a tag of so many in bulk, another of a tenth of them
    one by one.
    """
    tags = {"resource": "contact_tags", "parent": it.workspace}
    bulk, single = (
        it.control("create", **tags, fields={"name": name})["result"] for name in ("Bulk", "Single")
    )
    mirror = it.sqlite("tags")
    it.cfsync("backfill", "contacts", "contact_tags", database=mirror)
    it.control("set", per_second=50.0)
    _tagged(it, mirror, line, f"[{bulk}]", TAGGED, "50")
    _tagged(it, mirror, line, f"[{bulk}, {single}]", TAGGED // 10, "0")
    it.control("set", per_second=0.0)


def _tagged(it: Account, mirror: str, line: Line, tags: str, contacts: int, bulk_from: str) -> None:
    with closing(sqlite3.connect(mirror.removeprefix("sqlite:///"))) as sql:
        where = f"WHERE id IN (SELECT id FROM contacts ORDER BY id LIMIT {contacts})"
        sql.execute(f"UPDATE contacts SET tag_ids = '{tags}' {where}")
        sql.commit()
    settings = {"CFSYNC_PUSH__BULK_FROM": bulk_from, "CFSYNC_API__RESERVE": "0"}
    pushed = run(it, "push", mirror, CFSYNC_PUSH__HOLD_FRACTION="1", **settings)
    how = "in bulk" if bulk_from != "0" else "one by one"
    line(f"a tag of {contacts:,} contacts at 50 requests a second, {how}", pushed, None)


def _sent(it: Account, mirror: str, line: Line, name: str, how: str = "", **settings: str) -> None:
    with closing(sqlite3.connect(mirror.removeprefix("sqlite:///"))) as sql:
        where = f"WHERE id IN (SELECT id FROM contacts ORDER BY id LIMIT {EDITS})"
        sql.execute(f"{_BULK.format(name)} {where}")
        sql.commit()
    pushed = run(it, "push", mirror, CFSYNC_PUSH__HOLD_FRACTION="1", **settings)
    each = pushed.requests / EDITS
    line(f"push of {EDITS:,} edits{how} ({each:.3f} requests an edit)", pushed, None)
    line("pull after it: all is known", run(it, "pull", mirror), None)


def _captured(it: Account, line: Line) -> None:
    with postgresql() as url:
        for name, database, bulk in (
            ("SQLite", it.sqlite("bulk"), _in_sqlite),
            ("PostgreSQL", url, _in_postgresql),
        ):
            it.cfsync("migrate", database=database)
            with_triggers, without = bulk(database)
            what = f"UPDATE of {ROWS:,} rows, {name} (without triggers {without:.2f} s)"
            line(what, Run(with_triggers, 0.0, 0.0, {}), None)


def _in_sqlite(database: str) -> tuple[float, float]:
    file = Path(database.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file, isolation_level=None)) as sql:
        sql.execute("UPDATE cf_writer SET mark = 1")
        sql.execute(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?)"
            " INSERT INTO contacts (id, workspace_id, first_name, cf_rev)"
            " SELECT id, 1, 'x', 1 FROM n",
            [ROWS],
        )
        sql.execute("UPDATE cf_writer SET mark = 0")
        caught = _seconds(lambda: sql.execute(_BULK.format("a")))
        sql.execute("DROP TRIGGER cf_contacts_after_update")
        return caught, _seconds(lambda: sql.execute(_BULK.format("b")))


def _in_postgresql(database: str) -> tuple[float, float]:
    with psycopg.connect(database, autocommit=True) as sql:
        with sql.transaction():
            sql.execute("SELECT set_config('cfsync.writer', 'on', true)")
            sql.execute(
                "INSERT INTO contacts (id, workspace_id, first_name, cf_rev)"
                " SELECT id, 1, 'x', 1 FROM generate_series(1, %s) id",
                [ROWS],
            )
        caught = _seconds(lambda: sql.execute(_BULK.format("a")))
        sql.execute("ALTER TABLE contacts DISABLE TRIGGER USER")
        return caught, _seconds(lambda: sql.execute(_BULK.format("b")))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
