from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from cfsync.api import Api, Retry
from cfsync.config import load
from cfsync.errors import MirrorError, SettingsError
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.reports import status
from cfsync.resources import RESOURCES
from cfsync.sandbox import TOKEN
from cfsync.sandbox.api.gateway import Connection, Gateway
from cfsync.sync.context import Context
from cfsync.sync.events import webhooks
from cfsync.sync.incoming.pace import requests_a_day
from cfsync.sync.inspection import doctor, field_notes, gateway
from cfsync.sync.inspection.probes import Check
from cfsync.sync.report import Report
from tests.conftest import POSTGRESQL_ONLY, Sql

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def examined(round_: Any, **settings: str) -> dict[str, Check]:
    """The checks by name; of several with one name the first."""

    async def main() -> list[Check]:
        given = load(environ=round_.settings | settings)
        async with Api(given.for_api(), retry=Retry(attempts=1)) as api:
            return await doctor.run_checks(given, file=None, api=api, mirror=round_.mirror)

    return {check.name: check for check in reversed(asyncio.run(main()))}


def test_all_is_well_after_a_backfill(round_):
    round_.backfill()

    checks = examined(round_)

    assert {check.state for check in checks.values()} == {"ok"}
    assert list(reversed(checks)) == [
        "settings",
        "file permissions",
        "token",
        "workspaces",
        "clock",
        "lists",
        "any id as cursor",
        "sort by id",
        "sort by updated_at",
        "events log",
        "database",
        "capture",
        "pace",
        "api.mirror",
        "schema drift",
    ]
    assert checks["pace"].text.endswith("and the logs of events 0.067 at most")
    assert ("PostgreSQL 1" in checks["database"].text) is (
        round_.mirror.dialect.name == "postgresql"
    )


def listed(**states: str) -> list[dict[str, str]]:
    return [{"connection_id": id_, "status": state} for id_, state in states.items()]


@pytest.mark.parametrize(
    ("connections", "chosen", "exit_code", "text"),
    [
        (listed(a="ACTIVE"), None, 0, "host, by its only connection, a (ACTIVE)"),
        (listed(a="ACTIVE", b="PENDING"), None, 0, "host, by its only connection, a (ACTIVE)"),
        (listed(a="ACTIVE", b="ACTIVE"), None, 5, "host has 2 active connections: a, b; choose"),
        (listed(b="PENDING"), None, 3, "host has no active connection; make one there"),
        ([], None, 3, "host has no active connection"),
        (listed(a="ACTIVE", hunter2="ACTIVE"), "hunter2", 0, "by the connection in api.headers."),
        (listed(hunter2="FAILED"), "hunter2", 3, "Maton-Connection is FAILED: authorize it there"),
        (listed(a="ACTIVE"), "hunter2", 5, "doesn't list the connection in api.headers.Maton-"),
    ],
)
def test_the_connection_of_a_gateway_is_judged(
    connections: list[dict[str, str]], chosen: str | None, exit_code: int, text: str
):
    check = gateway.judged("host", connections, chosen)

    assert text in check.text
    assert check.exit_code == exit_code
    assert "hunter2" not in check.text


def test_the_gateway_is_named(round_):
    round_.backfill()
    round_.world.gateway = Gateway("key", {"of-acme": Connection(TOKEN)})
    url = {"CFSYNC_API__BASE_URL": round_.served.gateway}

    checks = examined(round_, **url, CFSYNC_API__TOKEN="key")

    host = round_.served.url.removeprefix("http://")
    named = f"{host}, by its only connection, of-acme (ACTIVE, made 2026-02-01)"
    assert (checks["gateway"].state, checks["gateway"].text) == ("ok", named)
    assert checks["token"].text.startswith("reaches team")
    assert examined(round_, **url, CFSYNC_API__TOKEN="no")["gateway"].text == host
    round_.world.gateway = None
    assert examined(round_, **url)["gateway"].text == f"{host}; it doesn't list its connections"


def test_an_endpoint_that_leads_here_is_looked_at_too(round_):
    round_.backfill()
    round_.run(_register, "https://hooks.example.com")
    assert examined(round_)["webhooks"].state == "ok"

    (endpoint,) = round_.world.ids("webhook_endpoints", round_.workspace)
    round_.world.delete("webhook_endpoints", endpoint)

    check = examined(round_)["webhooks"]
    assert (check.state, check.exit_code) == ("todo", 5)
    assert "it is gone in ClickFunnels: cfsync webhooks register" in check.text


async def _register(context: Context, url: str) -> Report:
    await webhooks.register(context, url)
    return Report("register")


def cost() -> float:
    """Requests a second of 300 quiet lists of each resource, as they are pulled by default."""
    settings = load(environ={})
    every = {name: settings.resource(name).pull_every for name in settings.wanted}
    return sum(
        2 / every[name] if r.nested else 300 / max(every[name], 900.0)
        for name, r in RESOURCES.items()
        if name in every
    )


