"""Which calls are repeated, how long they wait, and how a stop ends the wait."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from cfsync.api import Api
from cfsync.errors import (
    Interrupted,
    RateLimited,
    ServerError,
)
from tests.api.calls import CONTACTS, create, page, say
from tests.api.conftest import Fake, Say, Time, client

HTML = Say(b"<!DOCTYPE html><title>Attention Required</title>", kind="text/html", status=403)


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
