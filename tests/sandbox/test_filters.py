"""Saved filters, and the records that they match in one answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from cfsync.sandbox import Running, World

from .conftest import HEADERS, Client

EVERYBODY = [{"attribute": "created_at", "clause": "gte", "value": "1970-01-01"}]


@pytest.fixture
def saved(client: Client, workspace: int) -> int:
    made = client.post(f"/workspaces/{workspace}/refine_filters", _body("everybody"))
    assert made.status == 201
    return int(made.data["id"])


def _body(name: str, /, **fields: Any) -> dict[str, Any]:
    filter_ = {"name": name, "filter_class": "ContactsFilter", "conjunction": "and"}
    return {"refine_filter": filter_ | {"criteria": EVERYBODY} | fields}


def _path(filter_: int, *fields: str, **options: Any) -> str:
    named = [(f"results[{name}]", value) for name, value in options.items()]
    pairs = [*(("results[fields][]", name) for name in fields), *named]
    return f"/refine_filters/{filter_}?" + "&".join(f"{quote(k)}={quote(str(v))}" for k, v in pairs)


def _read(client: Client, filter_: int, *fields: str, **options: Any) -> dict[str, Any]:
    found = client.ask("GET", _path(filter_, *fields, **options))
    assert found.status == 200, found.raw
    results: dict[str, Any] = found.data["results"]
    return results


def test_a_filter_for_everybody_shows_what_the_list_shows(
    client: Client, world: World, workspace: int, saved: int
) -> None:
    found = _read(client, saved, "id", "updated_at", limit=1000, max_bytes=4_194_304)

    listed = world.records("contacts", workspace)
    assert found["rows"] == [[c["id"], c["updated_at"]] for c in listed]
    assert (found["truncated"], found["next_after"]) == (False, None)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"limit": 7}, "row_limit"),
        ({"max_bytes": 100}, "byte_budget"),
        ({"limit": 999}, "time_budget"),
    ],
)
def test_an_answer_that_is_cut_goes_on_at_its_cursor(
    client: Client, world: World, workspace: int, saved: int, options: Any, reason: str
) -> None:
    world.filter_rows_in_time = 11 if reason == "time_budget" else None
    ids: list[int] = []
    after: dict[str, str] = {}
    while True:
        found = _read(client, saved, **options, **after)
        ids += [row[0] for row in found["rows"]]
        if not found["truncated"]:
            break
        assert found["stop_reason"] == reason
        after = {"after": found["next_after"]}

    assert ids == world.ids("contacts", workspace)


def test_a_record_that_is_larger_than_the_answer_may_be_is_named(
    client: Client, saved: int
) -> None:
    found = _read(client, saved, "id", "email_address", max_bytes=5)

    assert (found["rows"], found["stop_reason"]) == ([], "record_exceeds_budget")
    assert found["suggested_max_bytes"] > 5


def test_any_known_field_is_shown_as_the_record_shows_it(
    client: Client, world: World, contact: int, saved: int
) -> None:
    fields = ("id", "email_address", "anonymous", "created_at")
    found = _read(client, saved, *fields, limit=1000, max_bytes=4_194_304)

    shown = world.get("contacts", contact) or {}
    assert [shown[name] for name in fields] in found["rows"]


@pytest.mark.parametrize("option", ["listed", "all"])
def test_whether_it_shows_what_the_list_leaves_out_is_an_option(
    client: Client, world: World, contact: int, workspace: int, saved: int, option: Any
) -> None:
    world.filter_shows = option
    world.unlist("contacts", contact)

    found = _read(client, saved, limit=1000, max_bytes=99_999)

    shown = world.ids("contacts", workspace, hidden=option == "all")
    assert [row[0] for row in found["rows"]] == shown
    assert (contact in shown) is (option == "all")


@pytest.mark.parametrize("order", ["id", "newest", "changed"])
def test_the_order_is_an_option_and_loses_nothing(
    client: Client, world: World, workspace: int, saved: int, order: Any
) -> None:
    world.filter_order = order
    first = _read(client, saved, limit=50)
    rest = _read(client, saved, limit=1000, max_bytes=99_999, after=first["next_after"])

    ids = [row[0] for row in (*first["rows"], *rest["rows"])]
    assert sorted(ids) == world.ids("contacts", workspace)
    assert (ids == sorted(ids)) is (order == "id")


@pytest.mark.parametrize(("cap", "counted"), [(10_000, None), (50, 50)])
def test_a_count_is_capped(
    client: Client, world: World, workspace: int, saved: int, cap: int, counted: int | None
) -> None:
    world.filter_count_cap = cap

    found = _read(client, saved, count="true")

    assert found["count"] == (counted or len(world.ids("contacts", workspace)))
    assert found.get("count_capped_at") == counted


@pytest.mark.parametrize(
    "options", [{"max_bytes": 4_194_305}, {"after": "junk"}], ids=["too many bytes", "no cursor"]
)
def test_options_out_of_range_are_refused(client: Client, saved: int, options: Any) -> None:
    assert client.ask("GET", _path(saved, **options)).status == 422
    assert client.ask("GET", _path(saved, "tag_ids")).status == 422


def test_an_older_account_ignores_the_parameter(client: Client, world: World, saved: int) -> None:
    world.filter_results = False

    found = client.ask("GET", _path(saved, "id"))

    assert found.status == 200
    assert "results" not in found.data


def test_a_third_read_at_once_is_refused(
    server: Running, client_of: Any, world: World, saved: int
) -> None:
    world.filter_seconds = 5.0
    clients = [client_of(server.api) for _ in range(3)]
    for client in clients[:2]:
        client.connection.request("GET", client.prefix + _path(saved, "id"), headers=HEADERS)
    while sum(map(len, list(world.filtered_reads.values()))) < 2:
        pass

    found = clients[2].ask("GET", _path(saved, "id"))

    assert found.status == 429
    assert int(found.headers["Retry-After"]) == found.data["retry_after"] > 0


@pytest.mark.parametrize(
    "fields",
    [
        {"filter_class": "OrdersFilter"},
        {"conjunction": "or"},
        {"criteria": []},
        {"criteria": [{"attribute": "updated_at", "clause": "gte", "value": "2020-01-01"}]},
        {"name": "everybody"},
    ],
)
def test_a_filter_that_the_api_does_not_know_is_refused(
    client: Client, workspace: int, saved: int, fields: Any
) -> None:
    made = client.post(f"/workspaces/{workspace}/refine_filters", _body("another", **fields))

    assert saved
    assert made.status == 422


def test_a_filter_of_the_app_without_a_class_has_no_results(
    client: Client, world: World, workspace: int
) -> None:
    old = world.create("refine_filters", workspace, name="old", filter_class=None)

    assert client.ask("GET", _path(old, "id")).status == 422


def test_a_filter_shows_whom_it_matches(
    client: Client, world: World, contact: int, workspace: int
) -> None:
    world.edit("contacts", contact, first_name="Ada")
    body = _body("ada", criteria=[{"attribute": "first_name", "clause": "eq", "value": "ada"}])
    made = client.post(f"/workspaces/{workspace}/refine_filters", body)

    assert [contact] in _read(client, made.data["id"], "id")["rows"]
    assert client.delete(f"/refine_filters/{made.data['id']}").status == 204
    assert client.ask("GET", _path(made.data["id"], "id")).status == 404
