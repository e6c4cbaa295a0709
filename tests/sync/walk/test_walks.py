"""Walks in ranges, through both URL forms, of servers that do not do what they should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.sync import passes
from cfsync.sync.report import Report
from cfsync.sync.walk import page_writer
from tests.sync.conftest import Round


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "workspaces": 2, "contacts": 800}


def complete(round_: Round) -> bool:
    listed = [i for w in round_.world.workspaces for i in round_.world.ids("contacts", w)]
    return round_.ids("contacts") == sorted(listed)


def test_ranges_side_by_side_bring_every_record_once(round_: Round) -> None:
    round_.world.latency = 0.005

    report = round_.backfill("contacts")

    assert report.counts["contacts"] == {"new": 800}
    assert complete(round_)
    lists = round_.sql(
        "SELECT lane, part, done_at IS NOT NULL FROM cf_checkpoints WHERE resource = 'contacts'"
        " AND parent_id = ? ORDER BY lane, part",
        round_.workspace,
    )
    assert [(lane, part, bool(done)) for lane, part, done in lists] == [
        ("backfill", 0, True),
        ("pull", 0, True),
    ]


def test_a_stopped_walk_goes_on_with_all_its_ranges(round_: Round) -> None:
    round_.world.latency = 0.05
    round_.settings["CFSYNC_API__MAX_CONCURRENCY"] = "4"
    parts = "SELECT count(*) FROM cf_checkpoints WHERE lane = 'backfill' AND part > 0"

    stopped = round_.run(passes.backfill, ["contacts"], stop_when=lambda: round_.one(parts) >= 3)
    before = len(round_.ids("contacts"))
    report = round_.backfill("contacts")

    assert stopped.state == "stopped"
    assert 0 < before < 800
    assert complete(round_)
    assert report.counts["contacts"]["new"] == 800 - before


def test_the_gateway_form_is_walked_the_same(round_: Round) -> None:
    round_.settings["CFSYNC_API__BASE_URL"] = round_.served.gateway + "/"

    round_.backfill("contacts")

    assert complete(round_)
    foreign = round_.world.fault("foreign_link", times=None)
    round_.sweep("contacts")
    assert foreign.struck > 0
    assert complete(round_)


BETWEEN = {
    "begins anew": {"kind": "ignore_after_between"},
    **{str(n): {"kind": "refuse_after_between", "status": n} for n in (400, 404, 422)},
}
"""What a server that can't start between two records does with a request for that."""


