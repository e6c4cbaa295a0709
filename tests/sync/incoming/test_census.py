"""A sweep by census finds what a walk finds, and any odd answer leads back to the walk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cfsync.api import Retry
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.progress.runs import PassName
from cfsync.sandbox import World
from cfsync.sync import passes
from cfsync.sync.decisions import deletions
from cfsync.sync.inspection.status import status
from cfsync.sync.report import Report
from cfsync.sync.selection import NOT_GIVEN
from tests.conftest import SQLITE_ONLY, Sql, copy_of
from tests.status_text import lanes_lines, status_lines
from tests.sync.conftest import Round

STONES = "SELECT record_id, cause, state FROM cf_tombstones ORDER BY record_id"
DAY = 86_400.0


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "workspaces": 1, "contacts": 120}


@pytest.fixture
def enabled(round_: Round) -> Round:
    """The filter may be made; nothing is known of it yet."""
    return enable(round_)


@pytest.fixture
def trusted(enabled: Round) -> Round:
    return trust(enabled)


def enable(round_: Round) -> Round:
    round_.settings["CFSYNC_CENSUS__CREATE_FILTER"] = "true"
    round_.backfill("contacts")
    return round_


def trust(round_: Round) -> Round:
    """A walk confirms the census."""
    round_.sweep("contacts")
    assert standing(round_) == ("trusted", "")
    round_.world.ledger.clear()
    return round_


def state(round_: Round) -> dict[str, Any]:
    (text,) = round_.column("SELECT value FROM cf_meta WHERE key LIKE 'census/%'")
    found: dict[str, Any] = json.loads(text)
    return found


def standing(round_: Round) -> tuple[str, str]:
    found = state(round_)
    return found["standing"], found["reason"]


def walked(round_: Round) -> bool:
    """Whether the list was read page by page since the ledger was cleared."""
    place = f"/workspaces/{round_.workspace}/contacts"
    targets = [target for _, target, _ in round_.world.ledger.calls]
    return any(t.startswith(place) and "filter%5B" not in t for t in targets)


def is_mirrored(round_: Round) -> bool:
    shown = round_.world.records("contacts", round_.workspace)
    known = round_.sql("SELECT id, first_name FROM contacts")
    return dict(known) == {c["id"]: c["first_name"] for c in shown}


def change(world: World) -> dict[str, int]:
    """One of each difference that a sweep finds; nobody has pulled since."""
    workspace = world.workspaces[0]
    ids = world.ids("contacts", workspace)
    world.edit("contacts", ids[10], first_name="Changed", updated_at="2025-06-01T00:00:00.000Z")
    world.delete("contacts", ids[20])
    world.unlist("contacts", ids[30])
    new = world.create("contacts", workspace, first_name="New")
    return {"changed": ids[10], "deleted": ids[20], "hidden": ids[30], "new": new}


def test_a_census_costs_an_answer_where_nothing_changed(trusted: Round) -> None:
    report = trusted.sweep("contacts")

    assert report.requests == 2  # the teams, and everybody
    assert report.counts["contacts"] == {"unchanged": 120}
    assert report.idle


def test_a_census_finds_each_difference(trusted: Round) -> None:
    made = change(trusted.world)

    report = trusted.sweep("contacts")

    assert not walked(trusted)
    assert is_mirrored(trusted)
    assert trusted.sql(STONES) == [
        (made["deleted"], "deleted", "confirmed"),
        (made["hidden"], "hidden", "hidden"),
    ]
    found = {name: report.counts["contacts"][name] for name in made}
    assert found == {"changed": 1, "deleted": 1, "hidden": 1, "new": 1}
    lanes = "SELECT lane, sum(records) FROM cf_found WHERE lane = 'census' GROUP BY lane"
    assert trusted.sql(lanes) == [("census", 2)]


@SQLITE_ONLY
def test_nothing_is_made_in_the_account_unless_it_is_wanted(round_: Round) -> None:
    round_.backfill("contacts")
    round_.sweep("contacts")

    assert walked(round_)
    assert round_.world.ids("refine_filters", round_.workspace) == []
    assert round_.column("SELECT key FROM cf_meta WHERE key LIKE 'census/%'") == []


@SQLITE_ONLY
def test_a_walk_can_be_asked_for(trusted: Round) -> None:
    trusted.run(passes.sweep, ["contacts"], walk=True)

    assert walked(trusted)


def test_a_walk_checks_the_census_again_after_a_week(trusted: Round) -> None:
    trusted.clock.go_on(6 * DAY)
    trusted.sweep("contacts")
    assert not walked(trusted)

    trusted.clock.go_on(2 * DAY)
    report = trusted.sweep("contacts")

    assert walked(trusted)
    assert report.counts["contacts"] == {"unchanged": 120}  # though both have shown each of them
    assert standing(trusted) == ("trusted", "")
    trusted.world.ledger.clear()
    trusted.sweep("contacts")
    assert not walked(trusted)


def test_status_says_which_way_the_last_sweep_went(trusted: Round) -> None:
    def row() -> str:
        shown = status_lines(asyncio.run(status(trusted.mirror, trusted.configured())))
        return next(line for line in shown if line.startswith("contacts "))

    def swept() -> tuple[str | None, str | None]:
        found = asyncio.run(status(trusted.mirror, trusted.configured())).resources["contacts"]
        assert ("census " in row()) is (found.swept_by == "census")
        return found.swept_at, found.swept_by

    by_walk = swept()
    assert by_walk[1] == "sweep"
    trusted.clock.go_on(3600)
    change(trusted.world)
    trusted.sweep("contacts")
    by_census = swept()
    assert by_census[1] == "census"
    lanes = lanes_lines(asyncio.run(status(trusted.mirror, trusted.configured())))
    assert any("2 census" in line for line in lanes)  # what only it has found
    assert (by_census[0] or "") > (by_walk[0] or "")

    trusted.retry = Retry(attempts=1)
    trusted.world.fault("results_busy", path="results")
    trusted.clock.go_on(6 * 3600)
    between(trusted)
    assert swept() == by_census  # it could not be had

    trusted.run(passes.sweep, ["contacts"], walk=True)
    assert swept()[1] == "sweep"


def between(round_: Round) -> Report | None:
    """The daemon's pass between two sweeps."""
    found: list[Report | None] = []

    async def due(context: Any) -> Report:
        found.append(await passes.census_due(context, "contacts"))
        return Report(PassName.CENSUS)

    round_.run(due)
    return found[0]


