"""Records that ClickFunnels no longer lists, in each way in which that can be: two sightings, and
then they leave; those that one look only seems to miss stay.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.sync.conftest import Round

STONES = "SELECT record_id, cause, state FROM cf_tombstones ORDER BY record_id"

WITHOUT_FILTER = [
    "forms",
    "images",
    "fulfillments",
    "fulfillment_locations",
    "courses",
    "submissions",
    "webhook_endpoints",
    "order_transactions",
]


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "workspaces": 1, "contacts": 5}


@pytest.fixture
def filled(round_: Round) -> Round:
    round_.backfill()
    return round_


def make(round_: Round, resource: str, n: int = 3) -> list[int]:
    """Records of a resource in one list, in the mirror too."""
    parent = {"submissions": "forms", "order_transactions": "orders"}.get(resource)
    below = round_.world.create(parent, round_.workspace) if parent else round_.workspace
    made = [round_.world.create(resource, below) for _ in range(n)]
    round_.pull(*([parent] if parent else []), resource)
    assert set(made) <= set(round_.ids(resource))
    return made


@pytest.mark.parametrize("resource", WITHOUT_FILTER)
def test_a_record_that_its_list_leaves_out_leaves_and_comes_back(
    filled: Round, resource: str
) -> None:
    """Also where the list can't be filtered by id, and the record's own GET still shows it."""
    hidden = make(filled, resource, 2)[-1]
    filled.world.unlist(resource, hidden)

    report = filled.sweep(resource)

    assert report.counts[resource]["hidden"] == 1
    assert hidden not in filled.ids(resource)
    assert filled.sweep(resource).idle

    filled.world.unlist(resource, hidden, unlisted=False)
    filled.sweep(resource)
    assert hidden in filled.ids(resource)
    assert filled.sql(STONES) == []


@pytest.mark.parametrize("fault", ["", "ignore_after_between"])
def test_a_record_of_such_a_list_that_one_answer_misses_stays(filled: Round, fault: str) -> None:
    filled.settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "1"
    made = make(filled, "forms", 45)
    filled.world.fault("page_skips", path="/forms.*after=")
    if fault:
        filled.world.fault(fault, path="/forms.*after=", times=None)

    filled.sweep("forms")

    assert filled.ids("forms") == made
    assert filled.sql(STONES) == []


def test_an_event_about_a_hidden_record_does_not_bring_it_back(filled: Round) -> None:
    hidden, *_ = make(filled, "courses")
    filled.world.unlist("courses", hidden)
    filled.sweep("courses")
    filled.world.edit("courses", hidden, title="Draft")

    filled.pull()

    assert hidden not in filled.ids("courses")
    assert filled.sql(STONES) == [(hidden, "hidden", "hidden")]


@pytest.mark.parametrize("resource", ["forms", "courses", "contact_tags"])
@pytest.mark.parametrize("soft", [False, True], ids=["404", "deleted_at"])
def test_the_last_record_of_a_list_leaves(filled: Round, resource: str, soft: bool) -> None:
    (last,) = make(filled, resource, 1)
    filled.world.store.soft_deletes = soft
    filled.world.delete(resource, last)

    report = filled.sweep(resource)

    assert report.exit_code == 0
    assert filled.ids(resource) == []
    assert filled.sql(STONES) == [(last, "deleted", "confirmed")]


def test_the_last_records_of_a_list_are_held_where_they_are_many(filled: Round) -> None:
    made = make(filled, "forms", 12)
    for form in made:
        filled.world.delete("forms", form)

    report = filled.sweep("forms")

    assert (report.exit_code, report.counts["forms"]["held"]) == (5, 12)
    assert filled.ids("forms") == made


def test_an_empty_list_is_not_believed_while_one_of_its_records_is_there(filled: Round) -> None:
    gone, hidden, *_ = make(filled, "forms", 2)
    filled.world.delete("forms", gone)
    filled.world.unlist("forms", hidden)

    report = filled.sweep("forms")

    assert report.unreachable == [f"forms/{filled.workspace}"]
    assert filled.ids("forms") == [gone, hidden]
    assert filled.sql(STONES) == []


@pytest.mark.parametrize("keep", ["delete", "keep"])
def test_a_list_that_has_gone_with_its_parent_waits_for_nobody(filled: Round, keep: str) -> None:
    filled.settings["CFSYNC_DELETIONS__ON_REMOTE_DELETE"] = keep
    make(filled, "submissions", 1)
    form = filled.one("SELECT form_id FROM submissions")
    filled.world.delete("forms", form)
    filled.sql("DELETE FROM cf_checkpoints WHERE resource = 'submissions'")

    first, second = filled.pull(), filled.pull()

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert (form, "deleted", "confirmed") in filled.sql(STONES)
    below = filled.column("SELECT id FROM submissions WHERE form_id = ?", form)
    assert bool(below) is (keep == "keep")
    assert filled.pull().exit_code == filled.sweep("submissions").exit_code == 0


def test_a_child_that_is_still_shown_leaves_with_its_parent(filled: Round) -> None:
    make(filled, "forms", 1)
    child, *_ = make(filled, "submissions", 1)
    form = filled.one("SELECT form_id FROM submissions")
    filled.world.unlist("forms", form)
    filled.world.fault("status", path=f"^/forms/{form}(/sub.*)?$", status=404, times=None)

    report = filled.sweep("forms", "submissions")

    assert report.exit_code == 0
    assert (child, "hidden", "hidden") in filled.sql(STONES)
    assert filled.ids("submissions") == []


def test_what_is_below_a_hidden_record_leaves_and_comes_back_with_it(filled: Round) -> None:
    make(filled, "forms", 1)
    below = make(filled, "submissions", 2)
    form = filled.one("SELECT DISTINCT form_id FROM submissions")
    filled.world.unlist("forms", form)

    filled.sweep("forms", "submissions")
    assert filled.ids("submissions") == []

    filled.world.unlist("forms", form, unlisted=False)
    filled.sweep("forms")
    filled.pull("submissions")
    assert filled.ids("submissions") == below
    assert filled.sql(STONES) == []


def test_a_record_that_was_deleted_before_its_update_is_held(filled: Round) -> None:
    """`deleted_at` in the answer to a write is a deletion too."""
    gone = filled.ids("contacts")[3]
    filled.world.store.soft_deletes = True
    filled.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {gone}")
    filled.world.fault("meanwhile", method="PUT", act=lambda: filled.world.delete("contacts", gone))

    report = filled.push()

    assert filled.sql("SELECT record_id, state FROM cf_outbox") == [(gone, "held")]
    assert filled.one("SELECT kind FROM cf_conflicts") == "deleted_remotely"
    assert report.exit_code == 5


def test_a_list_that_shows_a_deleted_record_shows_that_it_is_gone(filled: Round) -> None:
    gone = filled.ids("contacts")[3]
    deleted = {"deleted_at": "2026-01-01T00:00:00.000Z", "first_name": "Late"}
    filled.world.edit("contacts", gone, first_name="Late")
    filled.world.fault("body", ids=(gone,), fields=deleted, path="contacts", times=None)

    filled.pull("contacts")

    assert gone not in filled.ids("contacts")
    assert filled.sql(STONES) == [(gone, "deleted", "confirmed")]
