from __future__ import annotations

import http.client
import json
import time
from typing import Any

import pytest

from cfsync.sandbox import Running, World

from .conftest import Client


@pytest.fixture
def path(workspace: int) -> str:
    return f"/workspaces/{workspace}/contacts"


def body(**fields: Any) -> dict[str, Any]:
    return {"contact": fields}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500, 503])
def test_a_status_once_and_then_the_right_answer(
    status: int, client: Client, world: World, path: str
) -> None:
    world.fault("status", status=status)

    answers = [client.get(path) for _ in range(2)]

    assert [a.status for a in answers] == [status, 200]
    assert {"error", "errors"} & set(answers[0].data)


@pytest.mark.parametrize(("after", "header"), [(None, None), (2, "2"), (0.5, "0.5")])
def test_too_many_requests_with_and_without_retry_after(
    after: float | None, header: str | None, client: Client, world: World, path: str
) -> None:
    world.fault("status", status=429, retry_after=after)

    answer = client.get(path)

    assert answer.status == 429
    assert answer.headers.get("Retry-After") == header


@pytest.mark.parametrize(
    ("kind", "status"), [("html_200", 200), ("html_403", 403), ("html_503", 503)]
)
def test_the_cdns_page(kind: str, status: int, client: Client, world: World, path: str) -> None:
    world.fault(kind)

    answer = client.get(path)

    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=UTF-8")
    assert answer.raw.startswith(b"<!DOCTYPE html>")


def test_answers_that_are_cut_empty_or_mislabelled(client: Client, world: World, path: str) -> None:
    right = client.get(path)
    for kind in ("truncated", "empty_body", "wrong_content_type"):
        world.fault(kind)

    cut, empty, mislabelled = (client.get(path) for _ in range(3))

    assert cut.raw == right.raw[: len(right.raw) // 2]
    assert (empty.status, empty.raw) == (200, b"")
    assert mislabelled.raw == right.raw
    assert mislabelled.headers["Content-Type"].startswith("text/html")


def test_errors_under_200_and_lists_that_are_none(client: Client, world: World, path: str) -> None:
    for kind in ("error_under_200", "errors_under_200", "not_a_list"):
        world.fault(kind)

    answers = [client.get(path) for _ in range(3)]

    assert [a.status for a in answers] == [200] * 3
    assert answers[0].data == {"error": "Something went wrong"}
    assert answers[1].data == {"errors": {"base": ["went wrong"]}}
    assert answers[2].data == {"data": []}


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", False), ("reset_after", True)])
def test_a_connection_cut_before_or_after_the_server_acted(
    kind: str, applied: bool, client: Client, world: World, path: str, workspace: int
) -> None:
    world.fault(kind, method="POST")

    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        client.post(path, body(email_address="ada@example.com"))

    assert len(world.ledger.writes("contacts", "create")) == applied
    client.connection.close()
    found = client.get(path, filter_email_address="ada@example.com").data
    assert len(found) == applied


@pytest.mark.parametrize("kind", ["html_200", "status", "error_under_200", "redirect"])
def test_a_wrong_answer_to_a_write_that_was_applied(
    kind: str, client: Client, world: World, path: str
) -> None:
    world.fault(kind, method="POST", applied=True)

    answer = client.post(path, body(first_name="Ada"))

    assert answer.status in (200, 302, 500)
    assert len(world.ledger.writes("contacts", "create")) == 1


def test_a_redirect_leads_to_another_host(client: Client, world: World, path: str) -> None:
    world.fault("redirect", host="https://elsewhere.example.com")

    answer = client.get(path)

    assert answer.status == 302
    assert answer.headers["Location"] == "https://elsewhere.example.com/api/v2/teams"


@pytest.mark.parametrize("kind", ["slow", "slow_body"])
def test_a_slow_answer_comes_whole(kind: str, client: Client, world: World, path: str) -> None:
    right = client.get(path)
    world.fault(kind, seconds=0.2)

    start = time.monotonic()
    answer = client.get(path)

    assert time.monotonic() - start >= 0.2
    assert answer.data == right.data
    assert answer.headers["Pagination-Next"] == right.headers["Pagination-Next"]


def test_an_answer_that_never_comes(client: Client, world: World, path: str) -> None:
    world.fault("hang", seconds=60)
    client.connection.timeout = 0.2

    with pytest.raises(TimeoutError):
        client.get(path)


def test_behind_an_answer_the_door_may_be_shut_until_it_is_opened(
    server: Running, client: Client, world: World, path: str
) -> None:
    world.fault("shut")
    assert client.get(path).status == 200

    with pytest.raises(ConnectionRefusedError):
        client.get(path)

    client.connection.close()
    server.listener.set_open(open_=True)
    assert client.get(path).status == 200


def test_somebody_does_something_while_a_request_is_on_its_way(
    client: Client, world: World, path: str, contact: int
) -> None:
    world.fault("meanwhile", act=lambda: world.delete("contacts", contact))

    assert contact not in client.get(path).ids


def test_a_slow_answer_does_not_hold_up_the_others(
    server: Running, client: Client, world: World, path: str
) -> None:
    world.fault("hang", seconds=60)
    slow = http.client.HTTPConnection(server.url[7:], timeout=10)
    slow.request("GET", "/api/v2/teams")

    while not world.faults.all[0].struck:
        time.sleep(0.001)
    assert client.get(path).status == 200
    slow.close()


def test_a_cursor_that_repeats(client: Client, world: World, path: str) -> None:
    first = client.get(path)
    world.fault("repeat_cursor", path="after=")

    second = client.get(path, after=first.ids[-1])

    assert second.ids[0] > first.ids[-1]
    assert second.headers["Pagination-Next"] == str(first.ids[-1])


def test_a_page_that_comes_twice(client: Client, world: World, path: str) -> None:
    first = client.get(path)
    right = client.get(path, after=first.ids[-1])
    world.fault("page_twice", path="after=")

    second = client.get(path, after=first.ids[-1])

    assert second.data == first.data
    assert second.headers["Pagination-Next"] == right.headers["Pagination-Next"]


def test_a_page_that_is_left_out(client: Client, world: World, path: str) -> None:
    walked = client.walk(path)
    world.fault("page_skips", path="after=")

    assert client.walk(path) == walked[:20] + walked[40:]


def test_a_sort_that_is_ignored(client: Client, world: World, path: str) -> None:
    by_id = client.get(path).ids
    world.fault("ignore_sort")

    assert client.get(path, sort_property="updated_at", sort_order="desc").ids == by_id


def test_a_cursor_between_records_that_is_ignored(client: Client, world: World, path: str) -> None:
    ids = client.get(path).ids
    between = next(n for n in range(ids[4], ids[5]) if n not in ids)
    world.fault("ignore_after_between", times=None)

    assert client.get(path, after=between).ids == ids
    assert client.get(path, after=ids[4]).ids[0] == ids[5]


def test_a_cursor_between_records_that_is_refused(client: Client, world: World, path: str) -> None:
    ids = client.get(path).ids
    between = next(n for n in range(ids[4], ids[5]) if n not in ids)
    world.fault("refuse_after_between", status=404, times=None)

    assert client.get(path, after=between).status == 404
    assert client.get(path, after=ids[4]).ids[0] == ids[5]


def test_a_link_to_another_host(client: Client, world: World, path: str) -> None:
    world.fault("foreign_link", host="https://evil.example.com")

    link = client.get(path).headers["Link"]

    assert link.startswith(f"<https://evil.example.com/api/v2{path}?after=")


def test_a_list_in_the_wrong_order(client: Client, world: World, path: str) -> None:
    ids = client.get(path).ids
    world.fault("wrong_order")

    assert client.get(path).ids == ids[::-1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\0b", rb'"first_name": "a\u0000b"'),
        ("\ud800", rb'"first_name": "\ud800"'),
        (5, b'"first_name": 5'),
        ("0000-01-01T00:00:00Z", b'"first_name": "0000-01-01T00:00:00Z"'),
        (10**30, b'"first_name": 1' + b"0" * 30),
    ],
)
def test_a_record_with_a_value_of_no_type(
    value: Any, text: bytes, client: Client, world: World, path: str, contact: int
) -> None:
    world.fault("body", fields={"first_name": value}, drop=("uuid",), ids=(contact,), times=None)

    page, one = client.get(path), client.get(f"/contacts/{contact}")

    assert text in page.raw
    assert text in one.raw
    assert [r["id"] for r in page.data if "uuid" not in r] == [contact]
    assert json.loads(one.raw)["first_name"] == value


