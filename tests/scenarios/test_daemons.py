"""The convergence machine with daemons. `make soak` plays it for longer; here it has one seed on
each database, always the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import copy_of
from tests.scenarios.daemons.machine import daemons_over
from tests.scenarios.daemons.steps import FEW, Cast, steps
from tests.scenarios.machine import ROUNDS
from tests.scenarios.stage import POLICIES, any_setup, stage
from tests.scenarios.steps import Mix, as_code


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("dialect", "seed", "count"), [("sqlite", 2383, 1), ("postgresql", 2026, 2)]
)
def test_daemons_bring_both_sides_to_rest_and_nothing_is_lost(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, Any], None],
    dialect: str,
    seed: int,
    count: int,
) -> None:
    dice = random.Random(seed)
    setup = replace(any_setup(dice, policy=POLICIES[seed % 4]), tables=FEW)
    found = steps(dice, Mix(20, real=0.5), Cast(dialect, count, FEW))
    server = request.getfixturevalue("postgres") if dialect == "postgresql" else None
    with (
        copy_of("migrated", dialect, request, tmp_path) as url,
        stage(url, setup) as machine,
        daemons_over(machine, tmp_path, count, server) as daemons,
    ):
        daemons.play(found)
        verdict = daemons.judge()

    record_property("ledger", dict(verdict.counts))
    assert not verdict.wrong, "\n".join([*verdict.wrong, as_code(found)])
    assert verdict.rounds <= ROUNDS
