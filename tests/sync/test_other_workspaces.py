"""Records of workspaces that are not mirrored stay out, however their ids become known."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from cfsync.hints import FOLLOWED, from_delivery
from cfsync.mirror.progress import events
from cfsync.resources import RESOURCES
from cfsync.sync import passes
from cfsync.sync.report import Report
from tests.sync.conftest import Round, a_few_of_everything

NOTED = "SELECT resource, kind FROM cf_notes WHERE kind = 'foreign'"


@pytest.fixture
def one(round_: Round) -> Round:
    """A mirror of the first of two workspaces."""
    round_.settings["CFSYNC_API__WORKSPACES"] = str(round_.world.workspaces[0])
    round_.backfill()
    return round_


def deliver(round_: Round, resource: str, record_id: int, **data: Any) -> Report:
    """Follow a delivery for the first workspace that names a record."""
    body = {
        "event_id": f"{resource}-{record_id}-{len(round_.sql('SELECT 1 FROM cf_events'))}",
        "event_type": "anything.updated",
        "subject_type": RESOURCES[resource].body_key,
        "subject_id": record_id,
        "data": data,
    }
    hint = from_delivery(orjson.dumps(body), round_.world.workspaces[0])
    assert (hint.resource, hint.record_id) == (resource, record_id)
    keep = round_.mirror.write(events.save, [hint], "receiver", wanted={resource}, bodies=True)
    assert asyncio.run(keep).new == 1
    return round_.run(passes.events_due, resource)


def first(round_: Round, resource: str, workspace: int) -> int:
    """A record of that workspace."""
    made = RESOURCES[resource]
    parent = workspace if made.listed_by_workspace else first(round_, str(made.parent), workspace)
    return round_.world.ids(resource, parent)[0]


@a_few_of_everything
def test_deliveries_that_name_records_of_another_workspace_bring_nothing(one: Round) -> None:
    followed = [name for name in FOLLOWED if RESOURCES[name].in_workspace]
    theirs = {name: first(one, name, one.world.workspaces[1]) for name in followed}
    before = {name: one.ids(name) for name in followed}

    for resource, record_id in theirs.items():
        deliver(one, resource, record_id, id=record_id, updated_at="2030-01-01T00:00:00Z")
    one.pull()

    assert {name: one.ids(name) for name in followed} == before
    assert one.sql("SELECT 1 FROM cf_events WHERE state = 'new'") == []
    for resource, record_id in theirs.items():
        base = "SELECT 1 FROM cf_base WHERE resource = ? AND id = ?"
        assert one.sql(base, resource, record_id) == []


@a_few_of_everything
def test_a_foreign_course_is_noted_once_and_its_enrollments_stay_out(one: Round) -> None:
    one.settings["CFSYNC_EVENTS__USE_PAYLOAD"] = "true"
    theirs = first(one, "courses", one.world.workspaces[1])
    enrollments = one.ids("enrollments")

    for _ in range(2):
        deliver(one, "courses", theirs, **one.world.get("courses", theirs))
        one.pull()

    assert one.ids("enrollments") == enrollments
    assert one.sql(NOTED) == [("courses", "foreign")]


@a_few_of_everything
def test_a_new_record_of_the_workspace_itself_comes_in(one: Round) -> None:
    here = one.world.workspaces[0]
    for resource in ("courses", "forms", "enrollments", "fulfillments"):
        made = RESOURCES[resource]
        parent = here if made.listed_by_workspace else first(one, str(made.parent), here)
        new = one.world.create(resource, parent)

        deliver(one, resource, new)

        assert one.one(f"SELECT workspace_id FROM {resource} WHERE id = ?", new) == here
    assert one.sql(NOTED) == []


@a_few_of_everything
def test_of_two_mirrored_workspaces_a_record_stays_in_its_own(round_: Round) -> None:
    round_.backfill()
    there = round_.world.workspaces[1]
    for resource in ("courses", "enrollments", "contacts"):
        theirs = first(round_, resource, there)
        round_.world.edit(resource, theirs, created_at="2020-01-01T00:00:00.000Z")

        deliver(round_, resource, theirs)

        assert round_.one(f"SELECT workspace_id FROM {resource} WHERE id = ?", theirs) == there


@pytest.mark.parametrize("sizes", [{"bare": True, "workspaces": 2, "contacts": 50}])
def test_a_list_that_shows_records_of_another_workspace_changes_nothing(round_: Round) -> None:
    many = 25  # more than a page
    here, there = round_.world.workspaces
    strays = tuple(round_.world.ids("contacts", there)[:many])
    round_.world.fault("strays", path=f"/workspaces/{here}/contacts", ids=strays, times=None)
    round_.backfill("contacts")
    before = round_.sql("SELECT id, workspace_id FROM contacts ORDER BY id")
    assert [w for i, w in before if i in strays] == [there] * many
    assert len(before) == 50

    for do in (round_.sweep, round_.pull, round_.sweep, round_.pull):
        report = do("contacts")
        assert report.exit_code == 0
        assert not {"new", "hidden", "deleted"} & report.counts.get("contacts", {}).keys()

    assert round_.sql("SELECT id, workspace_id FROM contacts ORDER BY id") == before
    assert round_.sql(NOTED) == [("contacts", "foreign")]


@pytest.mark.parametrize("sizes", [{"bare": True, "workspaces": 2, "contacts": 10}])
def test_an_edit_does_not_follow_a_record_into_another_workspace(one: Round) -> None:
    there = one.world.workspaces[1]
    contact = one.ids("contacts")[0]
    one.world.edit("contacts", contact, workspace_id=there, first_name="Theirs")
    one.sql("UPDATE contacts SET last_name = 'Ours' WHERE id = ?", contact)

    report = one.push("contacts")

    assert report.exit_code == 5
    assert one.world.get("contacts", contact)["last_name"] != "Ours"
    assert one.column("SELECT error FROM cf_outbox") == [
        "its record belongs to a workspace that is not mirrored"
    ]


@a_few_of_everything
def test_one_workspace_that_is_named_is_backfilled_whatever_the_settings_choose(one: Round) -> None:
    there = one.world.workspaces[1]

    one.backfill(workspace=str(there))

    assert one.column(
        "SELECT id FROM contacts WHERE workspace_id = ? ORDER BY id", there
    ) == one.world.ids("contacts", there)