def test_a_fault_strikes_the_requests_that_match(client: Client, world: World, path: str) -> None:
    fault = world.fault("status", path=r"/contacts\?after=", nth=2, times=2)
    after = client.get(path).ids[-1]

    statuses = [client.get(path, after=after).status for _ in range(5)]
    statuses += [client.get("/teams").status, client.post(path, body()).status]

    assert statuses == [200, 500, 500, 200, 200, 200, 201]
    assert (fault.seen, fault.struck) == (5, 2)
    assert (fault.nth, fault.kind) == (2, "status")


def test_a_fault_may_be_left_to_chance(client: Client, world: World) -> None:
    world.fault("status", times=None, probability=0.5)

    statuses = [client.get("/teams").status for _ in range(40)]

    assert 5 < statuses.count(500) < 35
    world.faults.clear()
    assert client.get("/teams").status == 200


def test_an_unknown_fault_is_an_error(world: World) -> None:
    with pytest.raises(ValueError, match="no fault 'earthquake'"):
        world.fault("earthquake")


def test_the_rate_limit_lets_a_burst_through_and_then_its_rate(
    client: Client, world: World
) -> None:
    now = [100.0]
    world.limit.clock = lambda: now[0]
    world.limit.per_second, world.limit.burst, world.limit.retry_after = 2, 3, 1

    burst = [client.get("/teams") for _ in range(5)]
    now[0] += 1
    later = [client.get("/teams").status for _ in range(3)]

    assert [a.status for a in burst] == [200, 200, 200, 429, 429]
    assert burst[3].headers["Retry-After"] == "1"
    assert later == [200, 200, 429]


def test_latency_is_added_to_every_answer(client: Client, world: World) -> None:
    world.latency = 0.1

    start = time.monotonic()
    client.get("/teams")

    assert time.monotonic() - start >= 0.1