def test_between_sweeps_a_trusted_census_is_read_as_often_as_one_likes(trusted: Round) -> None:
    trusted.settings["CFSYNC_CENSUS__EVERY"] = "1h"
    deleted = change(trusted.world)["deleted"]

    assert between(trusted) is None
    trusted.clock.go_on(3600)
    report = between(trusted)

    assert report is not None
    assert report.counts["contacts"]["deleted"] == 1
    assert deleted not in trusted.ids("contacts")
    assert not walked(trusted)


@pytest.mark.parametrize(
    ("kind", "times", "word"),
    [
        ("results_lost", 1, "off"),
        ("results_old_times", 1, "trusted"),
        ("results_old_times", None, "off"),
    ],
)
def test_between_sweeps_a_contradiction_is_walked_at_once(
    trusted: Round, kind: str, times: int | None, word: str
) -> None:
    ids = (trusted.ids("contacts")[50],) if kind == "results_lost" else None
    trusted.world.fault(kind, path="results", times=times, ids=ids)
    trusted.clock.go_on(6 * 3600)
    change(trusted.world)

    between(trusted)

    assert walked(trusted)
    assert is_mirrored(trusted)
    assert standing(trusted)[0] == word
    assert between(trusted) is None


@SQLITE_ONLY
def test_between_sweeps_one_that_can_not_be_had_is_left(trusted: Round) -> None:
    trusted.retry = Retry(attempts=1)
    trusted.world.fault("results_busy", path="results")
    trusted.clock.go_on(6 * 3600)

    between(trusted)

    assert not walked(trusted)
    assert standing(trusted)[0] == "trusted"
    assert between(trusted) is None


