"""Every answer that is not the one that was hoped for is a named error."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from cfsync.api import Api, codec
from cfsync.api.retry import Retry
from cfsync.api.transport import MAX_ANSWER
from cfsync.errors import (
    ApiError,
    BadAnswer,
    CfsyncError,
    Forbidden,
    Interrupted,
    NotFound,
    NotJson,
    RateLimited,
    Refused,
    ServerError,
    StateConflict,
    TokenRefused,
    Unreachable,
)
from cfsync.records import Listing
from cfsync.resources import ALL
from tests.api.conftest import Fake, Say, Time, client

CONTACTS = Listing("contacts", 7, 7)
HTML = Say(b"<!DOCTYPE html><title>Attention Required</title>", kind="text/html", status=403)
ONCE = Retry(attempts=1)

Use = Callable[[Api], Awaitable[Any]]


def page(api: Api) -> Awaitable[Any]:
    return api.page(CONTACTS)


def get(api: Api) -> Awaitable[Any]:
    return api.get(ALL["contacts"], 5)


def create(api: Api) -> Awaitable[Any]:
    return api.create(CONTACTS, {"first_name": "Anna"})


def delete(api: Api) -> Awaitable[Any]:
    return api.delete(ALL["contacts"], 5)


def say(body: Any, status: int = 200, kind: str = "application/json") -> Say:
    return Say(body, status=status, kind=kind)


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
    broken = b'[{"id":5,"first_name":"\\ud800","last_name":"\xff","anonymous":"a"},{"id":6}]'

    records = Fake(say(broken)).ask(page).records

    assert [r.id for r in records] == [5, 6]
    assert records[0].values == {
        "id": 5, "workspace_id": 7, "first_name": None, "last_name": None, "anonymous": "a",
    }  # fmt: skip
    assert records[0].noted == ("first_name", "last_name")
    assert records[0].body == (
        '{"id":5,"first_name":"\\ud800","last_name":"\\udcff","anonymous":"a"}'
    )


def test_packed_answers_are_unpacked():
    packed = Say(gzip.compress(b'[{"id":5}]'), headers={"Content-Encoding": "gzip"})

    assert [r.id for r in Fake(packed).ask(page).records] == [5]


@pytest.mark.parametrize(
    "end",
    [b"", b"not gzip" * 1000, gzip.compress(b"more", mtime=0)],
    ids=["nothing", "other", "more"],
)
def test_what_comes_behind_a_packed_answer_is_not_looked_at(end: bytes):
    packed = Say(gzip.compress(b'[{"id":5}]') + end, headers={"Content-Encoding": "gzip"})

    assert [r.id for r in Fake(packed).ask(page).records] == [5]


@pytest.mark.parametrize(
    "body", [gzip.compress(b'[{"id":5}]', mtime=0)[:-4], b"not gzip"], ids=["cut", "other"]
)
def test_a_packed_answer_that_is_broken_is_a_broken_connection(body: bytes):
    broken = Say(body, headers={"Content-Encoding": "gzip"})

    with pytest.raises(Unreachable, match="the connection broke"):
        Fake(broken).ask(page, retry=ONCE)


@pytest.mark.parametrize("kind", ["br", "gzip, gzip", "deflate"])
def test_what_was_not_asked_for_is_not_unpacked(kind: str):
    with pytest.raises(BadAnswer, match="which was not asked for"):
        Fake(Say(b"x", headers={"Content-Encoding": kind})).ask(page)


def gigabyte_packed() -> bytes:
    """A megabyte that unpacks to a gigabyte, if anybody goes so far: one block again and again."""
    packer, megabyte = zlib.compressobj(wbits=31), b" " * 2**20
    first, again = (packer.compress(megabyte) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + 1023 * again


async def endless(request: web.Request) -> web.StreamResponse:
    """A body of 16 GB, for whoever takes it."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 16 * 2**30
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b" " * 2**16)
    return response


@pytest.mark.parametrize("packed", [True, False], ids=["a gigabyte packed", "16 GB"])
def test_an_answer_is_only_read_up_to_a_limit_and_takes_no_more_memory(packed: bool):
    bomb = Say(gigabyte_packed(), headers={"Content-Encoding": "gzip"}) if packed else endless
    tracemalloc.start()

    with pytest.raises(BadAnswer, match="more than 32 MiB"):
        Fake(bomb).ask(page)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * MAX_ANSWER


