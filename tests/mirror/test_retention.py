"""Old bookkeeping rows are pruned in small batches; open ones are never pruned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cfsync.mirror import retention
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.progress.runs import End, begin, save
from cfsync.times import time_text

Write = Callable[..., Any]

NOW = time_text(datetime.now(UTC))
LONG_AGO = time_text(datetime.now(UTC) - timedelta(days=1000))
DAY_S = 86400.0


def states(sql: Any, table: str) -> list[str]:
    return [state for (state,) in sql(f"SELECT state FROM {table} ORDER BY state")]


def prune(write: Write, kind: str) -> int:
    return int(write(retention.prune, kind, DAY_S))


def test_only_settled_edits_are_pruned(write: Write, sql: Any) -> None:
    every = ["pending", "sending", "parked", "held", "done", "discarded"]
    for state in every:
        sql(
            "INSERT INTO cf_outbox (resource, record_id, op, patch, state, captured_at)"
            f" VALUES ('contacts', 1, 'update', '{{}}', '{state}', '{LONG_AGO}')"
        )

    assert prune(write, "outbox_done") == 2
    assert states(sql, "cf_outbox") == ["held", "parked", "pending", "sending"]


@pytest.mark.parametrize("kind", ["acted/a/1/", "reverted/", "brought_back/a/", "imported/"])
def test_of_what_was_done_the_old_is_forgotten(write: Write, sql: Any, kind: str) -> None:
    for key, at in ((f"{kind}1", LONG_AGO), (f"{kind}2", NOW), ("act/a/3/b", LONG_AGO)):
        sql(f"""INSERT INTO cf_meta (key, value) VALUES ('{key}', '{{"at": "{at}"}}')""")

    prune(write, "outbox_done")

    left = sql(f"SELECT key FROM cf_meta WHERE key LIKE '{kind}%' OR key LIKE 'act/%' ORDER BY key")
    assert left == sorted([("act/a/3/b",), (f"{kind}2",)])


def test_only_closed_conflicts_are_pruned(write: Write, sql: Any) -> None:
    for field, state in enumerate(["open", "resolved", "superseded"]):
        sql(
            "INSERT INTO cf_conflicts (resource, record_id, kind, field, state, found_at)"
            f" VALUES ('contacts', 1, 'changed', 'f{field}', '{state}', '{LONG_AGO}')"
        )

    assert prune(write, "conflicts") == 2
    assert states(sql, "cf_conflicts") == ["open"]


def test_only_tombstones_that_were_acted_on_are_pruned(write: Write, sql: Any) -> None:
    every = ["candidate", "confirmed", "hidden", "held", "approved", "rejected"]
    for record_id, state in enumerate(every):
        sql(
            "INSERT INTO cf_tombstones (resource, record_id, state, first_seen, confirmed_at)"
            f" VALUES ('contacts', {record_id}, '{state}', '{LONG_AGO}', '{LONG_AGO}')"
        )

    assert prune(write, "tombstones") == 2
    assert states(sql, "cf_tombstones") == ["approved", "candidate", "held", "rejected"]


def test_only_followed_hints_are_pruned(write: Write, sql: Any) -> None:
    for state in ("new", "done"):
        sql(
            "INSERT INTO cf_events (event_id, source, state, received_at)"
            f" VALUES ('{state}', 'log', '{state}', '{LONG_AGO}')"
        )

    assert prune(write, "events") == 1
    assert states(sql, "cf_events") == ["new"]


def test_the_last_run_of_each_pass_and_resource_is_kept(write: Write, sql: Any) -> None:
    ended = {"done": f"'{LONG_AGO}'", "failed": f"'{LONG_AGO}'", "running": "NULL"}
    for resource, state in (
        ("contacts", "running"),  # it was killed
        ("contacts", "done"),
        ("contacts", "failed"),
        ("orders", "done"),
    ):
        sql(
            "INSERT INTO cf_runs (pass, resource, state, started_at, ended_at)"
            f" VALUES ('pull', '{resource}', '{state}', '{LONG_AGO}', {ended[state]})"
        )

    assert prune(write, "runs") == 2
    assert states(sql, "cf_runs") == ["done", "failed"]


def test_batches_are_small_and_recent_rows_are_kept(write: Write, sql: Any) -> None:
    now = time_text(datetime.now(UTC))
    for n in range(retention.BATCH + 3):
        sql(
            "INSERT INTO cf_events (event_id, source, state, received_at)"
            f" VALUES ('{n}', 'log', 'done', '{LONG_AGO if n else now}')"
        )

    assert [prune(write, "events") for _ in range(3)] == [500, 2, 0]
    assert sql("SELECT event_id FROM cf_events") == [("0",)]


@pytest.mark.slow
@pytest.mark.parametrize("mirror_url", ["sqlite"], indirect=True)
def test_ten_thousand_quiet_passes_leave_the_database_as_big_as_it_was(
    mirror: Mirror, sql: Any
) -> None:
    """What a quiet pass writes down; the checkpoints that it moves are rows that are there."""

    def note(tx: Tx, first: int) -> None:
        for i in range(first, first + 50):
            for name in ("contacts", "orders"):
                end = End("done", 1, {name: {"unchanged": i % 3}}, None)
                save(tx, begin("pull", name, LONG_AGO), end, quiet=True)

    async def passes(n: int) -> None:
        """Fifty of each to a transaction, for speed."""
        for first in range(0, n, 50):
            await mirror.write(note, first)

    asyncio.run(passes(50))
    before = sql("PRAGMA page_count"), sql("SELECT count(*) FROM cf_runs")
    asyncio.run(passes(5000))

    assert (sql("PRAGMA page_count"), sql("SELECT count(*) FROM cf_runs")) == before
    assert sql("SELECT sum(quiet) FROM cf_runs") == [(10098,)]
