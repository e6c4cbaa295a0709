"""Pull: news down to the watermark, cheaply, and nothing missed."""

from __future__ import annotations

import pytest

from cfsync.api import Retry
from cfsync.sandbox import World
from tests.sync.conftest import Round, a_few_of_everything


@pytest.fixture(autouse=True)
def _without_events(world: World) -> None:
    """The events log would tell of most of it too."""
    world.store.events = "never"


@pytest.fixture
def settled(round_: Round) -> Round:
    round_.backfill("contacts")
    round_.clock.go_on(3600)
    round_.pull("contacts")
    round_.clock.go_on(3600)
    round_.pull("contacts")
    return round_


def test_a_quiet_list_costs_one_request_beside_the_account_check(settled: Round) -> None:
    report = settled.pull("contacts")

    assert report.requests == 2
    assert report.quiet


@pytest.mark.parametrize(("changed", "pages"), [(1, 1), (19, 1), (20, 2), (39, 2)])
def test_k_changes_cost_k_twentieths(settled: Round, changed: int, pages: int) -> None:
    for contact in settled.world.ids("contacts", settled.workspace)[:changed]:
        settled.world.edit("contacts", contact, first_name="New")

    report = settled.pull("contacts")

    assert report.requests == 1 + pages
    assert report.counts["contacts"]["changed"] == changed
    assert settled.one("SELECT count(*) FROM contacts WHERE first_name = 'New'") == changed


def test_new_archived_and_identified_records_arrive(settled: Round) -> None:
    new = settled.world.create("contacts", settled.workspace, email_address="new@example.com")

    settled.pull("contacts")

    assert new in settled.ids("contacts")


@pytest.mark.parametrize("sizes", [{"bare": True, "workspaces": 1, "contacts": 45, "anonymous": 1}])
def test_a_contact_that_was_anonymous_appears_below_older_ids(settled: Round) -> None:
    listed = set(settled.world.ids("contacts", settled.workspace))
    hidden = next(
        i for i in settled.world.ids("contacts", settled.workspace, hidden=True) if i not in listed
    )
    assert hidden not in settled.ids("contacts")
    settled.world.identify(hidden, email_address="late@example.com")

    settled.pull("contacts")

    assert hidden in settled.ids("contacts")


def test_a_record_stamped_before_the_watermark_and_visible_after_it_is_not_missed(
    round_: Round,
) -> None:
    round_.backfill("contacts")
    late = round_.world.appear_late(
        "contacts", parent=round_.workspace, email_address="late@example.com"
    )
    for other in round_.world.ids("contacts", round_.workspace)[:25]:  # it is not on the first page
        round_.world.edit("contacts", other, first_name="Newer")
    round_.pull("contacts")
    assert late not in round_.ids("contacts")

    round_.world.appear()
    round_.clock.go_on(60)
    round_.pull("contacts")

    assert late in round_.ids("contacts")


def test_unchanged_records_cost_no_write(settled: Round) -> None:
    before = settled.sql("SELECT id, cf_rev FROM contacts ORDER BY id")

    settled.pull("contacts")
    settled.sweep("contacts")

    assert settled.sql("SELECT id, cf_rev FROM contacts ORDER BY id") == before


def test_a_server_that_ignores_the_sort_is_walked_whole(settled: Round) -> None:
    settled.world.fault("ignore_sort", times=None)
    first = settled.world.ids("contacts", settled.workspace)[0]
    settled.world.edit("contacts", first, first_name="Seen")

    report = settled.pull("contacts")

    assert settled.one("SELECT first_name FROM contacts WHERE id = ?", first) == "Seen"
    assert report.state == "done"


def test_a_stopped_pull_does_not_move_the_watermark(settled: Round) -> None:
    for contact in settled.world.ids("contacts", settled.workspace):
        settled.world.edit("contacts", contact, first_name="New")
    settled.world.fault(
        "status", status=500, path="sort_order=desc.*after=|after=.*sort_order=desc", times=None
    )
    mark = "SELECT watermark FROM cf_checkpoints WHERE lane = 'pull' AND resource = 'contacts'"
    before = settled.one(mark)
    settled.retry = Retry(attempts=1)

    report = settled.pull("contacts")

    assert report.state == "stopped"
    assert report.exit_code == 4
    assert settled.one(mark) == before
    settled.world.faults.clear()
    settled.pull("contacts")
    assert settled.one("SELECT count(*) FROM contacts WHERE first_name = 'New'") == 45


@a_few_of_everything
def test_children_of_a_changed_parent_are_walked_and_the_others_rotate(round_: Round) -> None:
    round_.backfill()
    round_.settle()
    product = round_.ids("products")[0]
    variant = round_.world.create("product_variants", product, name="Red")
    round_.world.edit("products", product, name="Shirt")

    round_.pull("products", "product_variants")

    assert variant in round_.ids("product_variants")


@a_few_of_everything
def test_rotation_reaches_every_parent_in_time(round_: Round) -> None:
    round_.backfill()
    round_.settle()
    course = round_.ids("courses")[-1]
    contact = round_.ids("contacts")[0]
    enrollment = round_.world.create("enrollments", course, contact_id=contact)

    for _ in round_.ids("courses"):
        round_.clock.go_on(300)
        round_.pull("enrollments")

    assert enrollment in round_.ids("enrollments")