@SQLITE_ONLY
@pytest.mark.parametrize("kind", ["results_cut", "results_capped", "results_reversed"])
def test_what_is_no_contradiction_costs_no_walk(trusted: Round, kind: str) -> None:
    """Such as a count that is capped: the records are there all the same."""
    trusted.world.fault(kind, path="results")
    change(trusted.world)

    trusted.sweep("contacts")

    assert not walked(trusted)
    assert is_mirrored(trusted)
    assert standing(trusted) == ("trusted", "")


@pytest.mark.parametrize("ids", [(2**63,), (-1,), (900_000_000_000_007,)])
def test_ids_that_no_record_can_have_lead_back_to_the_walk(
    trusted: Round, ids: tuple[int, ...]
) -> None:
    assert spoilt(trusted, "results_extra", path="results", ids=ids)[0] == "off"


@SQLITE_ONLY
@pytest.mark.parametrize("hours", [-3, 3])
def test_clocks_that_differ_make_no_contradiction(enabled: Round, hours: int) -> None:
    """The filter shows a new contact some time after the list does."""
    enabled.clock.go_on(hours * 3600)
    trust(enabled)
    new = enabled.world.create("contacts", enabled.workspace, first_name="New")
    enabled.pull("contacts")
    enabled.world.fault("results_lost", path="results", ids=(new,))

    enabled.sweep("contacts")

    assert standing(enabled) == ("trusted", "")
    assert new in enabled.ids("contacts")


@SQLITE_ONLY
def test_a_filter_of_that_name_for_other_records_is_left_alone(enabled: Round) -> None:
    theirs = {"name": "cfsync census", "filter_class": "OrdersFilter", "criteria": [{"a": 1}]}
    id_ = enabled.world.create("refine_filters", enabled.workspace, **theirs)

    enabled.sweep("contacts")

    assert walked(enabled)
    words = "a filter of other records is named 'cfsync census', and has to be renamed"
    assert standing(enabled) == ("off", words)
    kept = enabled.world.get("refine_filters", id_) or {}
    assert {name: kept[name] for name in theirs} == theirs


@pytest.mark.parametrize("order", ["newest", "changed"])
def test_the_order_of_the_rows_means_nothing(trusted: Round, order: Any) -> None:
    trusted.world.filter_order = order
    trusted.world.filter_rows_in_time = 50
    change(trusted.world)

    trusted.sweep("contacts")

    assert not walked(trusted)
    assert is_mirrored(trusted)
    assert trusted.world.ledger.requests["GET /refine_filters/{id} 200"] == 3


@SQLITE_ONLY
def test_a_busy_account_is_asked_again(trusted: Round) -> None:
    trusted.world.fault("results_busy", path="results", times=2, retry_after=0.01)

    trusted.sweep("contacts")

    assert not walked(trusted)
    assert standing(trusted) == ("trusted", "")


