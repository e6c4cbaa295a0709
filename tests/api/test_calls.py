"""What a call puts on the wire, and what it makes of a good answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import structlog

from cfsync import __version__
from cfsync.api import Api, Priority
from cfsync.config import ApiSettings
from cfsync.errors import BadAnswer, Interrupted, SettingsError, UsageError
from cfsync.records import Listing
from cfsync.resources import ALL
from tests.api.conftest import TOKEN, Fake, Say, client

CONTACTS = Listing("contacts", 7, 7)
ANNA = {"id": 5, "public_id": "aBcD", "workspace_id": 7, "first_name": "Anna"}


def test_every_request_carries_the_token_and_who_we_are():
    fake = Fake(Say([]))

    fake.ask(lambda api: api.page(CONTACTS))

    headers = fake.seen[0].headers
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["User-Agent"] == f"cfsync/{__version__}"
    assert headers["Accept"] == "application/json"
    assert headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/api/v2", "/api/v2/", "/clickfunnels/api/v2"])
def test_the_base_url_is_used_as_given(path: str):
    fake = Fake(Say([]))

    async def main() -> None:
        async with fake.serving() as url, client(url + path) as api:
            await api.page(CONTACTS)

    asyncio.run(main())

    assert fake.seen[0].path == path.rstrip("/") + "/workspaces/7/contacts"


def test_without_a_token_nothing_begins():
    with pytest.raises(SettingsError):
        Api(ApiSettings(base_url="http://127.0.0.1/api/v2"))


def test_a_page_asks_for_the_order_and_the_place():
    fake = Fake(Say([]))

    fake.ask(lambda api: api.page(CONTACTS, after=9, sort="updated_at", descending=True))
    fake.ask(lambda api: api.page(CONTACTS))

    assert [seen.query for seen in fake.seen] == [
        {"sort_property": "updated_at", "sort_order": "desc", "after": "9"},
        {},
    ]


def test_a_page_has_records_with_the_ids_of_its_path():
    fake = Fake(Say([{"id": 5}, {"id": 6}], headers={"Pagination-Next": "6"}))

    page = fake.ask(lambda api: api.page(Listing("submissions", 9, 7)))

    assert [r.values for r in page.records] == [
        {"id": 5, "form_id": 9, "workspace_id": 7},
        {"id": 6, "form_id": 9, "workspace_id": 7},
    ]
    assert page.next == 6


def test_filters_arrive_as_they_are():
    fake = Fake(Say([]))
    filters = {"email_address": ["a+b@example.com", "ü&=#%?@example.com"], "id": [1, 2]}

    fake.ask(lambda api: api.page(CONTACTS, filters=filters))

    assert fake.seen[0].query == {
        "filter[email_address]": "a+b@example.com,ü&=#%?@example.com",
        "filter[id]": "1,2",
    }


def test_a_filter_value_with_a_comma_must_stand_alone():
    fake = Fake(Say([]))

    fake.ask(lambda api: api.page(CONTACTS, filters={"email_address": ["a,b@example.com"]}))
    with pytest.raises(ValueError, match="must stand alone"):
        fake.ask(lambda api: api.page(CONTACTS, filters={"email_address": ["a,b", "c"]}))

    assert [seen.query for seen in fake.seen] == [{"filter[email_address]": "a,b@example.com"}]


def test_find_asks_for_twenty_at_a_time_and_for_commas_singly():
    fake = Fake(Say([ANNA]), Say([]))
    emails = [f"{n}@example.com" for n in range(25)]

    found = fake.ask(
        lambda api: api.find(CONTACTS, "email_address", [*emails, "a,b@example.com", emails[0]])
    )

    assert [seen.query["filter[email_address]"].split(",") for seen in fake.seen] == [
        emails[:20],
        emails[20:],
        ["a", "b@example.com"],
    ]
    assert [r.id for r in found] == [5]


def test_find_follows_the_pages():
    fake = Fake(Say([{"id": 5}], headers={"Pagination-Next": "5"}), Say([{"id": 6}]))

    found = fake.ask(lambda api: api.find(CONTACTS, "id", [5, 6]))

    assert [r.id for r in found] == [5, 6]
    assert [seen.query for seen in fake.seen] == [
        {"filter[id]": "5,6"},
        {"filter[id]": "5,6", "after": "5"},
    ]


def test_find_nothing_asks_nothing():
    fake = Fake(Say([]))

    assert fake.ask(lambda api: api.find(CONTACTS, "id", [])) == []
    assert fake.seen == []


@pytest.mark.parametrize("id_", [5, "5", "aBcD"])
def test_get_takes_an_id_or_a_public_id(id_: int | str):
    fake = Fake(Say(ANNA))

    record = fake.ask(lambda api: api.get(ALL["contacts"], id_))

    assert fake.seen[0].path == f"/api/v2/contacts/{id_}"
    assert record.values == ANNA


def test_an_id_cannot_leave_its_place_in_the_path():
    fake = Fake(Say(ANNA | {"public_id": "../x?y"}))

    fake.ask(lambda api: api.get(ALL["contacts"], "../x?y"))

    assert fake.seen[0].path == "/api/v2/contacts/..%2Fx%3Fy"


@pytest.mark.parametrize("id_", ["..", "."])
def test_no_id_leads_upwards(id_: str):
    fake = Fake(Say(ANNA))

    with pytest.raises(UsageError):
        fake.ask(lambda api: api.get(ALL["contacts"], id_))

    assert fake.seen == []


Use = Callable[[Api], Awaitable[Any]]


@pytest.mark.parametrize(
    ("use", "method", "path", "body"),
    [
        (
            lambda api: api.create(CONTACTS, {"first_name": None, "tag_ids": [1]}),
            "POST",
            "/api/v2/workspaces/7/contacts",
            {"contact": {"first_name": None, "tag_ids": [1]}},
        ),
        (
            lambda api: api.update(ALL["contacts"], 5, {"first_name": "Zoë"}),
            "PUT",
            "/api/v2/contacts/5",
            {"contact": {"first_name": "Zoë"}},
        ),
        (
            lambda api: api.upsert(CONTACTS, {"email_address": "a+b@example.com"}),
            "POST",
            "/api/v2/workspaces/7/contacts/upsert",
            {"contact": {"email_address": "a+b@example.com"}},
        ),
    ],
)
def test_a_write_nests_its_values_under_the_records_name(
    use: Use, method: str, path: str, body: Any
):
    fake = Fake(Say(ANNA, status=201))

    fake.ask(use)

    seen = fake.seen[0]
    assert (seen.method, seen.path, seen.json) == (method, path, body)
    assert seen.headers["Content-Type"] == "application/json"


def test_upsert_tells_whether_it_created():
    assert Fake(Say(ANNA, status=201)).ask(lambda api: api.upsert(CONTACTS, {}))[1] is True
    assert Fake(Say(ANNA, status=200)).ask(lambda api: api.upsert(CONTACTS, {}))[1] is False


def test_create_gives_the_record_with_the_ids_of_its_path_and_its_secrets():
    fake = Fake(Say({"id": 8, "webhook_secret": "hush"}, status=201))

    record = fake.ask(lambda api: api.create(Listing("webhook_endpoints", 7, 7), {"name": "n"}))

    assert record.values == {"id": 8, "workspace_id": 7}
    assert record.secrets == {"webhook_secret": "hush"}


@pytest.mark.parametrize("answer", [Say(b"", status=204), Say(b"", status=200), Say(ANNA)])
def test_delete_needs_no_body(answer: Say):
    fake = Fake(answer)

    assert fake.ask(lambda api: api.delete(ALL["contacts"], 5)) is None
    assert (fake.seen[0].method, fake.seen[0].path) == ("DELETE", "/api/v2/contacts/5")


def test_an_action_may_answer_with_the_record_or_without():
    archived = Fake(Say({"id": 5, "archived": True}))
    destroyed = Fake(Say(b"", status=204))

    record = archived.ask(lambda api: api.call_action(ALL["products"], "archive", 5))

    assert record.values == {"id": 5, "archived": True}
    assert destroyed.ask(lambda api: api.call_action(ALL["contacts"], "gdpr_destroy", 5)) is None
    assert (archived.seen[0].method, archived.seen[0].path) == (
        "POST",
        "/api/v2/products/5/archive",
    )
    assert (destroyed.seen[0].method, destroyed.seen[0].path) == (
        "DELETE",
        "/api/v2/contacts/5/gdpr_destroy",
    )


@pytest.mark.parametrize(
    "use",
    [
        lambda api: api.get(ALL["contacts"], 6),
        lambda api: api.get(ALL["contacts"], "eFgH"),
        lambda api: api.update(ALL["contacts"], 6, {}),
        lambda api: api.call_action(ALL["contacts"], "gdpr_destroy", 6),
    ],
)
def test_an_answer_with_another_record_is_an_error(use: Use):
    with pytest.raises(BadAnswer, match="another record \\(5\\)"):
        Fake(Say(ANNA)).ask(use)


def test_raw_gives_what_came():
    fake = Fake(Say({"error": "as it is"}, status=200, headers={"X-Kept": "yes"}))

    answer = fake.ask(
        lambda api: api.raw("post", "/any/path?a=1", query={"b": "x+y", "c": True}, body=[1])
    )

    assert (answer.status, answer.data) == (200, {"error": "as it is"})
    assert answer.headers["x-kept"] == "yes"
    seen = fake.seen[0]
    assert (seen.method, seen.path, seen.json) == ("POST", "/api/v2/any/path", [1])
    assert seen.query == {"a": "1", "b": "x+y", "c": "true"}


@pytest.mark.parametrize(
    "path",
    [
        *("https://evil.example/x", "evil.example", "@evil.example/", "", "/line\nbreak"),
        *(
            "/..",
            "/../admin",
            "/a/../../admin",
            "/./a",
            "/%2e%2e/x",
            "/.%2E/%2e./x",
            "/\0",
            "/a\r\nB: c",
        ),
    ],
)
def test_raw_stays_below_the_base_url(path: str):
    fake = Fake(Say([]))

    with pytest.raises(UsageError):
        fake.ask(lambda api: api.raw("GET", path))

    assert fake.seen == []


def test_lanes_share_one_count():
    async def use(api: Api) -> int:
        await api.with_priority(Priority.PUSH).page(CONTACTS)
        await api.with_priority(Priority.SWEEP).page(CONTACTS)
        return api.requests

    assert Fake(Say([])).ask(use) == 2


def test_a_pass_apart_has_its_own_count_stop_and_watcher():
    class Watching:
        def __init__(self) -> None:
            self.seen: list[object] = []

        def sending(self) -> None:
            self.seen.append("sending")

        def waiting(self, why: str) -> AbstractContextManager[object]:
            self.seen.append(why)
            return nullcontext()

        def answered(self, priority: int, status: int, _seconds: float) -> None:
            self.seen.append((priority, status))

    watching, stop = Watching(), asyncio.Event()

    async def use(api: Api) -> tuple[int, int]:
        apart = api.with_priority(Priority.SWEEP).for_pass(stop=stop, watcher=watching)
        await apart.page(CONTACTS)
        stop.set()
        with pytest.raises(Interrupted):
            await apart.page(CONTACTS)
        await api.page(CONTACTS)
        return api.requests, apart.requests

    assert Fake(Say({}, status=500), Say([])).ask(use) == (1, 2)
    assert watching.seen == ["sending", (4, 500), "back-off", "sending", (4, 200)]


def test_the_log_has_the_route_and_no_person():
    with structlog.testing.capture_logs() as lines:
        fake = Fake(Say([ANNA]))
        fake.ask(lambda api: api.page(CONTACTS, filters={"email_address": ["a@example.com"]}))

    assert lines == [
        {
            "event": "request.done",
            "log_level": "debug",
            "method": "GET",
            "route": "/workspaces/{parent}/contacts",
            "status": 200,
            "ms": 0,
        }
    ]
