"""`cfsync census`, and the sweeps that it makes cheap, as people run them."""

from __future__ import annotations

from cfsync.sandbox import World
from tests.cli.conftest import Command


def test_from_enable_to_disable(cfsync: Command, world: World) -> None:
    cfsync("backfill")
    workspace = world.workspaces[0]
    assert cfsync("census", "status").stdout == "no census is enabled\n"

    assert "next: `cfsync sweep contacts`" in cfsync("census", "enable").stdout
    enabled = cfsync("census", "enable", "--json")
    assert enabled.returncode == 0
    assert [(e["workspace_id"], e["standing"]) for e in enabled.json] == [(workspace, "unproved")]
    assert [f["name"] for f in world.records("refine_filters", workspace)] == ["cfsync census"]
    assert "compares the census with a walk" in cfsync("doctor").stdout

    walk = cfsync("sweep", "contacts", "--json").json
    (proved,) = cfsync("census", "status", "--json").json
    assert (proved["standing"], proved["records"], proved["reason"]) == ("trusted", 30, "")
    census = cfsync("sweep", "contacts", "--json").json
    assert census["resources"] == walk["resources"] == {"contacts": {"unchanged": 30}}
    assert census["requests"] == 2
    assert cfsync("sweep", "contacts", "--walk", "--json").json["requests"] > 2
    assert "30 named at" in cfsync("doctor").stdout

    disabled = cfsync("census", "disable", CENSUS__CREATE_FILTER="true")
    assert (disabled.returncode, "disabled" in disabled.stdout) == (0, True)
    assert world.records("refine_filters", workspace) == []
    cfsync("sweep", "contacts", CENSUS__CREATE_FILTER="true")
    assert world.records("refine_filters", workspace) == []


def test_an_account_without_results_says_so(cfsync: Command, world: World) -> None:
    cfsync("backfill", "contacts")
    world.filter_results = False

    enabled = cfsync("census", "enable")

    assert enabled.returncode == 5
    assert "off" in enabled.stdout
    assert "has no results" in enabled.stdout
    assert "since the census is off" in cfsync("doctor").stdout
    world.filter_results = True
    assert cfsync("census", "enable").returncode == 0


def test_a_filter_that_can_not_be_deleted_is_used_no_more(cfsync: Command, world: World) -> None:
    cfsync("backfill", "contacts")
    cfsync("census", "enable")
    world.fault("status", method="DELETE", path="refine_filters", status=403, times=None)

    disabled = cfsync("census", "disable")

    assert disabled.returncode == 1
    assert "not allowed for this token (403)" in disabled.stderr
    (stands,) = cfsync("census", "status", "--json").json
    assert stands["standing"] == "disabled"


def test_disable_deletes_every_filter_of_that_name(cfsync: Command, world: World) -> None:
    """Two processes that enabled the census at the same time have made one each."""
    (workspace,) = world.workspaces
    cfsync("backfill", "contacts")
    cfsync("census", "enable")
    (made,) = world.records("refine_filters", workspace)
    world.create("refine_filters", workspace, name=made["name"], criteria=made["criteria"])
    others = world.create("refine_filters", workspace, name=made["name"], filter_class="X")

    assert cfsync("census", "disable").returncode == 0

    assert world.ids("refine_filters", workspace) == [others]