@pytest.mark.parametrize(
    ("given", "state", "text"),
    [
        (
            {},
            "ok",
            f"lists ({300 * len(load(environ={}).wanted)}) cost {cost():.2g} requests a second"
            " while nothing changes",
        ),
        (
            {f"CFSYNC_RESOURCES__{name.upper()}__PULL_MAX_EVERY": "1m" for name in RESOURCES},
            "note",
            "raise pull_max_every, or enable fewer resources",
        ),
    ],
)
def test_what_the_settings_cost_is_said(given: dict[str, str], state: str, text: str):
    settings = load(environ=given)
    walks = [{"resource": name, "lane": "pull", "lists": 300} for name in settings.wanted]

    (check,) = doctor.pace(settings, walks, workspaces=300)

    assert check.name == "pace"
    assert check.state == state
    assert text in check.text


def test_what_hangs_below_something_that_is_off_is_named():
    given = {"CFSYNC_API__MIRROR": "core", "CFSYNC_RESOURCES__SALES_STAGES__ENABLED": "true"}

    (check,) = doctor.below_what_is_off(load(environ=given))

    assert check.text.startswith("sales_stages: its lists hang below sales_pipelines, so")
    assert doctor.below_what_is_off(load(environ={})) == []


def test_lists_that_are_switched_off_are_not_counted():
    walks = [{"resource": name, "lane": "pull", "lists": 2} for name in ("contacts", "blogs")]

    (check,) = doctor.pace(load(environ={"CFSYNC_API__MIRROR": "core"}), walks, workspaces=2)

    assert check.text.startswith("lists (2) cost ")


def test_what_each_group_costs_a_day_is_said():
    settings = load(environ={})
    walks = [{"resource": "contacts", "lane": "pull", "lists": 2}]

    (check,) = doctor.cost_of_groups(settings, walks, workspaces=2)

    costs = requests_a_day(settings, {"contacts": 2}, 2)
    assert 0 < costs["core"] < costs["standard"] < costs["all"]
    assert check.text == (
        f'these settings ("standard") cost about {costs["standard"]:,} requests a day while nothing'
        f' changes; "core" {costs["core"]:,}, "all" {costs["all"]:,}'
    )


def test_a_list_that_is_switched_by_itself_counts_as_it_stands_in_each_group():
    def costs(**switches: str) -> dict[str, int]:
        return requests_a_day(load(environ=switches), {}, 1)

    usual = costs()
    less = costs(CFSYNC_RESOURCES__BLOGS__ENABLED="false")
    more = costs(CFSYNC_API__MIRROR="core", CFSYNC_RESOURCES__BLOGS__ENABLED="true")

    saved = usual["standard"] - less["standard"]
    assert saved > 0
    assert usual["all"] - less["all"] == pytest.approx(saved, abs=1)
    assert less["core"] == usual["core"]
    assert more["core"] - usual["core"] == pytest.approx(saved, abs=1)
    assert (more["standard"], more["all"]) == (usual["standard"], usual["all"])


def test_a_quiet_workspace_costs_less_than_a_request_every_two_seconds():
    costs = requests_a_day(load(environ={}), {}, 1)

    assert costs["standard"] / 86400 < 0.5


def test_before_the_first_backfill_nothing_is_said_of_the_cost():
    assert doctor.pace(load(environ={}), [], workspaces=0) == []
    assert doctor.cost_of_groups(load(environ={}), [], workspaces=0) == []


def test_a_refused_token_is_exit_3_and_the_database_is_still_looked_at(round_):
    checks = examined(round_, CFSYNC_API__TOKEN="wrong")

    assert checks["token"].exit_code == 3
    assert checks["database"].state == "ok"
    assert "webhooks" not in checks, "it would say the same again"


def test_a_server_that_is_down_is_exit_4(round_):
    checks = examined(round_, CFSYNC_API__BASE_URL="http://127.0.0.1:9/api/v2")

    assert (checks["connection"].state, checks["connection"].exit_code) == ("todo", 4)
    assert "token" not in checks


def test_an_unknown_workspace_is_exit_2(round_):
    checks = examined(round_, CFSYNC_API__WORKSPACES="99")

    assert checks["workspaces"].exit_code == 2
    reached = f"the token reaches no workspace 99; it reaches {round_.workspace}: change"
    assert checks["workspaces"].text.startswith(reached)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("ignore_sort", "sort by updated_at"),
        ("ignore_sort", "sort by id"),
        ("ignore_after_between", "any id as cursor"),
    ],
)
def test_an_assumption_that_does_not_hold_is_noted(round_, fault: str, name: str):
    round_.world.fault(fault, times=None)

    checks = examined(round_)

    assert checks[name].state == "note"
    assert doctor.exit_code(list(checks.values())) == 0


def test_a_list_with_an_order_of_its_own_contradicts_no_assumption(round_):
    checks = examined(round_, CFSYNC_API__MIRROR="all")

    assumptions = ("any id as cursor", "sort by id", "sort by updated_at")
    assert [checks[name].state for name in assumptions] == ["ok", "ok", "ok"]