@pytest.mark.parametrize("what", ["many headers", "a long header", "a long first line"])
def test_a_head_without_end_is_a_broken_connection(what: str):
    lines = {
        "many headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
        "a long header": (b"HTTP/1.1 200 OK\r\nX-More: ", b"and more"),
        "a long first line": (b"HTTP/1.1 200 ", b"and more"),
    }[what]

    async def main() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(lines[0])
            with suppress(ConnectionError):
                while not writer.is_closing():
                    writer.write(lines[1] * 1000)
                    await writer.drain()
            writer.close()

        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with client(f"http://127.0.0.1:{port}/api/v2", retry=ONCE) as api:
                await api.page(CONTACTS)

    tracemalloc.start()
    with pytest.raises(Unreachable, match=r"broke|no whole answer"):
        asyncio.run(main())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MAX_ANSWER


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


def test_a_get_is_repeated_until_it_succeeds():
    time = Time()
    fake = Fake(HTML, say({}, 500), say({}, 429), say(b"[{"), Say([{"id": 5}]))

    found = fake.ask(page, time=time)

    assert [r.id for r in found.records] == [5]
    assert len(fake.seen) == 5
    backoffs = [nap for nap in time.naps if nap >= 0.25]
    assert [0.25 <= nap <= 0.5 * 2**n for n, nap in enumerate(backoffs)] == [True] * 4


def test_in_the_end_the_last_error_is_told():
    fake = Fake(say({}, 500))

    with pytest.raises(ServerError):
        fake.ask(page)

    assert len(fake.seen) == 7


def test_a_get_that_fails_again_and_again_says_so_once():
    fake = Fake(*[say(b"", 503)] * 5, say(b"[]"))

    with capture_logs() as logs:
        fake.ask(lambda api: api.raw("GET", "/teams"))

    told = [log for log in logs if log["log_level"] == "warning"]
    assert [(log["event"], log["why"]) for log in told] == [
        ("request.repeated", "the server failed (503)")
    ]


def test_a_write_is_repeated_after_429_alone():
    limited = Fake(say({}, 429), Say({"id": 5}, status=201))
    failed = Fake(say({}, 503), Say({"id": 5}, status=201))

    assert limited.ask(create).id == 5
    with pytest.raises(ServerError):
        failed.ask(create)

    assert len(failed.seen) == 1


def test_retry_after_is_waited_for():
    time = Time()
    fake = Fake(Say({}, status=429, headers={"Retry-After": "17"}), Say([]))

    fake.ask(page, time=time)

    assert 17.0 <= time.now <= 18.0


def test_a_retry_after_of_an_hour_is_told_at_once():
    time = Time()
    fake = Fake(Say({}, status=429, headers={"Retry-After": "3600"}))

    async def twice(api: Api) -> list[float | None]:
        found = []
        for _ in range(2):
            with pytest.raises(RateLimited) as caught:
                await page(api)
            found.append(caught.value.retry_after)
        return found

    assert fake.ask(twice, time=time) == [3600.0, 3600.0]
    assert len(fake.seen) == 1
    assert time.now == 0.0


def test_stop_ends_a_back_off_at_once():
    stop = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        stop.set()
        await asyncio.Event().wait()

    async def main() -> None:
        async with Fake(say({}, 500)).serving() as url:
            api = client(f"{url}/api/v2", stop=stop)
            api.budget.sleep = sleep
            async with api:
                await page(api)

    with pytest.raises(Interrupted):
        asyncio.run(main())


def test_stop_ends_the_wait_for_the_budget_at_once():
    stop = asyncio.Event()
    fake = Fake(Say([]))

    async def main() -> None:
        async with fake.serving() as url, client(f"{url}/api/v2", stop=stop) as api:
            api.budget.rate_limited(retry_after=30.0)
            api.budget._sleep = lambda _: asyncio.Event().wait()
            wait = asyncio.create_task(page(api))  # type: ignore[arg-type]
            await asyncio.sleep(0)
            stop.set()
            await wait

    with pytest.raises(Interrupted):
        asyncio.run(main())

    assert fake.seen == []


def test_nothing_is_sent_after_stop():
    stop = asyncio.Event()
    stop.set()
    fake = Fake(Say([]))

    with pytest.raises(Interrupted):
        fake.ask(page, stop=stop)

    assert fake.seen == []


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


def test_a_call_that_is_given_up_just_when_its_turn_has_come_leaves_no_place_taken():
    async def main(api: Api) -> int:
        budget = api._sender.budget
        while budget.try_acquire():
            pass
        full = budget._in_flight
        call = asyncio.create_task(api.page(CONTACTS))
        while not budget._waiting:  # noqa: ASYNC110
            await asyncio.sleep(0)
        budget.release()
        while budget._waiting:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # its wait is over, and it does not know yet
        call.cancel()
        await asyncio.wait([call])
        return full - budget._in_flight

    assert Fake().ask(main) == 1
