"""The events log: where it gives events it is read from where it was left, and nothing else is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from cfsync.mirror.progress.checkpoints import Checkpoint
from cfsync.mirror.reports import status
from cfsync.sync import passes
from cfsync.sync.events.log import FRESH_S, QUIET_S, interval, is_due
from cfsync.sync.inspection import doctor
from cfsync.times import time_text
from tests.conftest import SQLITE_ONLY
from tests.sync.conftest import Round

LOG = "/webhooks/outgoing/events"

UNKNOWN = "loyalty/balance.created"


def reads(round_: Round) -> int:
    """Requests of the log since the last time."""
    calls = [path for _, path, _ in round_.world.ledger.calls if LOG in path]
    round_.world.ledger.clear()
    return len(calls)


@pytest.fixture
def live(round_: Round) -> Round:
    """An account whose log gives events, and a mirror that is in step with both."""
    round_.backfill()
    round_.world.edit("contacts", round_.ids("contacts")[0], first_name="First")
    round_.pull()
    round_.pull()
    round_.world.ledger.clear()
    return round_


@SQLITE_ONLY
def test_a_log_that_gives_nothing_is_asked_once_an_hour(round_: Round) -> None:
    round_.world.store.events = "never"
    round_.backfill()
    looks = []
    for _ in range(4):
        round_.pull()
        looks.append(reads(round_))
        round_.clock.go_on(QUIET_S / 3)

    assert looks == [1, 0, 1, 0]


@SQLITE_ONLY
def test_what_pulls_have_brought_already_needs_no_look(live: Round) -> None:
    for contact in live.ids("contacts")[:5]:
        live.world.edit("contacts", contact, first_name="New")

    report = live.pull("contacts")

    assert report.counts["contacts"] == {"changed": 5}
    assert live.one("SELECT count(*) FROM cf_events WHERE source = 'log'") >= 5
    assert report.requests == 3


@SQLITE_ONLY
def test_a_deletion_is_found_without_any_sweep(live: Round) -> None:
    gone = live.ids("contacts")[5]
    live.world.delete("contacts", gone)

    report = live.pull("contacts")

    assert report.counts["contacts"]["deleted"] == 1
    assert gone not in live.ids("contacts")


@pytest.mark.parametrize("subjects", ["typed", "text", "untyped"])
def test_events_that_name_their_subject_in_any_form_bring_its_change(
    live: Round, subjects: str
) -> None:
    live.world.store.subjects = subjects  # type: ignore[assignment]
    product = live.world.create("products", live.workspace, name="news")
    variant = live.world.create("product_variants", product, name="news")

    live.pull("contacts")

    named = live.column(f"SELECT resource FROM cf_events WHERE record_id = {variant}")
    assert set(named) == {"product_variants"}


def test_types_that_name_no_record_of_the_mirror_are_counted(live: Round) -> None:
    log = live.world.store
    for _ in range(2):
        named = {"event_type_id": UNKNOWN, "subject_type": "Loyalty::Balance"}
        event = log.draft("webhook_events", live.workspace, named | {"subject_id": 5, "data": {}})
        log.put("webhook_events", event)

    live.pull("contacts")

    unused = asyncio.run(live.mirror.read(status.unused_events))
    assert unused == [{"event_type": UNKNOWN, "events": 2}]
    assert f"2 of type {UNKNOWN}" in doctor.unused_events(unused)[0].text


def test_the_daemons_pass_reads_on_from_where_it_was(live: Round) -> None:
    contacts = live.ids("contacts")[:45]
    for contact in contacts:
        live.world.edit("contacts", contact, first_name="New")
    live.clock.go_on(15)

    report = live.run(passes.logs_due)
    assert report.counts["contacts"] == {"hints": 45}
    assert reads(live) == 3
    live.run(passes.events_due, "contacts")
    assert live.one("SELECT count(*) FROM contacts WHERE first_name = 'New'") == 45

    live.clock.go_on(15)
    assert live.run(passes.logs_due).idle
    assert reads(live) == 1


@SQLITE_ONLY
def test_one_that_becomes_visible_behind_a_later_one_is_not_missed(live: Round) -> None:
    first, second = live.ids("contacts")[:2]
    table = live.world.store.tables["webhook_events"]
    live.world.edit("contacts", first, first_name="Late")
    late = live.world.records("webhook_events", live.workspace)[-1]
    values = table.get(late["id"])
    table.drop(late["id"], live.workspace)
    live.world.edit("contacts", second, first_name="Early")
    live.clock.go_on(15)
    live.run(passes.logs_due)
    table.put(values)
    live.clock.go_on(15)

    report = live.run(passes.logs_due)

    assert report.counts["contacts"] == {"hints": 1}


@SQLITE_ONLY
def test_a_log_that_is_refused_holds_nothing_up_and_is_left_alone_for_an_hour(
    live: Round,
) -> None:
    live.world.fault("status", status=403, path=LOG, times=None)

    assert live.pull().state == "done"
    assert reads(live) == 1
    assert live.pull().state == "done"
    assert reads(live) == 0
    live.world.faults.clear()
    live.clock.go_on(QUIET_S)
    live.world.edit("contacts", live.ids("contacts")[0], first_name="Again")
    live.run(passes.logs_due)
    assert reads(live) == 1


@SQLITE_ONLY
@pytest.mark.parametrize("sizes", [{"bare": True, "workspaces": 5, "contacts": 5}])
def test_many_logs_are_read_in_turn_one_a_second(live: Round) -> None:
    live.settings["CFSYNC_EVENTS__LOG_EVERY"] = "2s"
    for contact in live.ids("contacts"):
        live.world.edit("contacts", contact, first_name="New")
    live.clock.go_on(3600)
    live.pull()
    assert reads(live) == 5

    found = []
    for _ in range(5):
        live.clock.go_on(2)
        live.run(passes.logs_due)
        found.append([path for _, path, _ in live.world.ledger.calls if LOG in path])
        live.world.ledger.clear()

    assert [len(logs) for logs in found] == [2] * 5
    assert len({path.partition("?")[0] for logs in found[:3] for path in logs}) == 5


@SQLITE_ONLY
def test_it_can_be_switched_off(live: Round) -> None:
    live.settings["CFSYNC_EVENTS__LOG_EVERY"] = "0s"

    live.pull()

    assert reads(live) == 0


NOW = datetime(2026, 1, 2, tzinfo=UTC)


def ago(seconds: float) -> str:
    return time_text(NOW - timedelta(seconds=seconds))


def place(**times: str | None) -> Checkpoint:
    known = {"done_at": ago(0), "began_at": ago(0)} | times
    return Checkpoint("webhook_events", 1, "events", upper=5, **known)


@pytest.mark.parametrize(
    ("stands", "has_endpoint", "every"),
    [
        (None, False, QUIET_S),
        (None, True, 15.0),
        (place(seen_at=ago(60)), False, 15.0),
        (place(seen_at=ago(FRESH_S + 1)), False, QUIET_S),
        (place(seen_at=ago(FRESH_S + 1)), True, 15.0),
        (place(seen_at=ago(60), done_at=None), True, QUIET_S),
    ],
)
def test_how_often_it_is_read(stands: Checkpoint | None, has_endpoint: bool, every: float) -> None:
    assert interval(stands, 15.0, ago(0), has_endpoint=has_endpoint) == every


@pytest.mark.parametrize(("age", "due"), [(0, False), (7, False), (8, True), (-5, True)])
def test_when_it_is_read(age: float, due: bool) -> None:
    assert is_due(place(began_at=ago(age)), 15.0, ago(0)) is due
    assert is_due(None, 15.0, ago(0))
