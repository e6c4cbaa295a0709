"""The convergence machine once more, its steps put together by hypothesis, which shortens what
fails: setup, then any steps of the one generator, then the verdict.
"""

from __future__ import annotations

from contextlib import ExitStack
from random import Random
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.scenarios.conftest import Play
from tests.scenarios.machine import ROUNDS
from tests.scenarios.stage import POLICIES, any_setup
from tests.scenarios.steps import Mix, steps

NUMBERS = st.integers(0, 2**32 - 1)


class Convergence(RuleBasedStateMachine):
    machine_on: ClassVar[Play]

    @initialize(policy=st.sampled_from(POLICIES), number=NUMBERS)
    def begin(self, policy: str, number: int) -> None:
        self.stage, self.is_whole = ExitStack(), True
        setup = any_setup(Random(number), policy=policy)
        self.machine = self.stage.enter_context(type(self).machine_on("sqlite", setup))

    @rule(number=NUMBERS)
    def go_on(self, number: int) -> None:
        self.is_whole = False
        self.machine.play(steps(Random(number), Mix(1)))
        self.is_whole = True

    def teardown(self) -> None:
        with self.stage:
            if self.is_whole:
                verdict = self.machine.judge()
                assert verdict.wrong == []
                assert verdict.rounds <= ROUNDS


@pytest.mark.timeout(300)
def test_whatever_is_done_in_whatever_order_both_sides_come_to_rest(
    machine_on: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Convergence, "machine_on", staticmethod(machine_on), raising=False)
    run_state_machine_as_test(
        Convergence,
        settings=settings(
            max_examples=4,
            stateful_step_count=15,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
