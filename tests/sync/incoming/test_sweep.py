"""Sweep: deletions with a cause, and nothing taken away on one sighting."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from cfsync.sync import passes
from tests.sync.conftest import Round, a_few_of_everything

STONES = "SELECT record_id, cause, state FROM cf_tombstones ORDER BY record_id"


@pytest.fixture
def filled(round_: Round) -> Round:
    round_.backfill()
    return round_


def test_a_deleted_record_leaves_and_its_last_state_is_kept(filled: Round) -> None:
    gone = filled.ids("contacts")[30]
    filled.world.delete("contacts", gone)

    report = filled.sweep("contacts")

    assert report.counts["contacts"]["deleted"] == 1
    assert gone not in filled.ids("contacts")
    assert filled.sql(STONES) == [(gone, "deleted", "confirmed")]
    assert f'"id":{gone}' in filled.one("SELECT body FROM cf_tombstones")


@pytest.mark.parametrize("resource", ["contacts", "forms", "images", "courses"])
def test_a_deleted_record_that_is_still_shown_leaves_as_deleted(
    filled: Round, resource: str
) -> None:
    """Whether its list can be filtered by id or not."""
    gone, _ = [filled.world.create(resource, filled.workspace) for _ in range(2)]
    filled.pull(resource)
    filled.world.store.soft_deletes = True
    filled.world.delete(resource, gone)

    report = filled.sweep(resource)

    assert report.counts[resource]["deleted"] == 1
    assert gone not in filled.ids(resource)
    assert filled.sql(STONES) == [(gone, "deleted", "confirmed")]
    assert report.exit_code == 0


def test_an_edit_of_a_deleted_record_that_is_still_shown_is_held(filled: Round) -> None:
    gone = filled.ids("contacts")[3]
    filled.world.store.soft_deletes = True
    filled.world.delete("contacts", gone)
    filled.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {gone}")

    report = filled.push()

    assert filled.sql("SELECT record_id, state FROM cf_outbox") == [(gone, "held")]
    assert report.exit_code == 5


@pytest.mark.parametrize("where", [0, 19, 20, 44], ids=["first", "page end", "page start", "last"])
def test_a_deletion_is_found_wherever_it_stands_in_a_page(filled: Round, where: int) -> None:
    gone = filled.ids("contacts")[where]
    filled.world.delete("contacts", gone)

    filled.sweep("contacts")

    assert filled.ids("contacts") == filled.world.ids("contacts", filled.workspace)


def test_a_page_that_skips_takes_nothing_away(filled: Round) -> None:
    """Records that one answer leaves out are asked for by themselves, and are there."""
    filled.settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "1"
    skip = filled.world.fault("page_skips", path="/contacts.*after=")

    filled.sweep("contacts")

    assert skip.struck
    assert filled.world.ledger.requests["GET /contacts/{id} 200"] == 20
    assert len(filled.ids("contacts")) == 45
    assert filled.sql(STONES) == []


def test_a_page_proves_nothing_about_the_pages_behind_it(filled: Round) -> None:
    filled.world.fault("slow", path="/contacts.*after=", seconds=0.3)
    place = "SELECT 1 FROM cf_checkpoints WHERE lane = 'sweep' AND cursor IS NOT NULL"

    report = filled.run(passes.sweep, ["contacts"], stop_when=lambda: bool(filled.sql(place)))

    assert report.state == "stopped"
    assert filled.sql(STONES) == []


def test_nothing_goes_before_the_second_sighting(filled: Round) -> None:
    gone = filled.ids("contacts")[3]
    filled.world.delete("contacts", gone)
    filled.settings["CFSYNC_DELETIONS__CONFIRM_AFTER"] = "1h"

    with capture_logs() as lines:
        report = filled.run(
            passes.sweep,
            ["contacts"],
            stop_when=lambda: (
                "deletions.waiting" in [line["event"] for line in lines]
                or gone not in filled.ids("contacts")
            ),
        )

    assert report.state == "stopped"
    assert filled.sql(STONES) == [(gone, None, "candidate")]
    assert gone in filled.ids("contacts")
    filled.clock.go_on(3600)
    filled.sweep("contacts")
    assert gone not in filled.ids("contacts")


@pytest.mark.timeout(30)
def test_a_clock_that_is_set_back_between_the_sightings_holds_up_no_sweep(filled: Round) -> None:
    gone = filled.ids("contacts")[30]
    filled.world.delete("contacts", gone)
    filled.settings["CFSYNC_DELETIONS__CONFIRM_AFTER"] = "1h"
    waits = "SELECT count(*) FROM cf_tombstones WHERE state = 'candidate'"
    filled.run(passes.sweep, ["contacts"], stop_when=lambda: filled.one(waits) == 1)

    filled.clock.go_on(-86400)
    filled.settings["CFSYNC_DELETIONS__CONFIRM_AFTER"] = "0s"
    report = filled.sweep("contacts")

    assert report.state == "done"
    assert gone not in filled.ids("contacts")


def test_a_record_that_may_not_be_read_is_said_and_stays(filled: Round) -> None:
    gone = filled.ids("contacts")[30]
    filled.world.delete("contacts", gone)
    filled.world.fault("status", status=403, path=f"^/contacts/{gone}")

    refused = filled.sweep("contacts")
    there = gone in filled.ids("contacts")
    again = filled.sweep("contacts")

    assert (refused.exit_code, refused.unreachable) == (5, [f"contacts {gone}"])
    assert there
    assert again.counts["contacts"]["deleted"] == 1


@pytest.mark.parametrize("status", [403, 404])
def test_a_hidden_record_whose_list_does_not_answer_is_said_and_stays(
    filled: Round, status: int
) -> None:
    hidden = filled.ids("contacts")[5]
    filled.world.edit("contacts", hidden, anonymous="true")
    filled.world.fault("status", status=status, path=rf"/contacts.*filter%5Bid%5D={hidden}")

    report = filled.sweep("contacts")

    assert (report.exit_code, report.unreachable) == (5, [f"contacts {hidden}"])
    assert hidden in filled.ids("contacts")
    assert filled.sweep("contacts").counts["contacts"]["hidden"] == 1


def test_a_hidden_record_leaves_and_comes_back(filled: Round) -> None:
    hidden = filled.ids("contacts")[5]
    filled.world.edit("contacts", hidden, anonymous="true")

    report = filled.sweep("contacts")
    assert report.counts["contacts"]["hidden"] == 1
    assert hidden not in filled.ids("contacts")

    filled.world.identify(hidden)
    filled.pull("contacts")
    assert hidden in filled.ids("contacts")
    assert filled.sql(STONES) == []


def test_too_many_are_held_until_a_human_says_so(filled: Round) -> None:
    for contact in filled.ids("contacts")[:12]:
        filled.world.delete("contacts", contact)

    report = filled.sweep("contacts")

    assert report.counts["contacts"]["held"] == 12
    assert report.exit_code == 5
    assert len(filled.ids("contacts")) == 45
    filled.sweep("contacts")
    assert len(filled.ids("contacts")) == 45


def test_an_unreachable_workspace_loses_no_row(filled: Round) -> None:
    filled.world.refuse(filled.workspace)

    report = filled.sweep("contacts")

    assert report.unreachable == [f"contacts/{filled.workspace}"]
    assert len(filled.ids("contacts")) == 45


@pytest.mark.parametrize("nth", [1, 2], ids=["before the verdict", "after it"])
def test_a_404_of_a_workspace_that_is_gone_itself_is_no_verdict(filled: Round, nth: int) -> None:
    filled.settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "1"
    workspace, gone = filled.workspace, {"status": 404, "times": None}
    filled.world.fault("page_skips", path="/contacts.*after=")
    filled.world.fault("status", path=r"^/contacts/\d+$", **gone)
    filled.world.fault("status", path=rf"^/workspaces/{workspace}$", nth=nth, **gone)

    report = filled.sweep("contacts")

    assert report.unreachable == [f"contacts/{workspace}"]
    assert len(filled.ids("contacts")) == 45


def test_a_workspace_that_answers_empty_loses_no_row(filled: Round) -> None:
    filled.world.empty(filled.workspace)

    report = filled.sweep("contacts")

    assert report.exit_code == 5
    assert len(filled.ids("contacts")) == 45
    assert filled.sql(STONES) == []


def test_a_token_that_reaches_one_workspace_less_takes_no_row(filled: Round) -> None:
    filled.world.create("workspaces", filled.world.ids("teams")[0], name="Other")
    other = filled.world.workspaces[-1]
    filled.world.create("contacts", other, email_address="o@example.com")
    filled.pull()
    filled.world.add_token("less", workspaces=[filled.workspace])
    filled.settings["CFSYNC_API__TOKEN"] = "less"

    filled.sweep()

    assert filled.column("SELECT count(*) FROM contacts WHERE workspace_id = ?", other) == [1]
    assert other in filled.ids("workspaces")


def test_an_open_edit_is_no_drift(filled: Round) -> None:
    contact = filled.ids("contacts")[7]
    filled.sql("UPDATE contacts SET first_name = 'Mine' WHERE id = ?", contact)

    report = filled.sweep("contacts")

    assert report.counts["contacts"]["drift"] == 0
    assert filled.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Mine"


def test_keep_leaves_the_row_of_a_deleted_record(filled: Round) -> None:
    filled.settings["CFSYNC_DELETIONS__ON_REMOTE_DELETE"] = "keep"
    gone = filled.ids("contacts")[0]
    filled.world.delete("contacts", gone)

    filled.sweep("contacts")

    assert gone in filled.ids("contacts")
    assert filled.sql(STONES) == [(gone, "deleted", "confirmed")]
    assert filled.sweep("contacts").quiet


@a_few_of_everything
def test_what_hung_below_a_deleted_record_goes_with_it(filled: Round) -> None:
    form = filled.ids("forms")[0]
    below = filled.column("SELECT id FROM submissions WHERE form_id = ?", form)
    assert below
    filled.world.delete("forms", form)

    filled.sweep("forms", "submissions")

    assert form not in filled.ids("forms")
    assert not set(below) & set(filled.ids("submissions"))
