from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from cfsync.mirror.coordination import pauses
from cfsync.resources import RESOURCES
from cfsync.sync.health_facts import problems
from cfsync.sync.health_rule import pull_age
from cfsync.sync.inspection.status import Status, status
from tests.status_text import status_lines


def asked(round_: Any) -> Status:
    return asyncio.run(status(round_.mirror, round_.configured()))


def unhealthy(round_: Any) -> list[str]:
    return asyncio.run(problems(round_.mirror, round_.configured()))


def test_an_empty_mirror_has_nothing_to_say(round_):
    found = asked(round_)

    assert set(found.resources) == round_.configured().wanted
    assert found.resources["contacts"].lag_s is None
    assert (found.passes, found.waiting, found.exit_code) == ([], [], 0)
    assert unhealthy(round_) == []


def test_rows_lag_watermark_and_lanes(round_):
    round_.backfill()
    round_.clock.go_on(300)
    round_.pull()
    round_.clock.go_on(60)

    resources = asked(round_).resources
    found = resources["contacts"]

    assert resources["teams"].lag_s == pytest.approx(60, abs=30)
    assert (found.rows, found.lists, found.unfinished) == (45, 1, 0)
    assert found.lag_s == pytest.approx(60, abs=30)
    assert found.found == {"backfill": 45}
    newest = max(r["updated_at"] for r in round_.world.records("contacts", round_.workspace))
    assert found.watermark == newest


def test_open_edits_and_what_waits_are_counted(round_):
    round_.backfill()
    ids = round_.ids("contacts")
    round_.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {ids[0]}")
    round_.sql(f"UPDATE contacts SET first_name = 'Bea' WHERE id = {ids[1]}")
    round_.sql(f"UPDATE cf_outbox SET state = 'parked', error = 'no' WHERE record_id = {ids[1]}")

    found = asked(round_)

    assert found.resources["contacts"].edits == {"pending": 1, "parked": 1}
    assert (found.waiting_total, found.exit_code) == (1, 5)
    assert [(w["resource"], w["id"]) for w in found.waiting] == [("contacts", ids[1])]


def lines(round_: Any) -> list[str]:
    return status_lines(asked(round_))


def test_an_edit_that_waits_long_to_be_sent_is_told_from_a_fresh_one_with_the_reason(round_):
    def warnings() -> list[str]:
        parts = [line.partition(" has waited for ") for line in lines(round_)]
        return [what + rest.partition(" h ")[2] for what, _, rest in parts if rest]

    round_.backfill()
    round_.sql(f"UPDATE contacts SET first_name = 'Zed' WHERE id = {round_.ids('contacts')[0]}")
    assert warnings() == []

    round_.sql("UPDATE cf_outbox SET captured_at = '2020-01-01T00:00:00.000Z'")
    (plain,) = warnings()
    assert plain.startswith("warning: an edit of contacts")
    assert plain.endswith(" to be sent")

    asyncio.run(round_.mirror.write(pauses.pause, ["contacts"]))
    assert warnings()[0].endswith(" to be sent: the list contacts is paused")

    round_.settings["CFSYNC_RESOURCES__CONTACTS__PUSH"] = "false"
    assert warnings()[0].endswith(" to be sent: resources.contacts.push is off")

    round_.settings["CFSYNC_RESOURCES__CONTACTS__ENABLED"] = "false"
    assert warnings()[0].endswith(" to be sent: resources.contacts.enabled is off")


def test_a_paused_resource_is_marked_as_such(round_):
    round_.backfill()
    asyncio.run(round_.mirror.write(pauses.pause, ["contacts"]))

    table = itertools.takewhile(bool, lines(round_))

    assert [line.split()[0] for line in table if line.split()[2] == "paused"] == ["contacts"]


def test_held_deletions_are_counted(round_):
    round_.backfill()
    for record_id in round_.ids("contacts")[:12]:
        round_.world.delete("contacts", record_id)
    round_.sweep()

    found = asked(round_)

    assert found.resources["contacts"].deletions == {"held": 12}
    assert found.waiting_total == 1
    assert found.waiting[0]["reason"].startswith("12 records: missing in ClickFunnels; ")
    assert found.waiting[0]["command"] == "cfsync deletions approve contacts"


def test_the_last_run_of_each_pass_is_shown_with_its_quiet_ones(round_):
    round_.backfill()
    round_.settle()

    found = {run["pass"]: run for run in asked(round_).passes}

    assert set(found) == {"backfill", "pull"}
    assert found["backfill"]["state"] == "done"
    assert found["pull"]["quiet"] == 1


def test_a_mirror_that_was_not_pulled_for_long_is_not_well(round_):
    round_.backfill()
    assert unhealthy(round_) == []

    round_.clock.go_on(7200)

    reasons = unhealthy(round_)
    assert any(r.startswith("contacts: the last pull began 72") for r in reasons)


def test_a_failed_pass_is_not_well(round_):
    round_.backfill()
    round_.sql("UPDATE cf_runs SET state = 'failed'")

    assert unhealthy(round_) == ["the last backfill failed"]


def test_lag_is_that_of_the_oldest_list_and_for_children_that_of_the_last_pull():
    pulls = [("2026-01-01T00:00:00.000Z", 60.0), ("2026-01-01T00:05:00.000Z", 60.0)]
    now = "2026-01-01T00:06:00.000Z"

    assert pull_age(RESOURCES["contacts"], pulls, now).lag_s == 360
    assert pull_age(RESOURCES["submissions"], pulls, now).lag_s == 60
    assert pull_age(RESOURCES["contacts"], [], now).lag_s is None


def test_it_says_which_lane_was_first_and_how_soon(round_):
    round_.backfill("contacts")
    ids = round_.ids("contacts")
    round_.world.edit("contacts", ids[0], first_name="Now")
    round_.world.edit("contacts", ids[1], first_name="Old", updated_at="2026-01-01T00:00:00.000Z")
    round_.pull("contacts")

    found = asked(round_).resources["contacts"]

    assert found.found == {"backfill": 45, "pull": 2}
    assert set(found.delays) == {"pull"}
    half, most = found.delays["pull"]["p50"], found.delays["pull"]["p99"]
    assert half is not None
    assert half < 60
    assert most is None, "longer than a week"