def test_without_an_events_log_pulls_do_it_all(round_):
    round_.world.fault("status", status=404, path="/webhooks/outgoing/events", times=None)

    assert examined(round_)["events log"].state == "note"


def test_a_mirror_of_other_teams_is_exit_2(round_):
    round_.backfill()
    round_.sql("UPDATE cf_meta SET value = '[77]' WHERE key = 'teams'")

    account = examined(round_)["account"]

    assert account.exit_code == 2
    assert account.text.startswith("the mirror holds team 77, the token shows 1000:")


def test_what_waits_is_exit_5(round_):
    round_.backfill()
    first = round_.ids("contacts")[0]
    round_.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {first}")
    round_.sql("UPDATE cf_outbox SET state = 'parked'")

    assert examined(round_)["waiting"].exit_code == 5


def test_errors_in_place_of_a_side_are_lines_of_their_own():
    checks = asyncio.run(
        doctor.run_checks(
            load(environ={}),
            file=None,
            api=SettingsError(["no url", "no token"]),
            mirror=MirrorError("no mirror"),
        )
    )

    assert [(c.name, c.text) for c in checks if c.state == "todo" and c.name != "settings"] == [
        ("token", "no url"),
        ("token", "no token"),
        ("database", "no mirror"),
    ]
    assert doctor.exit_code(checks) == 2


@pytest.mark.parametrize(
    ("date", "state", "text"),
    [
        ("Thu, 01 Jan 2026 12:00:20 GMT", "ok", "agrees with the server's"),
        ("Thu, 01 Jan 2026 12:01:00 GMT", "note", "the mirror's is 60 s behind the server's: see"),
        (
            "Thu, 01 Jan 2026 11:50:00 GMT",
            "note",
            "the mirror's is 600 s ahead of the server's: see",
        ),
        ("Thu, 01 Jan 2099 12:00:00 GMT", "note", "the mirror's is 26,663 days behind"),
        ("yesterday", "note", "the server sends no date to compare with"),
        (None, "note", "the server sends no date to compare with"),
    ],
)
def test_the_clock_is_compared_with_the_servers(date, state, text):
    check = doctor.clock({"Date": date} if date else {}, NOW)

    assert check.state == state
    assert check.text.startswith(text)


def test_a_token_over_plain_http_to_another_machine_is_named(round_):
    settings = load(environ={"CFSYNC_API__BASE_URL": "http://gate.example/api/v2"})

    assert [c.exit_code for c in doctor.connection(settings)] == [5]
    assert doctor.connection(load(environ={"CFSYNC_API__BASE_URL": "https://g.e/api/v2"})) == []


def test_fields_that_surprise_are_notes():
    notes = [
        {"resource": "contacts", "field": "x", "kind": "unknown", "record_id": 5},
        {"resource": "contacts", "field": "y", "kind": "unholdable", "record_id": 6},
    ]

    assert [(c.state, c.text.split(":")[0]) for c in field_notes.drift(notes)] == [
        ("note", "contacts.x is new in the API"),
        ("note", "contacts.y had a value that the column can't hold"),
    ]


def test_many_fields_of_a_kind_are_one_note_for_each_table():
    notes = [
        {"resource": table, "field": f"x{n}", "kind": kind, "record_id": 5, "seen_at": f"2026-0{n}"}
        for table in ("contacts", "orders")
        for kind in ("unknown", "vanished")
        for n in range(1, 6)
    ]

    texts = [c.text for c in field_notes.drift(notes)]

    assert len(texts) == 4
    assert texts[0].startswith(
        "contacts: each of 5 fields (x1, x2, x3 and 2 more in cf_notes) is new in the API"
    )
    assert "since 2026-01:" in texts[1]


@POSTGRESQL_ONLY
@pytest.mark.parametrize("rights", ["", "GRANT SELECT ON cf_outbox TO cfsync_app"])
def test_a_role_without_rights_is_told_so(mirror_url: str, sql: Sql, rights: str):
    if rights:
        sql(rights)
    url = mirror_url.replace("cfsync_daemon", "cfsync_app")
    opened = Mirror.open(url, must_exist=True, clock=lambda: NOW)

    server = asyncio.run(opened.read(status.server))
    opened.close()

    assert server.problems == ("the role cfsync_app may not write cf_outbox: see deploy/roles.sql",)


@POSTGRESQL_ONLY
@pytest.mark.parametrize("role", ["PUBLIC", "cfsync_app"])
def test_a_role_that_may_create_where_the_mirror_is_is_named(mirror_url: str, sql: Sql, role: str):
    opened = Mirror.open(mirror_url, must_exist=True, clock=lambda: NOW)
    before = asyncio.run(opened.read(status.server)).problems

    sql(f"GRANT CREATE ON SCHEMA public TO {role}")
    server = asyncio.run(opened.read(status.server))
    opened.close()

    assert before == ()
    assert server.problems == (
        f"{role} may create in the schema public and so take over cfsync's roles: as its owner,"
        f" REVOKE CREATE ON SCHEMA public FROM {role}",
    )