@pytest.mark.parametrize("fault", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("do", [Round.backfill, Round.sweep], ids=["backfill", "sweep"])
def test_a_server_that_can_not_start_between_records_is_walked_in_one_line(
    round_: Round, do: Callable[..., Report], fault: dict[str, Any]
) -> None:
    if do is Round.sweep:
        round_.backfill("contacts")
    round_.world.latency = 0.005
    round_.world.fault(**fault, times=None)

    report = do(round_, "contacts")

    assert report.state == "done"
    assert report.unreachable == []
    assert complete(round_)


@pytest.mark.parametrize("fault", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("do", [Round.backfill, Round.sweep], ids=["backfill", "sweep"])
def test_a_page_that_waits_to_be_written_is_not_lost_when_the_walk_goes_on_in_one_line(
    round_: Round,
    monkeypatch: pytest.MonkeyPatch,
    do: Callable[..., Report],
    fault: dict[str, Any],
) -> None:
    """One place in the queue: the first range's page waits while another range is refused."""
    monkeypatch.setattr(page_writer, "MOST_PAGES", 1)
    round_.world.fault(**fault, times=None)

    report = do(round_, "contacts")

    assert report.state == "done"
    assert complete(round_)


@pytest.mark.parametrize("fault", BETWEEN.values(), ids=BETWEEN)
def test_a_walk_in_one_line_that_is_stopped_goes_on_where_it_was(
    round_: Round, fault: dict[str, Any]
) -> None:
    round_.world.fault(**fault, times=None)
    round_.world.latency = 0.02
    rows = "SELECT count(*) FROM contacts"

    stopped = round_.run(passes.backfill, ["contacts"], stop_when=lambda: round_.one(rows) >= 300)
    placed = round_.one(
        "SELECT count(*) FROM cf_checkpoints WHERE resource = 'contacts' AND lane = 'backfill'"
        " AND part = 0 AND cursor IS NOT NULL"
    )
    assert 0 < round_.one(rows) < 800
    round_.world.latency = 0.0
    round_.world.faults.clear()
    beginnings = round_.world.fault("slow", seconds=0.0, path="/contacts$", times=None)
    round_.world.fault(**fault, times=None)
    round_.backfill("contacts")

    assert stopped.state == "stopped"
    assert complete(round_)
    looks = 0 if fault == BETWEEN["begins anew"] else 2  # is the list itself what is refused?
    assert beginnings.struck <= 2 - placed + looks, "no list is walked from its beginning again"


def test_a_range_that_was_cut_off_is_not_lost_though_no_page_of_it_came(round_: Round) -> None:
    """The range before it has its new end by then."""
    round_.settings["CFSYNC_API__MAX_CONCURRENCY"] = "2"
    round_.world.latency = 0.02
    down = round_.world.fault("refuse_after_between", status=503, times=None)

    stopped = round_.run(passes.backfill, ["contacts"])
    down.times = 0
    report = round_.backfill("contacts")

    assert down.struck > 0
    assert stopped.state == "stopped"
    assert report.state == "done"
    assert complete(round_)


def test_no_range_is_cut_where_requests_wait_for_their_turn(round_: Round) -> None:
    """At the ceiling another walker would only wait too, and each cut costs a request."""
    round_.settings["CFSYNC_API__MAX_REQUESTS_PER_SECOND"] = "40"

    report = round_.backfill("contacts")

    pages, looks = 40, 6
    assert report.requests <= pages + looks + 4


def test_a_walk_in_one_line_whose_record_is_gone_begins_anew(round_: Round) -> None:
    round_.world.fault(**BETWEEN["404"], times=None)
    round_.world.latency = 0.02
    place = "SELECT cursor FROM cf_checkpoints WHERE lane = 'backfill' AND cursor IS NOT NULL"
    rows = "SELECT count(*) FROM contacts"

    round_.run(passes.backfill, ["contacts"], stop_when=lambda: round_.one(rows) >= 300)
    shown = set(round_.ids("contacts"))
    for cursor in shown.intersection(round_.column(place)):  # a range may begin between records
        round_.world.delete("contacts", cursor)
    round_.world.latency = 0.0
    report = round_.backfill("contacts")

    assert report.state == "done", report.problems
    assert round_.sweep("contacts").state == "done"
    assert complete(round_)


def test_a_list_that_is_refused_keeps_its_places(round_: Round) -> None:
    """That a workspace is out of reach for a while is not the server's way with cursors."""
    round_.world.latency = 0.02
    parts = "SELECT count(*) FROM cf_checkpoints WHERE lane = 'backfill' AND part > 0"
    round_.run(passes.backfill, ["contacts"], stop_when=lambda: round_.one(parts) >= 3)
    before = round_.one(parts)
    round_.world.fault("status", status=404, path="contacts", times=None)

    report = round_.backfill("contacts")

    assert report.unreachable
    assert round_.one(parts) == before


@pytest.mark.parametrize("kind", ["own_order", "shuffled"])
@pytest.mark.parametrize("do", [Round.backfill, Round.pull, Round.sweep])
def test_a_list_in_another_order_is_walked_as_it_is_listed(
    round_: Round, do: Callable[..., Report], kind: str
) -> None:
    if do is not Round.backfill:
        round_.backfill("contacts")
    world = round_.world
    fresh = [world.create("contacts", w, first_name="Fresh") for w in world.workspaces]
    round_.world.fault(kind, path="contacts", times=None)

    report = do(round_, "contacts")

    assert report.state == "done"
    assert complete(round_)
    assert set(fresh) <= set(round_.ids("contacts"))
    assert round_.pull("contacts").state == "done", "and the next pass begins anew"


def test_a_sweep_of_a_list_in_another_order_proves_nothing(round_: Round) -> None:
    round_.backfill("contacts")
    gone = round_.world.ids("contacts", round_.workspace)[100]
    round_.world.delete("contacts", gone)
    round_.world.fault("own_order", path="contacts", times=None)

    report = round_.sweep("contacts")

    assert report.unproved == [f"contacts/{w}" for w in round_.world.workspaces]
    assert report.exit_code == 5
    assert round_.one("SELECT count(*) FROM cf_tombstones") == 0
    assert gone in round_.ids("contacts")


@pytest.mark.parametrize("kind", ["own_order", "wrong_order", "page_twice"])
def test_one_page_out_of_order_is_asked_for_again(round_: Round, kind: str) -> None:
    round_.backfill("contacts")
    gone = round_.world.ids("contacts", round_.workspace)[100]
    round_.world.delete("contacts", gone)
    fault = round_.world.fault(kind, path="contacts.*after=", nth=5)

    with capture_logs() as logs:
        report = round_.sweep("contacts")

    assert fault.struck == 1
    assert not [line for line in logs if line["event"].startswith("walk.")]
    assert report.exit_code == 0
    assert gone not in round_.ids("contacts")


def test_a_walk_as_listed_that_is_stopped_begins_anew(round_: Round) -> None:
    """A place in the server's own order means nothing once it keeps to another one."""
    shuffled = round_.world.fault("shuffled", path="contacts", times=None)
    round_.world.latency = 0.02
    rows = "SELECT count(*) FROM contacts"

    stopped = round_.run(passes.backfill, ["contacts"], stop_when=lambda: round_.one(rows) >= 300)
    before = round_.one(rows)
    shuffled.times = 0
    round_.world.latency = 0.0
    report = round_.backfill("contacts")

    assert stopped.state == "stopped"
    assert before < 800
    assert report.state == "done"
    assert complete(round_)


def test_a_walk_as_listed_whose_cursor_is_gone_begins_anew(round_: Round) -> None:
    gone = round_.world.fault("status", status=404, path="contacts.*after=", nth=4)
    round_.world.fault("own_order", path="contacts", times=None)

    report = round_.backfill("contacts")

    assert gone.struck == 1
    assert report.state == "done"
    assert report.unreachable == []
    assert complete(round_)


def test_pages_in_another_order_than_their_cursors_fail_and_are_never_done(round_: Round) -> None:
    """Whether such cursors lead to every record can't be known."""
    round_.world.fault("wrong_order", path="contacts", times=None)

    report = round_.backfill("contacts")

    assert report.state == "failed"
    assert report.exit_code == 1
    assert (
        round_.one(
            "SELECT count(*) FROM cf_checkpoints WHERE lane = 'pull' AND resource <> 'teams'"
        )
        == 0
    )


def test_a_cursor_that_repeats_is_an_error_and_no_endless_walk(round_: Round) -> None:
    round_.world.fault("repeat_cursor", path="after=", times=None)

    report = round_.backfill("contacts")

    assert report.state == "failed"


def test_records_deleted_and_made_while_they_are_walked_cost_nothing(round_: Round) -> None:
    round_.world.latency = 0.01
    ids = round_.world.ids("contacts", round_.workspace)

    def meddle() -> bool:
        if ids:
            round_.world.delete("contacts", ids.pop(len(ids) // 2))
        round_.world.create("contacts", round_.workspace, first_name="Fresh")
        return False

    round_.run(passes.backfill, ["contacts"], stop_when=meddle)
    round_.world.latency = 0.0
    round_.settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "1"
    round_.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "10000"
    round_.pull("contacts")
    round_.sweep("contacts")

    assert complete(round_)


@pytest.mark.parametrize("do", [passes.backfill, passes.sweep])
def test_that_the_newest_record_goes_meanwhile_is_no_fault_of_the_server(
    round_: Round, do: Callable[..., Any]
) -> None:
    if do is passes.sweep:
        round_.backfill("contacts")
    left = [round_.world.ids("contacts", round_.workspace)[-1]]
    round_.world.latency = 0.05
    parts = "SELECT count(*) FROM cf_checkpoints WHERE lane IN ('backfill', 'sweep') AND part > 0"

    def meddle() -> bool:
        if left and round_.one(parts) >= 2:
            round_.world.delete("contacts", left.pop())
        return False

    with capture_logs() as logs:
        report = round_.run(do, ["contacts"], stop_when=meddle)

    assert not left, "it was deleted while the walk was under way"
    assert report.state == "done", report.problems
    assert not [line for line in logs if line["event"] == "walk.in_one_line"]
    assert complete(round_)


def test_a_sweep_in_ranges_finds_every_deletion(round_: Round) -> None:
    round_.backfill("contacts")
    round_.settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "1"
    for contact in round_.world.ids("contacts", round_.workspace)[::7]:
        round_.world.delete("contacts", contact)

    report = round_.sweep("contacts")

    assert complete(round_)
    assert report.exit_code == 0


def test_a_stopped_sweep_goes_on_where_it_was(round_: Round) -> None:
    round_.backfill("contacts")
    gone = round_.world.ids("contacts", round_.workspace)[200]
    round_.world.delete("contacts", gone)
    round_.world.latency = 0.05
    round_.settings["CFSYNC_API__MAX_CONCURRENCY"] = "4"
    parts = "SELECT count(*) FROM cf_checkpoints WHERE lane = 'sweep' AND part > 0"

    stopped = round_.run(passes.sweep, ["contacts"], stop_when=lambda: round_.one(parts) >= 3)
    round_.world.latency = 0.0
    report = round_.sweep("contacts")

    assert stopped.state == "stopped"
    assert report.counts["contacts"]["unchanged"] < 799
    assert complete(round_)