@SQLITE_ONLY
def test_a_full_disk_leads_back_to_the_walk(
    trusted: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", partial(Path("/dev/full").open, "w+b"))

    trusted.sweep("contacts")

    assert walked(trusted)
    reason = "there is no room for a temporary file: No space left on device"
    assert standing(trusted) == ("trusted", reason)


@pytest.mark.parametrize("sizes", [{"bare": True, "workspaces": 2, "contacts": 90}])
def test_each_workspace_has_a_census_of_its_own(enabled: Round) -> None:
    world = enabled.world
    ids = {workspace: world.ids("contacts", workspace) for workspace in world.workspaces}
    spoiled, good = world.workspaces
    world.fault("results_lost", path="results", times=None, ids=(ids[spoiled][5],))
    enabled.sweep("contacts")
    found = enabled.sql("SELECT key, value FROM cf_meta WHERE key LIKE 'census/%'")
    stands = {int(key.rpartition("/")[2]): json.loads(text)["standing"] for key, text in found}
    assert stands == {spoiled: "off", good: "trusted"}
    world.ledger.clear()
    for workspace in world.workspaces:
        world.delete("contacts", ids[workspace][7])

    enabled.sweep("contacts")

    read = {target.partition("?")[0] for _, target, _ in world.ledger.calls if "%5B" not in target}
    places = {f"/workspaces/{workspace}/contacts": workspace for workspace in world.workspaces}
    assert [places[path] for path in read if path in places] == [spoiled]
    shown = {i for workspace in world.workspaces for i in world.ids("contacts", workspace)}
    assert set(enabled.ids("contacts")) == shown


def spoilt(round_: Round, kind: str, **fault: Any) -> tuple[str, str]:
    """How the census stands after a sweep with odd answers, which must end as a walk does."""
    round_.retry = Retry(attempts=1)
    change(round_.world)
    round_.world.fault(kind, times=None, **fault)

    round_.sweep("contacts")

    assert walked(round_)
    assert is_mirrored(round_)
    return standing(round_)


@SQLITE_ONLY
@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("results_ignored", "off"),
        ("results_one_field", "off"),
        ("results_swapped", "off"),
        ("results_no_times", "off"),
        ("results_endless", "off"),
        ("results_no_cursor", "off"),
        ("results_text_ids", "off"),
        ("results_too_slow", "trusted"),
        ("not_a_list", "off"),
        ("errors_under_200", "off"),
        ("results_busy", "trusted"),
        ("html_403", "trusted"),
        ("html_503", "trusted"),
        ("truncated", "trusted"),
    ],
)
def test_an_odd_answer_leads_back_to_the_walk(trusted: Round, kind: str, word: str) -> None:
    """For good, where another answer is not to be expected."""
    stands, reason = spoilt(trusted, kind, path="results")

    assert stands == word
    assert reason


@pytest.mark.parametrize(
    "kind", ["results_twice", "results_lost", "results_old_times", "results_empty"]
)
def test_odd_rows_lead_back_to_the_walk_for_good(trusted: Round, kind: str) -> None:
    ids = (trusted.ids("contacts")[50],) if kind == "results_lost" else None

    stands, reason = spoilt(trusted, kind, path="results", ids=ids)

    assert stands == "off"
    assert reason


@pytest.mark.parametrize("kind", ["results_old_times", "results_empty"])
def test_very_many_odd_rows_are_believed_after_a_walk_that_shows_the_same(
    trusted: Round, kind: str
) -> None:
    trusted.world.fault(kind, path="results")

    trusted.sweep("contacts")

    assert walked(trusted)
    assert standing(trusted) == ("trusted", "")


@pytest.mark.parametrize("what", ["unknown", "deleted", "deleted, and known to be", "soft"])
def test_one_that_names_what_is_gone_is_off(trusted: Round, what: str) -> None:
    trusted.world.store.soft_deletes = what == "soft"
    gone = trusted.ids("contacts")[60]
    if what != "unknown":
        trusted.world.delete("contacts", gone)
    if what == "deleted, and known to be":
        trusted.sweep("contacts")
        trusted.world.ledger.clear()
    named = 987_654 if what == "unknown" else gone
    trusted.world.fault("results_extra", path="results", times=None, ids=(named,))

    trusted.sweep("contacts")

    assert walked(trusted)
    assert is_mirrored(trusted)
    assert standing(trusted) == ("off", f"it names 1 records that are gone, such as {named}")


@SQLITE_ONLY
def test_what_was_deleted_while_it_was_read_is_no_contradiction(trusted: Round) -> None:
    trusted.world.fault("results_extra", path="results", times=1, ids=(987_654,))

    trusted.sweep("contacts")

    assert not walked(trusted)
    assert standing(trusted) == ("trusted", "")
    assert trusted.world.ledger.requests["GET /refine_filters/{id} 200"] == 2


@SQLITE_ONLY
def test_what_people_do_between_two_of_its_answers_is_no_contradiction(trusted: Round) -> None:
    world, ids = trusted.world, trusted.ids("contacts")
    world.filter_rows_in_time = 50

    def act() -> None:
        world.create("contacts", trusted.workspace, first_name="New")
        for contact in (ids[0], ids[-1]):  # which it has named, and which it has not
            world.delete("contacts", contact)
        for contact in (ids[1], ids[-2]):
            world.edit("contacts", contact, first_name="Changed")

    world.fault("meanwhile", path="results", nth=2, act=act)

    trusted.sweep("contacts")
    trusted.sweep("contacts")

    assert not walked(trusted)
    assert standing(trusted) == ("trusted", "")
    assert is_mirrored(trusted)


