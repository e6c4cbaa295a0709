"""Every answer that is not the one that was hoped for is a named error."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import pytest
from aiohttp import web

from cfsync.api import codec
from cfsync.errors import (
    ApiError,
    BadAnswer,
    CfsyncError,
    Forbidden,
    NotFound,
    NotJson,
    RateLimited,
    Refused,
    ServerError,
    StateConflict,
    TokenRefused,
    Unreachable,
)
from tests.api.calls import CONTACTS, ONCE, Use, create, delete, get, page, say
from tests.api.conftest import Fake, Say, client

HTML = Say(b"<!DOCTYPE html><title>Attention Required</title>", kind="text/html", status=403)


@pytest.mark.parametrize("use", [page, get, create, delete])
@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (say({"error": "API key missing or invalid"}, 401), TokenRefused, "refuses the token"),
        (say(b"<html>", 401, "text/html"), TokenRefused, "refuses the token"),
        (say({"error": "no"}, 403), Forbidden, "not allowed for this token (403)"),
        (HTML, NotJson, "ClickFunnels' CDN answered with an HTML page (403)"),
        (
            say(b"<html>", 200, "text/html"),
            NotJson,
            "answered with an HTML page (200): is api.base_url the API's?",
        ),
        (
            say(b"<html>", 200),
            NotJson,
            "answered with an HTML page (200): is api.base_url the API's?",
        ),
        (
            say(b"<html>", 404, "text/html"),
            NotJson,
            "answered with an HTML page (404): is api.base_url the API's?",
        ),
        (say(b"", 404), NotJson, "an empty body (404)"),
        (say({"error": "Not found: Record missing"}, 404), NotFound, "not found (404)"),
        (say({"error": "already"}, 409), StateConflict, "its state does not allow that (409)"),
        (say({"error": "bad"}, 400), Refused, "refused (400)"),
        (say({"errors": {"name": ["is bad"]}}, 422), Refused, "refused (422)"),
        (say({"error": "x"}, 405), Refused, "refused (405)"),
        (say({"error": "too many"}, 429), RateLimited, "rate limit reached (429)"),
        (say(b"<html>", 429, "text/html"), RateLimited, "rate limit reached (429)"),
        (say({"error": "oops"}, 500), ServerError, "the server failed (500)"),
        (say(b"<html>", 503, "text/html"), ServerError, "the server failed (503)"),
        (say(b"", 522), ServerError, "the server failed (522)"),
        (say(b'[{"id":5,"first_na'), NotJson, "broken JSON (200)"),
        (say(b'{"id":NaN}'), NotJson, "broken JSON (200)"),
        (say(b"[" * 100_000), NotJson, "broken JSON (200)"),
        (say(b'{"id":5}', 200, "text/plain"), NotJson, "answered with 'text/plain' (200)"),
        (say(b"", 302), BadAnswer, "answered with status 302"),
        (say({"error": "sorry"}), BadAnswer, "answered with 'error' and no record (200)"),
        (say({"errors": ["sorry"]}), BadAnswer, "answered with 'errors' and no record (200)"),
    ],
)
def test_what_every_call_makes_of_it(use: Use, answer: Say, kind: type[CfsyncError], text: str):
    with pytest.raises(kind) as caught:
        Fake(answer).ask(use, retry=ONCE)

    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert "sorry" not in str(caught.value)


WRITTEN = {400: Refused, 401: TokenRefused, 403: Forbidden, 404: NotFound, 409: StateConflict}
WRITTEN |= {408: ServerError, 421: ServerError, 423: ServerError, 425: ServerError}
WRITTEN |= {429: RateLimited, 499: ServerError}
"""What a status of a write means; 4xx that are not here: the write is refused."""
READ = WRITTEN | dict.fromkeys((402, 410, 418, 451), Forbidden)
TOO_LARGE = (413, 414, 431)


@pytest.mark.parametrize("status", range(400, 600))
def test_what_each_status_means(status: int):
    headers: dict[str, str] = {}
    for call, table in (("GET /contacts", READ), ("PUT /contacts/5", WRITTEN)):
        kind = ServerError if status >= 500 else table.get(status, Refused)
        page = kind if kind in (TokenRefused, RateLimited, ServerError) else NotJson
        page = Refused if status in TOO_LARGE else page
        for body, expected in ((b'{"error":"no"}', kind), (b"<html>", page), (b"", page)):
            with pytest.raises(CfsyncError) as caught:
                codec.read(call, status, headers, body)
            assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (say({"id": 5}), BadAnswer, "no list"),
        (say(b"5"), BadAnswer, "no list"),
        (say(b"null"), NotJson, "an empty body"),
        (say(b""), NotJson, "an empty body"),
        (say([5]), BadAnswer, "no record"),
        (say([{"id": 5}, {"name": "x"}]), BadAnswer, "a record of contacts without a usable id"),
        (Say([], headers={"Pagination-Next": "soon"}), BadAnswer, "without a usable id"),
        (Say([], headers={"Link": '</x?page=2>; rel="next"'}), BadAnswer, "without a usable id"),
    ],
)
def test_a_list_that_is_none(answer: Say, kind: type[ApiError], text: str):
    with pytest.raises(kind, match=text) as caught:
        Fake(answer).ask(page, retry=ONCE)

    assert caught.value.call == "GET /workspaces/7/contacts"


@pytest.mark.parametrize("use", [get, create])
@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (say(b""), NotJson, "an empty body"),
        (say(b"", 204), NotJson, "an empty body"),
        (say([{"id": 5}]), BadAnswer, "no record"),
        (say(b"true"), BadAnswer, "no record"),
        (say({}), BadAnswer, "without a usable id"),
        (say({"id": "5"}), BadAnswer, "without a usable id"),
        (say(b'{"id":5,"x":' + b"[" * 900 + b"]" * 900 + b"}"), None, ""),
    ],
)
def test_a_record_that_is_none(use: Use, answer: Say, kind: type[ApiError] | None, text: str):
    if kind is None:
        assert Fake(answer).ask(use, retry=ONCE).id == 5
        return
    with pytest.raises(kind, match=text):
        Fake(answer).ask(use, retry=ONCE)


def test_evidence_is_in_the_error():
    with pytest.raises(Refused) as caught:
        Fake(say({"errors": {"email_address": ["has been taken: anna@example.com"]}}, 422)).ask(
            create
        )

    error = caught.value
    assert (error.call, error.status) == ("POST /workspaces/7/contacts", 422)
    assert error.text == "email_address has been taken: anna@example.com"
    assert "anna" not in str(error)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"error": "Not found"}, "Not found"),
        ({"errors": ["a", "b"]}, "a; b"),
        ({"errors": {"name": ["is blank", "is short"], "url": "is bad"}},
         "name is blank; name is short; url is bad"),
        ({"errors": [{"title": "Bad", "code": 7}]}, "title Bad; code 7"),
        ({"error": "two\n  lines\t"}, "two lines"),
        ({"error": "", "errors": None}, "no reason given"),
        ({"message": "else"}, "no reason given"),
        (["plain"], "plain"),
        (None, "no reason given"),
        ({"error": "x" * 1000}, "x" * 500),
    ],
)  # fmt: skip
def test_the_servers_words_are_one_line(data: Any, line: str):
    assert codec.error_text(data) == line


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-7"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "7, 9"}, None),
        ({"retry-after": "9" * 400}, math.inf),
        ({"retry-after": "Sat, 21 May 99999 12:00:00 GMT"}, None),
        (
            {
                "retry-after": "Wed, 21 May 2025 12:00:30 GMT",
                "date": "Wed, 21 May 2025 12:00:00 GMT",
            },
            30.0,
        ),
        (
            {
                "retry-after": "Wed, 21 May 2025 12:00:00 GMT",
                "date": "Wed, 21 May 2025 12:00:30 GMT",
            },
            0.0,
        ),
        ({"retry-after": "Wed, 21 May 2025 12:00:30 GMT"}, 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None):
    assert codec.retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("headers", "following"),
    [
        ({}, None),
        ({"pagination-next": "6"}, 6),
        ({"link": '<https://x.example/api/v2/contacts?after=6>; rel="next"'}, 6),
        ({"link": '<https://x.example/c?sort_order=desc&after=6&x=1>;rel=next'}, 6),
        ({"link": '<https://x.example/c?after=1>; rel="prev", </c?after=6>; rel="next"'}, 6),
        ({"link": '<https://x.example/c?after=1>; rel="prev"'}, None),
        ({"pagination-next": "6", "link": '<https://x.example/c?after=7>; rel="next"'}, 6),
    ],
)  # fmt: skip
def test_the_next_page_begins_behind_an_id(headers: dict[str, str], following: int | None):
    assert codec.next_id("GET /", headers) == following


def test_a_full_page_without_headers_is_not_taken_for_the_last():
    fake = Fake(Say([{"id": n} for n in range(1, 21)]))

    assert fake.ask(page).next == 20


def test_lone_surrogates_and_foreign_bytes_stay_in_their_field():
    broken = b'[{"id":5,"first_name":"\\ud800","last_name":"\xff","uuid":"a"},{"id":6}]'

    records = Fake(say(broken)).ask(page).records

    assert [r.id for r in records] == [5, 6]
    assert records[0].values == {
        "id": 5, "workspace_id": 7, "first_name": None, "last_name": None, "uuid": "a",
    }  # fmt: skip
    assert records[0].noted == ("first_name", "last_name")
    assert records[0].body == ('{"id":5,"first_name":"\\ud800","last_name":"\\udcff","uuid":"a"}')


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
def test_a_redirect_is_not_followed_nor_named(status: int, write: bool):
    there = Fake(Say([]))

    async def main() -> None:
        async with there.serving() as elsewhere:
            away = Say([], status=status, headers={"Location": f"{elsewhere}/stolen"})
            async with Fake(away).serving() as url, client(f"{url}/api/v2") as api:
                await (api.create(CONTACTS, {}) if write else api.page(CONTACTS))

    with pytest.raises(BadAnswer) as caught:
        asyncio.run(main())

    call = "POST" if write else "GET"
    assert str(caught.value) == f"{call} /workspaces/7/contacts: answered with status {status}"
    assert there.seen == []


def test_a_link_to_another_host_is_not_followed():
    there = Fake(Say([]))

    async def main() -> list[str]:
        async with there.serving() as elsewhere:
            link = Say([{"id": 5}], headers={"Link": f'<{elsewhere}/x?after=5>; rel="next"'})
            fake = Fake(link, Say([]))
            async with fake.serving() as url, client(f"{url}/api/v2") as api:
                await api.find(CONTACTS, "email_address", ["a@example.com"])
            return [seen.query.get("after", "") for seen in fake.seen]

    assert asyncio.run(main()) == ["", "5"]
    assert there.seen == []


def test_a_body_that_breaks_off_may_have_acted():
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b'{"id":5')
        assert request.transport is not None
        request.transport.close()
        return response

    fake = Fake(cut)

    with pytest.raises(Unreachable, match="the connection broke") as caught:
        fake.ask(create)

    assert caught.value.sent is True
    assert len(fake.seen) == 1


def test_a_date_without_a_known_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        found = codec.server_time({"date": "Thu, 21 May 2026 12:00:00 -0000"})
    finally:
        monkeypatch.undo()
        time.tzset()

    assert found == "2026-05-21T12:00:00.000Z"
