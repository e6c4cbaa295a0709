"""Which calls are repeated, how long they wait, and how a stop ends the wait."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from cfsync.api import Api
from cfsync.api.filter_results import read_results
from cfsync.errors import (
    Interrupted,
    Later,
    RateLimited,
    ServerError,
)
from cfsync.records import Page
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


def test_a_retry_after_of_minutes_is_told_at_once():
    time = Time()
    fake = Fake(Say({}, status=429, headers={"Retry-After": "240"}))

    async def twice(api: Api) -> list[float | None]:
        found = []
        for _ in range(2):
            with pytest.raises(RateLimited) as caught:
                await page(api)
            found.append(caught.value.retry_after)
        return found

    assert fake.ask(twice, time=time) == [240.0, 240.0]
    assert len(fake.seen) == 1
    assert time.now == 0.0


def test_the_limit_of_filtered_reads_holds_no_other_call_up():
    time = Time()
    fake = Fake(Say({}, status=429, headers={"Retry-After": "240"}), Say([]))

    async def both(api: Api) -> float:
        with pytest.raises(RateLimited):
            await read_results(api, 7, None, 10)
        left = api.budget.pause_left
        await page(api)
        return left

    assert fake.ask(both, time=time) == 0.0
    assert time.now == 0.0


@pytest.mark.parametrize("named", ["999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
@pytest.mark.parametrize(("status", "bound"), [(429, 300.0), (503, 900.0), (423, 900.0)])
def test_no_wait_that_the_server_names_is_endless(status: int, bound: float, named: str):
    """After it, the next request tries."""
    time = Time()
    fake = Fake(Say({}, status=status, headers={"Retry-After": named}), Say([{"id": 5}]))

    async def meet_and_try(api: Api) -> Page:
        with pytest.raises(Later) as caught:
            await page(api)
        assert caught.value.retry_after == bound
        time.now += bound
        return await page(api)

    assert [r.id for r in fake.ask(meet_and_try, time=time).records] == [5]
    assert time.now < bound + 1.0


def test_the_longest_waits_are_settings():
    settings = {"longest_rate_limit_wait": 0.5, "longest_outage_wait": 0.25}
    fake = Fake(*[Say({}, status=s, headers={"Retry-After": "86400"}) for s in (429, 503)], Say([]))
    time = Time()

    fake.ask(page, time=time, settings=settings)

    assert 0.75 <= time.now <= 0.75 + 2 * 0.5


def test_a_long_pause_is_said_when_it_begins_and_when_it_ends():
    time = Time()
    fake = Fake(Say({}, status=429, headers={"Retry-After": "30"}), Say([]))

    async def three(api: Api) -> None:
        await asyncio.gather(*(page(api) for _ in range(3)))

    with capture_logs() as logs:
        fake.ask(three, time=time)

    told = [log for log in logs if log["event"].startswith("requests.")]
    assert [log["event"] for log in told] == ["requests.paused", "requests.resumed"]
    assert told[0]["seconds"] == 30


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
