"""A few of the points at which power can go in each pass. `make fault-matrix` has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.crash_points import points_of, survived
from tests.scenarios.fault_matrix import bench_of
from tests.scenarios.fault_scenes import quiet_logs

EACH = 5
"""Points of each pass, spread over it, between which what outlives the process changes."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["backfill", "pull", "push", "sweep"])
def test_a_pass_that_is_killed_anywhere_is_finished_by_the_next_one(
    name: str, migrated_sqlite: Path, tmp_path: Path
) -> None:
    quiet_logs()
    with bench_of(name, tmp_path, migrated_sqlite) as (bench, plan):
        durable = [n for n, what in enumerate(points_of(bench), 1) if what != "sql"]
        chosen = durable[:: len(durable) // EACH]

        wrong = {n: found for n in chosen if (found := list(survived(bench, plan, n)))}

    assert len(chosen) >= EACH
    assert wrong == {}
