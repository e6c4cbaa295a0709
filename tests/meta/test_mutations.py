"""The list of breakages fits the code that it breaks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.mutations import BREAKAGES
from tests.mutations.breakage import Breakage

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda b: b.name)
def test_what_is_to_be_broken_is_there_once_and_so_are_those_who_must_notice(
    breakage: Breakage,
) -> None:
    assert (ROOT / breakage.file).read_text().count(breakage.old) == 1
    for test in breakage.tests:
        file, _, name = test.partition("::")
        function = name.partition("[")[0]
        assert re.search(rf"^def {function}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_no_two_have_one_name() -> None:
    assert len({b.name for b in BREAKAGES}) == len(BREAKAGES) >= 20
