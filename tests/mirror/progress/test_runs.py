"""The row of a pass, which its changes name."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from cfsync.mirror.db.engine import Mirror, Tx, try_write
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.progress import runs
from cfsync.mirror.progress.runs import End, PassName, RunState

STARTED = "2026-05-21T12:00:00.000Z"


@pytest.fixture
def of_pass(mirror: Mirror) -> Mirror:
    return mirror.of_pass(runs.begin(PassName.PULL, "contacts", STARTED))


def rolled_back(tx: Tx) -> None:
    runs.current(tx)
    raise Constrained("not this one")


def in_a_savepoint(tx: Tx) -> None:
    assert try_write(tx, lambda: rolled_back(tx)) == "not this one"


@pytest.mark.parametrize("write", [rolled_back, in_a_savepoint])
def test_a_row_that_was_rolled_back_is_inserted_again(
    of_pass: Mirror, sql: Any, write: Any
) -> None:
    with suppress(Constrained):
        asyncio.run(of_pass.write(write))
    none = sql("SELECT id FROM cf_runs")
    other = "INSERT INTO cf_runs (pass, state, started_at, quiet) VALUES ('sweep', 'done', ?, 0)"
    sql(other, STARTED)
    first, second = (asyncio.run(of_pass.write(runs.current)) for _ in range(2))

    assert none == []
    assert first == second
    assert sql("SELECT pass, state FROM cf_runs WHERE id = ?", first) == [("pull", "running")]


def test_a_row_that_is_there_ends_even_if_the_pass_is_quiet(of_pass: Mirror, sql: Any) -> None:
    run = of_pass._run
    assert run is not None
    current = asyncio.run(of_pass.write(runs.current))
    asyncio.run(of_pass.write(runs.save, run, End(RunState.DONE, 3, {}, None), quiet=True))

    assert sql("SELECT id, state, requests, quiet FROM cf_runs") == [(current, "done", 3, 0)]


def test_writes_outside_of_passes_have_none(mirror: Mirror, sql: Any) -> None:
    assert asyncio.run(mirror.write(runs.current)) is None
    assert sql("SELECT count(*) FROM cf_runs") == [(0,)]


def test_a_quiet_pass_is_counted_only_where_the_trouble_is_the_same(
    mirror: Mirror, sql: Any
) -> None:
    run = runs.begin(PassName.PUSH, "contacts", STARTED)
    for trouble in (None, "server", "server", None):
        end = End(RunState.STOPPED, 0, {}, "no answer", trouble)
        asyncio.run(mirror.write(runs.save, run, end, quiet=True))

    kept = sql("SELECT trouble, quiet FROM cf_runs ORDER BY id")
    assert kept == [(None, 0), ("server", 1), (None, 0)]