@SQLITE_ONLY
@pytest.mark.parametrize(
    ("status", "word"),
    [(403, "off"), (404, "off"), (409, "trusted"), (422, "trusted"), (500, "trusted")],
)
def test_a_refusal_leads_back_to_the_walk(trusted: Round, status: int, word: str) -> None:
    stands, reason = spoilt(trusted, "status", path="refine_filters", status=status)

    assert stands == word
    assert reason


@SQLITE_ONLY
def test_one_that_is_off_is_not_read_again(trusted: Round) -> None:
    trusted.world.fault("results_ignored", path="results")
    trusted.sweep("contacts")
    trusted.world.ledger.clear()

    trusted.sweep("contacts")

    assert walked(trusted)
    assert not [c for c in trusted.world.ledger.calls if "refine_filters" in c[1]]


@pytest.mark.parametrize("act", ["deleted", "edited"])
def test_a_filter_that_somebody_deletes_or_edits_is_put_right(trusted: Round, act: str) -> None:
    (filter_,) = trusted.world.ids("refine_filters", trusted.workspace)
    few = [{"attribute": "first_name", "clause": "eq", "value": "Nobody"}]
    if act == "deleted":
        trusted.world.delete("refine_filters", filter_)
    else:
        trusted.world.edit("refine_filters", filter_, criteria=few)
    change(trusted.world)

    trusted.sweep("contacts")

    assert not walked(trusted)
    assert is_mirrored(trusted)
    (now,) = trusted.world.records("refine_filters", trusted.workspace)
    assert now["criteria"] == [{"attribute": "created_at", "clause": "gte", "value": "1970-01-01"}]


@SQLITE_ONLY
def test_a_filter_that_a_list_shows_otherwise_is_as_its_own_answer_shows_it(enabled: Round) -> None:
    more = [{"attribute": "created_at", "clause": "gte", "value": "1970-01-01", "label": "Added"}]
    path = r"/refine_filters/\d+"
    enabled.world.fault("body", method="GET", path=path, times=None, fields={"criteria": more})

    trust(enabled)
    enabled.sweep("contacts")

    assert not walked(enabled)
    assert standing(enabled) == ("trusted", "")


@SQLITE_ONLY
def test_a_filter_that_is_edited_again_and_again_is_left(trusted: Round) -> None:
    (filter_,) = trusted.world.ids("refine_filters", trusted.workspace)

    def edit() -> None:
        trusted.world.edit("refine_filters", filter_, name="mine", criteria=[{"a": 1}])

    trusted.world.fault("meanwhile", path="results", times=None, act=edit)
    trusted.world.filter_results = False
    trusted.sweep("contacts")

    assert walked(trusted)


@SQLITE_ONLY
@pytest.mark.parametrize("how", ["no results", "no filters", "filters that can't be made"])
def test_an_older_account_is_walked(enabled: Round, how: str) -> None:
    world = enabled.world
    if how == "no results":
        world.filter_results = False
    elif how == "no filters":
        world.closed_routes.add("GET /workspaces/{parent}/refine_filters")
    else:
        world.fault("status", method="POST", path="refine_filters", status=403, times=None)

    report = enabled.sweep("contacts")

    assert report.is_done
    assert standing(enabled)[0] == "off"


@pytest.mark.parametrize("hidden", [3, 100])
def test_records_that_only_the_filter_shows_may_be_few(enabled: Round, hidden: int) -> None:
    enabled.world.filter_shows = "all"
    for contact in enabled.ids("contacts")[:hidden]:
        enabled.world.unlist("contacts", contact)
    enabled.settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "1"

    enabled.sweep("contacts")

    assert is_mirrored(enabled)
    word, reason = standing(enabled)
    assert word == ("trusted" if hidden == 3 else "off")
    assert ("100 records" in reason) is (hidden == 100)


