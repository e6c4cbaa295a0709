"""Records whose `updated_at` lies in the future: they hide no other change."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from cfsync.sandbox import World
from cfsync.sync.inspection import field_notes
from tests.sync.conftest import Round

FUTURE = "2099-01-01T00:00:00.000Z"


@pytest.fixture(autouse=True)
def _without_events(world: World) -> None:
    world.store.events = "never"


@pytest.mark.parametrize("wrong", [1, 21], ids=["one record", "more than a page"])
@pytest.mark.parametrize("when", ["before the backfill", "after it"])
def test_changes_are_pulled_although_records_are_stamped_in_the_future(
    round_: Round, when: str, wrong: int
) -> None:
    contacts = round_.world.ids("contacts", round_.workspace)
    if when == "after it":
        round_.backfill("contacts")
    for contact in contacts[:wrong]:
        round_.world.edit("contacts", contact, updated_at=FUTURE, first_name="From 2099")
    round_.backfill("contacts")
    round_.settle()

    round_.world.edit("contacts", contacts[-1], first_name="Changed now")
    report = round_.pull("contacts")

    assert report.counts["contacts"]["changed"] == 1
    assert report.requests <= 2 + wrong // 20 + 1
    assert (
        round_.column("SELECT first_name FROM contacts WHERE first_name LIKE 'From%'")
        == ["From 2099"] * wrong
    )
    assert round_.one("SELECT first_name FROM contacts WHERE id = ?", contacts[-1]) == "Changed now"
    assert round_.sql("SELECT resource, field FROM cf_notes WHERE kind = 'ahead'") == [
        ("contacts", "updated_at")
    ]


def test_a_watermark_that_lies_ahead_is_dropped_and_named(round_: Round) -> None:
    round_.backfill("contacts")
    round_.sql("UPDATE cf_checkpoints SET watermark = ? WHERE lane = 'pull'", FUTURE)
    contact = round_.world.ids("contacts", round_.workspace)[-1]
    round_.world.edit("contacts", contact, first_name="Changed now")

    with capture_logs() as lines:
        report = round_.pull("contacts")

    assert report.counts["contacts"]["changed"] == 1
    assert [line["watermark"] for line in lines if line["event"] == "pull.watermark_ahead"] == [
        FUTURE
    ]
    ahead = "SELECT resource FROM cf_checkpoints WHERE lane = 'pull' AND watermark = ?"
    assert "contacts" not in round_.column(ahead, FUTURE)
    assert round_.pull("contacts").quiet


@pytest.mark.parametrize("date", ["Thu, 01 Jan 2099 12:00:00 GMT", "Sat, 01 Jan 2000 12:00:00 GMT"])
def test_a_server_whose_clock_is_wrong_hides_no_change(round_: Round, date: str) -> None:
    first, *_, last = round_.world.ids("contacts", round_.workspace)
    round_.world.fault("headers", headers={"Date": date}, times=None)
    round_.world.edit("contacts", first, updated_at=FUTURE)
    round_.backfill("contacts")
    round_.settle()

    round_.world.edit("contacts", last, first_name="Changed now")
    report = round_.pull("contacts")

    assert report.exit_code == 0
    assert round_.one("SELECT first_name FROM contacts WHERE id = ?", last) == "Changed now"


def test_an_event_is_followed_although_the_base_is_from_the_future(
    round_: Round, world: World
) -> None:
    contact = round_.world.ids("contacts", round_.workspace)[0]
    round_.world.edit("contacts", contact, updated_at=FUTURE)
    round_.backfill("contacts")
    round_.pull("contacts")
    world.store.events = "always"
    round_.world.edit("contacts", contact, updated_at="2026-01-01T00:00:00.000Z", first_name="Now")

    round_.pull("contacts")

    assert round_.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Now"


def test_doctor_names_a_record_from_the_future() -> None:
    note = {"resource": "contacts", "field": "updated_at", "kind": "ahead", "record_id": 5}

    (check,) = field_notes.drift([note])

    assert check.state == "note"
    assert "contacts.updated_at lay in the future" in check.text
