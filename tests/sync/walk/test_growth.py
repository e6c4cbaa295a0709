"""A list that never ends is left, and the user told what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cfsync.sync.report import Report
from cfsync.sync.walk import growth
from tests.sync.conftest import Round

SAID = "if ClickFunnels really has them, run cfsync backfill contacts --restart"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "FREE", 60)
    monkeypatch.setattr(growth, "TIMES", 2)


def serve_for_ever(round_: Round) -> None:
    later = {"updated_at": datetime.now(UTC).isoformat(), "email_address": None}
    round_.world.fault("endless", path="/contacts", fields=later, times=None)


@pytest.mark.parametrize("do", [Round.pull, Round.sweep])
def test_a_list_that_never_ends_is_left(round_: Round, do: Callable[..., Report]) -> None:
    round_.backfill("contacts")
    serve_for_ever(round_)

    report = do(round_, "contacts")

    assert report.exit_code == 1
    assert any("more than 150 new records" in p and SAID in p for p in report.problems)
    assert len(round_.ids("contacts")) < 45 + 150 + 20 * 20


def test_so_is_one_that_was_never_read(round_: Round) -> None:
    serve_for_ever(round_)

    report = round_.backfill("contacts")

    assert report.exit_code == 1
    assert any("more than 60 new records" in p and SAID in p for p in report.problems)


@pytest.mark.parametrize("sizes", [{"bare": True, "workspaces": 1, "contacts": 300}])
def test_a_long_list_is_read_to_its_end(round_: Round) -> None:
    assert round_.backfill("contacts").exit_code == 0
    for contact in round_.ids("contacts"):
        round_.world.edit("contacts", contact, first_name="Changed")

    assert round_.pull("contacts").counts["contacts"]["changed"] == 300
    assert round_.sweep("contacts").exit_code == 0
