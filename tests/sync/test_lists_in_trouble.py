"""A list that the server can't give holds up no other one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cfsync.api import Retry
from tests.sync.conftest import Round, a_few_of_everything

ONCE = Retry(attempts=1)


@a_few_of_everything
@pytest.mark.parametrize(
    ("run", "status"), [("backfill", 503), ("pull", 500), ("sweep", 503), ("pull", 408)]
)
def test_the_others_are_read_and_the_pass_is_not_done(round_: Round, run: str, status: int) -> None:
    round_ = replace(round_, retry=ONCE)
    if run != "backfill":
        round_.backfill()
    order = round_.world.ids("orders", round_.workspace)[0]
    round_.world.edit("orders", order, notes="read all the same")
    round_.world.fault("status", status=status, path="/products(\\?|$)", times=None)

    report = getattr(round_, run)()

    assert report.exit_code == 4
    assert any(f"({status})" in problem for problem in report.problems)
    assert round_.one("SELECT notes FROM orders WHERE id = ?", order) == "read all the same"
    round_.world.faults.clear()
    assert getattr(round_, run)().is_done


@a_few_of_everything
def test_a_server_that_gives_no_list_is_asked_a_few_times_only(round_: Round) -> None:
    round_ = replace(round_, retry=ONCE)
    round_.backfill()
    round_.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    down = round_.world.fault("status", status=503, path="/workspaces/", times=None)

    report = round_.pull()

    assert report.exit_code == 4
    assert down.struck <= 5


@a_few_of_everything
@pytest.mark.parametrize("status", [402, 405, 422])
def test_a_list_that_is_refused_stops_no_other(round_: Round, status: int) -> None:
    round_.world.fault("status", status=status, path="/products(\\?|$)", times=None)

    report = round_.backfill()

    assert report.exit_code == (5 if status == 402 else 1)
    assert round_.ids("contacts")
    assert round_.ids("orders")
