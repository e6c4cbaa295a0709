"""No statement of the steady state reads a whole table, so what a pass costs does not grow with the
mirror. Shown by the databases' own plans of everything that was run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cfsync.config import Settings
from cfsync.daemon.health.observer import read_state
from cfsync.mirror.bookkeeping import webhook_secrets
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.progress import events
from cfsync.mirror.reports import status as inspect
from cfsync.sync import passes
from cfsync.sync.inspection.status import status
from cfsync.sync.push.conductor import push
from tests.sync.conftest import Round
from tests.sync.statements import Run, watched, written

GROWS = {
    *TABLES.keys() - {"teams", "workspaces"},
    *("cf_base", "cf_outbox", "cf_checkpoints", "cf_ids", "cf_tombstones", "cf_events"),
    *("cf_conflicts", "cf_runs"),
}
OPEN = "cf_conflicts_open"
"""An index of what waits for a human alone, which may be read whole."""


def whole_reads(tx: Tx, runs: list[Run]) -> list[str]:
    """What the plans say of tables that grow and are read from end to end."""
    read = _sqlite if tx.dialect.name == "sqlite" else _postgresql
    return [f"{found}: {sql}" for sql, values in runs for found in read(tx, sql, values)]


def _sqlite(tx: Tx, sql: str, values: Any) -> Iterator[str]:
    for row in tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values or None):
        verb, _, what = row[-1].partition(" ")
        if verb == "SCAN" and what.split()[0] in GROWS and OPEN not in what:
            yield row[-1]


def _postgresql(tx: Tx, sql: str, values: Any) -> Iterator[str]:
    """With so few rows it would read them all, were it not told to do without where it can."""
    tx.conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
    plan = tx.conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", values or None).scalar_one()
    yield from _nodes(plan[0]["Plan"], limited=False)


def _nodes(node: dict[str, Any], *, limited: bool, table: str | None = None) -> Iterator[str]:
    """Of a bitmap the index is read by a node below the one that names the table."""
    kind, table = node["Node Type"], node.get("Relation Name", table)
    whole = kind == "Seq Scan" or ("Index" in kind and "Index Cond" not in node)
    if table in GROWS and whole and not (limited or node.get("Index Name") == OPEN):
        yield f"{kind} of {table}"
    for inner in node.get("Plans", ()):
        yield from _nodes(inner, limited=kind == "Limit", table=table)


CROWD = """
INSERT INTO contacts (id, workspace_id, email_address, cf_rev)
    SELECT n, 1, 'person' || n || '@example.com', 1 FROM generate_series(1000000, 1050000) n;
INSERT INTO cf_base (resource, id, rev, body)
    SELECT 'contacts', n, 1, '{}' FROM generate_series(1000000, 1050000) n;
"""
"""Of another workspace. PostgreSQL plans by how many rows there are; SQLite does not."""


@pytest.fixture
def filled(round_: Round) -> Round:
    round_.settings |= {f"CFSYNC_RESOURCES__{n}__ENABLED": "true" for n in ("PRODUCTS", "ORDERS")}
    round_.backfill()
    round_.pull()
    if round_.mirror.dialect.name == "postgresql":
        asyncio.run(round_.mirror.write(lambda tx: tx.conn.exec_driver_sql(CROWD)))
        round_.sql("ANALYZE contacts, cf_base")
    return round_


def test_a_pull_reads_no_whole_table(filled: Round) -> None:
    contact = filled.world.ids("contacts", filled.workspace)[3]
    with watched(filled.mirror) as runs:
        filled.pull()
        filled.world.edit("contacts", contact, first_name="Zed")
        filled.pull()

    assert len(runs) > 10
    assert _read(filled.mirror, runs) == []


def test_a_sweep_reads_no_whole_table(filled: Round) -> None:
    """It walks a list a page at a time, and asks for each piece of the table as it comes to it."""
    filled.world.delete("contacts", filled.world.ids("contacts", filled.workspace)[3])
    with watched(filled.mirror) as runs:
        report = filled.sweep("contacts")

    assert report.counts["contacts"]["deleted"] == 1
    assert _read(filled.mirror, runs) == []


def test_what_is_unchanged_costs_no_write(filled: Round) -> None:
    with watched(filled.mirror) as runs:
        swept, pulled = filled.sweep("contacts"), filled.pull("contacts")

    assert swept.idle
    assert pulled.idle
    assert "cf_checkpoints" in written(runs)
    assert not written(runs) & {*TABLES, "cf_base", "cf_found", "cf_outbox"}


def test_status_counts_the_rows_and_reads_nothing_else_of_them(filled: Round) -> None:
    """Nor of what waits: of the bookkeeping it reads the places of the walks, the tombstones and
    the runs, none of which grows with the records.
    """
    with watched(filled.mirror) as runs:
        asyncio.run(status(filled.mirror, filled.configured()))

    found = _read(filled.mirror, [run for run in runs if "count(*)" not in run[0]])
    assert len(runs) > 10
    assert [line for line in found if "cf_runs" not in line] == []
    counted = _read(filled.mirror, [run for run in runs if "count(*)" in run[0]])
    grown = {*TABLES, "cf_base", "cf_outbox", "cf_ids", "cf_events", "cf_conflicts"}
    whole = {table for line in counted for table in grown if table in line.partition(":")[0]}
    assert whole <= set(TABLES)


def test_a_count_of_rows_is_seen_to_read_a_whole_table(filled: Round) -> None:
    with watched(filled.mirror) as runs:
        asyncio.run(filled.mirror.read(inspect.row_counts))

    assert "contacts" in str(_read(filled.mirror, runs))


def test_a_push_reads_no_whole_table(filled: Round) -> None:
    contact = filled.world.ids("contacts", filled.workspace)[3]
    filled.sql("UPDATE contacts SET first_name = 'Zed' WHERE id = ?", contact)
    filled.sql("INSERT INTO contacts (email_address) VALUES ('new@example.com')")
    with watched(filled.mirror) as runs:
        report = filled.run(push)

    assert report.requests > 2
    assert _read(filled.mirror, runs) == []


def test_events_are_taken_and_followed_without_reading_whole_tables(filled: Round) -> None:
    filled.settings["CFSYNC_EVENTS__USE_PAYLOAD"] = "true"
    ids = filled.world.ids("contacts", filled.workspace)
    filled.world.edit("contacts", ids[3], first_name="Zed")
    filled.clock.go_on(3600)
    filled.pull()
    filled.clock.go_on(60)
    filled.world.edit("contacts", ids[4], first_name="Zed")
    filled.world.delete("contacts", ids[5])
    with watched(filled.mirror) as runs:
        report = filled.run(passes.logs_due)
        filled.run(passes.events_due, "contacts")
        for look in (events.resources_with_open, webhook_secrets.valid_secrets):
            asyncio.run(filled.mirror.read(look))

    assert report.counts["contacts"]["hints"] == 2
    assert _read(filled.mirror, runs) == []


def test_a_look_at_its_health_reads_no_whole_table(filled: Round) -> None:
    settings: Settings = filled.configured()
    with watched(filled.mirror) as runs:
        asyncio.run(filled.mirror.read(read_state, settings, [filled.workspace], 0.0))

    assert len(runs) > 10
    assert _read(filled.mirror, runs) == []


def _read(mirror: Mirror, runs: list[Run]) -> list[str]:
    return asyncio.run(mirror.write(whole_reads, runs))
