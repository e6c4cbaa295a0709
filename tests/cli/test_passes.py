"""Each pass as a user runs it: what it prints, what it leaves, how it ends."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from cfsync.sandbox import Running, World
from tests.cli.conftest import Command


def test_backfill_makes_the_database_and_says_what_it_did(cfsync: Command):
    done = cfsync("backfill")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert {"teams         1 new", "workspaces    1 new", "contacts      30 new"} <= set(lines)
    assert lines[-3].startswith("backfill: done after ")
    assert lines[-2] == f"database: {cfsync.database}, 36 rows"
    assert lines[-1].endswith("`cfsync push` sends the edits to ClickFunnels.")
    assert cfsync.sql("SELECT count(*) FROM contacts") == [(30,)]
    assert f"new database: {cfsync.database}" in done.stderr


def test_a_second_backfill_finds_nothing_to_do(filled: Command):

    done = filled("backfill")

    assert done.returncode == 0
    assert "nothing new" in done.stdout
    assert "new database" not in done.stderr


def test_the_report_is_one_json_object_and_logs_are_elsewhere(cfsync: Command):
    done = cfsync("backfill", "--json")

    assert done.stdout.count("\n") == 1
    assert done.json["pass"] == "backfill"
    assert done.json["state"] == "done"
    assert done.json["resources"]["contacts"] == {"new": 30}
    assert done.json["database"] == str(cfsync.database)
    assert done.json["requests"] > 10


def test_backfill_of_one_resource_leaves_the_others_alone(cfsync: Command):
    done = cfsync("backfill", "contacts", "--json")

    assert done.json["resources"]["contacts"] == {"new": 30}
    assert cfsync.sql("SELECT count(*) FROM products") == [(0,)]


def test_only_a_backfill_counts_the_rows(filled: Command):
    assert filled("backfill", "--json").json["rows"] == 36
    assert "rows" not in filled("pull", "--json").json
    assert filled("pull").stdout.endswith(f"database: {filled.database}\n")


def test_pull_brings_news_in(filled: Command, world: World):
    first = world.ids("contacts", world.workspaces[0])[0]
    world.edit("contacts", first, first_name="Grace")

    done = filled("pull", "--json")

    assert done.json["resources"]["contacts"]["changed"] == 1
    assert filled.sql(f"SELECT first_name FROM contacts WHERE id = {first}") == [("Grace",)]


def test_news_of_the_team_are_said(filled: Command, world: World):
    world.edit("teams", world.records("teams")[0]["id"], name="Ada & Co")

    done = filled("pull", "contacts", "--json")

    assert done.json["resources"]["teams"] == {"changed": 1}


def test_sweep_finds_what_was_deleted(filled: Command, world: World):
    first = world.ids("contacts", world.workspaces[0])[0]
    world.delete("contacts", first)

    done = filled("sweep", "contacts", "--json")

    assert done.returncode == 0, done.stderr
    assert done.json["resources"]["contacts"]["deleted"] == 1
    assert filled.sql("SELECT record_id, cause FROM cf_tombstones") == [(first, "deleted")]


def test_an_edit_by_sql_arrives_with_push_and_with_sync(filled: Command, world: World):
    first, second = world.ids("contacts", world.workspaces[0])[:2]

    filled.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {first}")
    pushed = filled("push")
    filled.sql(f"UPDATE contacts SET first_name = 'Bea' WHERE id = {second}")
    synced = filled("sync", "--json")

    assert (pushed.returncode, synced.returncode) == (0, 0), pushed.stderr + synced.stderr
    assert [world.get("contacts", i)["first_name"] for i in (first, second)] == ["Ada", "Bea"]
    assert [r["pass"] for r in synced.json["passes"]] == ["pull", "push"]


def test_sync_makes_the_database(cfsync: Command):
    done = cfsync("sync")

    assert done.returncode == 0, done.stderr
    assert cfsync.sql("SELECT count(*) FROM contacts") == [(30,)]


def contents(command: Command) -> list[str]:
    """All that the database holds, but for the rate limit as it was last learned."""
    with closing(sqlite3.connect(command.database)) as db:
        return [line for line in db.iterdump() if not line.startswith('INSERT INTO "cf_budget"')]


def test_verify_quick_shows_the_counts_of_both_sides(filled: Command, world: World):
    unknown = filled("verify", "--quick")
    world.stats_open = True

    shown = filled("verify", "--quick", "contacts")

    assert (unknown.returncode, shown.returncode) == (0, 0)
    assert unknown.stdout.count("answered with 403") == 1
    assert "contacts" in unknown.stdout
    assert filled("verify", "--quick", "products").said == [
        "only contacts and orders can be counted, not products"
    ]
    assert shown.stdout.splitlines()[1].split() == [
        *("contacts", str(world.workspaces[0]), "count", "30", "30")
    ]
    assert "contacts: 30 rows; ClickFunnels counted 30 at" in filled("status").stdout


def test_verify_is_content_after_a_backfill_and_names_what_differs(filled: Command, world: World):
    same = filled("verify")
    first, second = world.ids("contacts", world.workspaces[0])[:2]
    world.edit("contacts", first, first_name="Grace")
    world.delete("contacts", second)
    new = world.create("contacts", world.workspaces[0], first_name="Ada")

    before = contents(filled)
    done = filled("verify", "contacts", "--json")

    assert same.returncode == 0
    assert "no difference" in same.stdout
    assert done.returncode == 5
    found = {(d["id"], d["kind"], tuple(d["fields"])) for d in done.json["differences"]}
    assert found == {
        (first, "differs", ("first_name", "updated_at")),
        (second, "missing in ClickFunnels", ()),
        (new, "missing here", ()),
    }
    assert contents(filled) == before


def test_what_is_not_readable_is_said_and_is_exit_5(cfsync: Command, world: World):
    world.fault("status", status=403, path="/products", times=None)

    done = cfsync("backfill")

    assert done.returncode == 5, done.stderr
    assert f"not readable with this token: products/{world.workspaces[0]}" in done.stdout
    assert cfsync.sql("SELECT count(*) FROM contacts") == [(30,)]


@pytest.fixture
def slow(world: World) -> None:
    world.latency = 0.1


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_walk_cleanly_and_the_same_command_goes_on(
    cfsync: Command, world: World, name: signal.Signals
):
    for _ in range(1200):
        world.create("contacts", world.workspaces[0], first_name="A")
    world.latency = 0.5  # so that the walk is under way for seconds, also on a busy machine
    process = cfsync.start("backfill", "contacts", "--json")
    _wait_for_rows(cfsync.database, 60)
    process.send_signal(name)
    out, err = process.communicate(timeout=20)

    assert process.returncode == 4, err
    assert json.loads(out)["state"] == "stopped"
    assert "cfsync: run `cfsync backfill` again to go on" in err
    kept = cfsync.sql("SELECT count(*) FROM contacts")[0][0]
    assert 60 <= kept < 1230

    world.latency = 0
    done = cfsync("backfill", "--json")
    assert done.returncode == 0
    assert done.json["resources"]["contacts"]["new"] == 1230 - kept
    assert cfsync.sql("SELECT count(*) FROM contacts") == [(1230,)]


def _wait_for_rows(database: Path, rows: int) -> None:
    _wait_for_count(database, "SELECT count(*) FROM contacts", rows)


def _wait_for_count(database: Path, query: str, count: int) -> None:
    for _ in range(2000):
        try:
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                if connection.execute(query).fetchone()[0] >= count:
                    return
        except sqlite3.OperationalError:
            pass
        time.sleep(0.01)
    raise AssertionError("no rows came")


def test_deletions_that_are_too_many_wait_and_are_approved_or_rejected(
    filled: Command, world: World
):
    ids = world.ids("contacts", world.workspaces[0])
    for record_id in ids[:12]:
        world.delete("contacts", record_id)

    swept = filled("sweep", "contacts")
    listed = filled("deletions", "list", "--json")
    rejected = filled("deletions", "reject", "contacts", str(ids[0]))
    asked = filled("deletions", "approve", "contacts")
    approved = filled("deletions", "approve", "contacts", "--since", "1h", "--yes")
    taken_back = filled("deletions", "reject", "contacts", str(ids[1]))
    and_that = filled("deletions", "approve", "contacts", str(ids[0]))
    again = filled("sweep", "contacts")

    assert swept.returncode == 5
    assert "12 held" in swept.stdout
    assert filled("status").returncode == 0
    assert [d["id"] for d in listed.json] == ids[:12]
    assert asked.returncode == 2
    assert asked.stderr.splitlines()[-3:] == [
        "resource  count",
        "contacts     11",
        "cfsync: nothing is done: without a terminal, --yes is needed to approve them",
    ]
    assert rejected.stdout == taken_back.stdout == "rejected 1 deletion\n"
    assert approved.stdout == "approved 11 deletions; the next sweep deletes them\n"
    assert and_that.stdout == "approved 1 deletion; the next sweep deletes them\n"
    assert again.returncode == 0, again.stderr
    left = [i for (i,) in filled.sql("SELECT id FROM contacts ORDER BY id")]
    assert left == [ids[1], *ids[12:]]


def test_an_unknown_held_deletion_is_refused(filled: Command):

    done = filled("deletions", "approve", "contacts", "5")

    assert (done.returncode, done.said) == (2, ["no deletion of contacts 5 is held"])


def test_the_gateways_url_does_as_well(cfsync: Command, server: Running):
    done = cfsync("backfill", "--json", API__BASE_URL=server.gateway + "/")

    assert done.returncode == 0
    assert done.json["resources"]["contacts"] == {"new": 30}


def test_the_rate_that_was_learned_is_where_the_next_run_begins(cfsync: Command, world: World):
    world.limit.per_second = 20

    cfsync("backfill", API__MAX_REQUESTS_PER_SECOND="50")
    learned = dict(cfsync.sql("SELECT kind, value FROM cf_budget"))
    status = cfsync("status", "--json")

    assert set(learned) == {"rate", "learned"}
    assert status.json["budget"] == learned


def test_postgresql_does_as_well(cfsync: Command, postgres):
    url = postgres.url(postgres.create())
    settings = {"DATABASE__URL": url}

    missing = cfsync("pull", **settings)
    filled = cfsync("backfill", **settings)
    same = cfsync("verify", "--json", **settings)

    assert missing.said == [
        f"no mirror at PostgreSQL database {url.split('@/')[1].split('?')[0]}"
        f" at {postgres.folder}: run cfsync backfill"
    ]
    assert filled.returncode == 0, filled.stderr
    assert same.returncode == 0
    assert same.json["resources"]["contacts"] == {"same": 30}


def test_a_long_command_tells_others_what_it_uses_of_the_limit(cfsync: Command, world: World):
    world.latency = 0.2
    uses = "SELECT count(*) FROM cf_budget WHERE kind LIKE 'use/%'"
    backfill = cfsync.start("backfill")

    _wait_for_count(cfsync.database, uses, 1)

    _, said = backfill.communicate(timeout=60)
    assert backfill.returncode == 0, said
    assert cfsync.sql(uses) == [(0,)]


def test_status_history_shows_hours_and_days(filled: Command):
    filled("pull")

    shown = filled("status", "--history")
    found = filled("status", "--history", "--json").json

    assert shown.returncode == 0
    assert shown.stdout.count("from (UTC)") == 2
    assert len(found["days"]) == 14
    for spans in found["hours"], found["days"]:
        assert sum(span["requests"] for span in spans) > 0
        assert sum(span["news"].get("backfill", 0) for span in spans) >= 30
