"""Records that are in no workspace: members of teams, users, ClickFunnels' own lists."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest

from cfsync.resources.keys import number
from tests.sync.conftest import Round

SIZES = {
    "bare": True,
    "workspaces": 1,
    "contacts": 3,
    "site": 1,
    "team_memberships": 12,
    "users": 1,
    "countries": 3,
    "regions": 6,
    "sales_pipelines": 1,
    "sales_stages": 1,
    "sales_opportunities": 1,
}

pytestmark = pytest.mark.parametrize("sizes", [SIZES], ids=["outside workspaces"])

REFUSED: Any = (sqlite3.Error, psycopg.Error)
OWN_LISTS = ("countries", "regions", "users", "webhook_event_types")


@pytest.fixture
def filled(round_: Round) -> Round:
    round_.settings["CFSYNC_API__MIRROR"] = "standard"
    for name in OWN_LISTS:
        round_.settings[f"CFSYNC_RESOURCES__{name.upper()}__ENABLED"] = "true"
    assert round_.backfill().exit_code == 0
    return round_


def test_what_has_no_number_is_joined_by_its_text(filled: Round) -> None:
    found = filled.sql(
        "SELECT c.id, c.iso2, r.name FROM regions r JOIN countries c ON c.id = r.country_id"
        " WHERE r.country_code = 'CA' ORDER BY r.name"
    )

    assert found == [(number("CA"), "CA", f"Region {n} of Canada") for n in (1, 2)]
    assert filled.column("SELECT topic FROM webhook_event_types WHERE name = 'order.created'")


def test_who_leaves_the_team_leaves_the_table(filled: Round) -> None:
    gone, *left = filled.ids("team_memberships")
    filled.world.delete("team_memberships", gone)

    report = filled.sweep("team_memberships")

    assert (report.exit_code, report.unreachable) == (0, [])
    assert filled.ids("team_memberships") == left
    cause = "SELECT cause FROM cf_tombstones WHERE record_id = ?"
    assert filled.one(cause, gone) == "deleted"


@pytest.mark.parametrize("name", ["team_memberships", "countries"])
def test_an_empty_list_takes_nothing_away(filled: Round, name: str) -> None:
    before = filled.ids(name)
    for record in filled.world.ids(
        name, 0 if name == "countries" else filled.world.ids("teams")[0]
    ):
        filled.world.delete(name, record)

    report = filled.sweep(name)

    assert report.unreachable
    assert filled.ids(name) == before


def test_an_account_without_the_list_of_members_is_mirrored_all_the_same(round_: Round) -> None:
    round_.settings["CFSYNC_API__MIRROR"] = "standard"
    round_.world.closed_routes = {"GET /teams/{parent}/memberships"}

    report = round_.backfill()

    assert (report.exit_code, report.absent) == (0, ["team_memberships"])
    assert round_.ids("team_memberships") == []
    members = round_.sql("SELECT id, user_email FROM team_members ORDER BY id")
    assert len(members) == 12
    round_.sql("UPDATE sales_opportunities SET assignee_id = ?", members[3][0])
    assert round_.push().exit_code == 0
    assert (
        round_.world.records("sales_opportunities", round_.workspace)[0]["assignee_id"]
        == (members[3][0])
    )


def test_an_opportunity_is_given_to_a_member_and_to_nobody_else(filled: Round) -> None:
    *_, member = filled.ids("team_memberships")
    filled.sql("UPDATE sales_opportunities SET assignee_id = ?", member)
    joined = filled.world.create("team_memberships", filled.one("SELECT id FROM teams"))
    with pytest.raises(REFUSED, match="has it, run cfsync pull team_memberships"):
        filled.sql("UPDATE sales_opportunities SET assignee_id = ?", joined)

    filled.pull("team_memberships")
    filled.sql("UPDATE sales_opportunities SET assignee_id = ?", joined)
    assert filled.push().exit_code == 0
    (deal,) = filled.world.records("sales_opportunities", filled.workspace)
    assert deal["assignee_id"] == joined
