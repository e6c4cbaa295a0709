"""Random edits on both sides, random passes, faults and kills between them: when the edits stop,
both sides come to rest, the same, and nothing is lost, doubled or written again.

`make soak` plays the same machine for longer; here it has a few seeds that are always the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.scenarios.conftest import Play
from tests.scenarios.machine import ROUNDS
from tests.scenarios.stage import POLICIES, any_setup
from tests.scenarios.steps import Edit, Mix, Pass, Step, as_code, steps

RUNS = [
    *(("sqlite", seed, Mix(25)) for seed in range(4)),
    ("sqlite", 20, Mix(12, real=1.0, killed=0.8)),
    ("postgresql", 30, Mix(25)),
    ("postgresql", 31, Mix(12, real=1.0, killed=0.8)),
]


@pytest.mark.parametrize(("dialect", "seed", "mix"), RUNS, ids=lambda it: str(it).partition("(")[0])
def test_both_sides_come_to_rest_and_nothing_is_lost(
    machine_on: Play,
    record_property: Callable[[str, Any], None],
    dialect: str,
    seed: int,
    mix: Mix,
) -> None:
    dice = random.Random(seed)
    found = steps(dice, mix)
    with machine_on(dialect, any_setup(dice, policy=POLICIES[seed % 4])) as machine:
        machine.play(found)
        verdict = machine.judge()

    record_property("ledger", dict(verdict.counts))
    assert verdict.wrong == [], as_code(found)
    assert verdict.rounds <= ROUNDS


@pytest.mark.parametrize(("dialect", "seed"), [("sqlite", 40), ("postgresql", 41)])
def test_they_do_so_where_contacts_are_swept_by_census_and_tagged_in_bulk(
    machine_on: Play, dialect: str, seed: int
) -> None:
    dice = random.Random(seed)
    setup = replace(any_setup(dice, policy=POLICIES[seed % 4]), census=True, bulk=True)
    often = [Edit("here", "tag", "contacts", -1, 1), Pass("push"), Pass("sweep")]
    found: list[Step] = [Pass("sweep")]
    for n, step in enumerate(steps(dice, Mix(15))):
        found += [step, *(often if n % 4 == 0 else ())]

    with machine_on(dialect, setup) as machine:
        machine.play(found)
        counts = machine.account.world.ledger.requests
        read, sent = (
            counts[f"{call} {status}"]
            for call, status in (
                ("GET /refine_filters/{id}", 200),
                ("POST /workspaces/{parent}/contacts/tag_actions", 201),
            )
        )
        verdict = machine.judge()

    assert verdict.wrong == [], as_code(found)
    assert min(read, sent) > 1
