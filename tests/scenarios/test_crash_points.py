"""A few of the points at which power can go in each pass. `make fault-matrix` has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Postgres
from tests.scenarios.crash_points import points_of, survived
from tests.scenarios.fault_bench import PostgresStore, SqliteStore, Store
from tests.scenarios.fault_matrix import bench_of
from tests.scenarios.fault_scenes import quiet_logs

EACH = 4
"""Points of each pass, spread over it, between which what outlives the process changes."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["backfill", "pull", "push", "push in bulk", "sweep"])
def test_a_pass_that_is_killed_anywhere_is_finished_by_the_next_one(
    name: str, migrated_sqlite: Path, tmp_path: Path
) -> None:
    survives(name, tmp_path, SqliteStore(migrated_sqlite, tmp_path), EACH)


@pytest.mark.timeout(300)
def test_a_push_that_is_killed_on_postgresql_is_finished_by_the_next_one(
    postgres: Postgres, migrated_postgres: str, tmp_path: Path
) -> None:
    survives("push", tmp_path, PostgresStore(postgres, migrated_postgres), 2)


def survives(name: str, folder: Path, store: Store, times: int) -> None:
    quiet_logs()
    with bench_of(name, folder, store) as (bench, plan):
        points = points_of(bench)
        durable = [n for n, what in enumerate(points, 1) if what != "sql"]
        chosen = durable[len(durable) // times // 2 :: len(durable) // times]

        wrong = {n: found for n in chosen if (found := list(survived(bench, plan, points, n)))}

    assert len(chosen) >= times
    assert wrong == {}