def test_what_only_the_filter_shows_is_read_once_and_again_when_it_changes(
    enabled: Round,
) -> None:
    world, hidden = enabled.world, enabled.ids("contacts")[40:46]
    world.filter_shows = "all"
    for contact in hidden[:3]:
        world.unlist("contacts", contact)
    for contact in hidden[3:]:
        world.edit("contacts", contact, anonymous=1, updated_at="2025-06-01T00:00:00.000Z")
    enabled.sweep("contacts")  # the walk finds that they have left, and the census is not asked
    enabled.sweep("contacts")

    assert enabled.sweep("contacts").requests == 2
    assert set(hidden).isdisjoint(enabled.ids("contacts"))

    world.unlist("contacts", hidden[0], unlisted=False)
    world.edit("contacts", hidden[0], first_name="Back")
    world.identify(hidden[3], first_name="Known")
    world.delete("contacts", hidden[1])
    enabled.sweep("contacts")
    assert is_mirrored(enabled)
    assert enabled.sweep("contacts").requests == 2
    assert standing(enabled) == ("trusted", "")


def test_a_redacted_contact_that_the_filter_leaves_out_is_read_once_and_again_when_it_changes(
    enabled: Round,
) -> None:
    world, lost = enabled.world, enabled.ids("contacts")[7]
    world.edit("contacts", lost, first_name="REDACTED", updated_at="2025-06-01T00:00:00.000Z")
    world.fault("results_lost", path="results", times=None, ids=(lost,))
    enabled.pull("contacts")
    enabled.sweep("contacts")

    assert standing(enabled) == ("trusted", "")
    assert enabled.sweep("contacts").requests == 2

    world.edit("contacts", lost, first_name="Other")
    enabled.pull("contacts")
    world.delete("contacts", lost)
    enabled.sweep("contacts")
    assert lost not in enabled.ids("contacts")
    assert standing(enabled) == ("trusted", "")


def test_a_walk_looks_again_at_what_was_explained(enabled: Round) -> None:
    world, hidden = enabled.world, enabled.ids("contacts")[7]
    world.filter_shows = "all"
    world.unlist("contacts", hidden)
    for _ in range(3):
        enabled.sweep("contacts")
    world.unlist("contacts", hidden, unlisted=False)
    enabled.sweep("contacts")
    assert hidden not in enabled.ids("contacts")  # nothing tells: its `updated_at` is the same

    enabled.clock.go_on(8 * DAY)
    enabled.sweep("contacts")

    assert is_mirrored(enabled)
    assert enabled.column("SELECT key FROM cf_meta WHERE key LIKE 'census%explained/%'") == []


def test_a_record_that_the_filter_leaves_out_keeps_the_census_off(enabled: Round) -> None:
    lost = enabled.ids("contacts")[7]
    enabled.world.fault("results_lost", path="results", times=None, ids=(lost,))

    enabled.sweep("contacts")

    assert standing(enabled) == (
        "off",
        f"it lacks 1 records that the list shows, such as {lost}",
    )
    assert enabled.sql(STONES) == []


def test_too_many_at_once_are_held_as_a_walk_holds_them(trusted: Round) -> None:
    for contact in trusted.ids("contacts")[:30]:
        trusted.world.delete("contacts", contact)

    report = trusted.sweep("contacts")

    assert report.counts["contacts"]["held"] == 30
    assert len(trusted.ids("contacts")) == 120
    trusted.world.ledger.clear()
    assert trusted.sweep("contacts").requests <= 3  # they are not looked at again


@pytest.mark.parametrize("sizes", [{"bare": True, "workspaces": 1, "contacts": 300}])
@pytest.mark.parametrize("is_rejected", [False, True])
def test_rows_whose_deletion_waits_or_was_rejected_contradict_nothing(
    trusted: Round, is_rejected: bool
) -> None:
    """The filter goes on naming them, and they are more than it may name beyond the list."""
    trusted.world.filter_shows = "all"
    for contact in trusted.ids("contacts")[:80]:
        trusted.world.unlist("contacts", contact)
    walk = trusted.run(passes.sweep, ["contacts"], walk=True)
    assert walk.counts["contacts"]["held"] == 80
    if is_rejected:
        which = (["contacts"], NOT_GIVEN)
        decided = deletions.decide(trusted.mirror, *which, approve=False, confirm=print)
        assert len(asyncio.run(decided)) == 80
    trusted.world.ledger.clear()

    for _ in range(2):
        trusted.sweep("contacts")

    assert not walked(trusted)
    assert standing(trusted) == ("trusted", "")
    assert len(trusted.ids("contacts")) == 300


def test_a_stopped_walk_is_walked_to_its_end(trusted: Round) -> None:
    trusted.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    trusted.run(passes.sweep, ["contacts"], walk=True, stop_when=lambda: walked(trusted))
    trusted.world.ledger.clear()

    trusted.sweep("contacts")

    assert walked(trusted)
    assert is_mirrored(trusted)


@pytest.fixture
def twin(round_: Round, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Round]:
    """Another mirror of the same account."""
    folder = tmp_path / "twin"
    folder.mkdir()
    dialect = round_.mirror.dialect.name
    with (
        copy_of("migrated", dialect, request, folder) as url,
        closing(Mirror.open(url, must_exist=True, clock=round_.clock)) as mirror,
    ):
        sql = Sql(url, "postgres")
        settings = round_.settings | {"CFSYNC_DATABASE__URL": url}
        yield replace(round_, mirror=mirror, sql=sql, settings=settings)
        sql.conn.close()


def act_at_random(world: World, random: Random, both: Callable[[str], None]) -> None:
    """What people do to some contact in ClickFunnels, or in both mirrors by SQL."""
    workspace = world.workspaces[0]
    contact = random.choice(world.ids("contacts", workspace))
    text = f"Name {random.randrange(99)}"
    match random.randrange(9):
        case 0:
            world.create("contacts", workspace, first_name=text)
        case 1 | 2:
            world.edit("contacts", contact, first_name=text)
        case 3:
            world.delete("contacts", contact)
        case 4:  # a filter may go on showing it, so that only its time tells
            world.unlist("contacts", contact)
            world.edit("contacts", contact, first_name=text)
        case 5:
            known = [i for what, i in world.store.unlisted if what == "contacts"]
            if known:
                back = random.choice(known)
                world.unlist("contacts", back, unlisted=False)
                world.edit("contacts", back, first_name=text)
        case 6:
            world.redact(contact)
        case 7:
            both(f"UPDATE contacts SET first_name = '{text}' WHERE id = {contact}")
        case 8:
            both(f"DELETE FROM contacts WHERE id = {contact}")


@pytest.mark.parametrize("seed", range(2))
def test_both_ways_to_sweep_end_in_the_same_mirror(round_: Round, twin: Round, seed: int) -> None:
    random, world = Random(seed), round_.world
    for settings in (round_.settings, twin.settings):
        settings["CFSYNC_DELETIONS__MAX_COUNT"] = "10"
        settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "0.1"
    world.store.soft_deletes = seed % 2 == 1
    world.store.redacts_in_place = seed % 2 == 0
    world.filter_shows = random.choice(["listed", "all"])
    world.filter_order = random.choice(["id", "newest", "changed"])
    round_.backfill("contacts")
    trust(enable(twin))

    def both(statement: str) -> None:
        round_.sql(statement)
        twin.sql(statement)

    for _ in range(4):
        for _ in range(random.randrange(16)):
            act_at_random(world, random, both)
        reports = [it.sweep("contacts").counts.get("contacts", {}) for it in (round_, twin)]
        named = [{n: r[n] for n in sorted(+r) if n != "unchanged"} for r in reports]
        assert named[0] == named[1]
        assert _snapshot(round_) == _snapshot(twin)
    assert standing(twin) == ("trusted", "")


def _snapshot(round_: Round) -> list[Any]:
    tables = (
        ("cf_base", "id, updated_at"),
        ("contacts", "id, first_name, email_address, updated_at"),
        ("cf_tombstones", "record_id, side, cause, state"),
        ("cf_conflicts", "record_id, kind, field, winner, state"),
        ("cf_outbox", "record_id, op, state"),
    )
    return [round_.sql(f"SELECT {names} FROM {table} ORDER BY 1") for table, names in tables]
