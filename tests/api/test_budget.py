"""The budget: whose turn it is, and how many requests are in flight."""

from __future__ import annotations

import asyncio

from cfsync.api.budget import Budget
from cfsync.api.rate import Rate
from cfsync.api.window import Window
from cfsync.errors import RateLimited


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def budget(clock: Clock, *, concurrency: int = 16, ceiling: float = 0.0) -> Budget:
    return Budget(
        Rate(ceiling=ceiling),
        concurrency=concurrency,
        clock=clock,
        sleep=clock.sleep,
        max_pause=60.0,
    )


async def drain(gate: Budget, priority: int, done: list[int], name: int) -> None:
    if not gate.try_acquire():
        await gate.acquire(priority)
    done.append(name)
    gate.release()


def test_a_push_goes_before_the_backlog_that_came_first():
    async def main() -> list[int]:
        gate, done = budget(Clock()), list[int]()
        async with asyncio.TaskGroup() as tasks:
            for n in range(50):
                tasks.create_task(drain(gate, 3, done, n))
            await asyncio.sleep(0)
            tasks.create_task(drain(gate, 0, done, 1000))
        return done

    done = asyncio.run(main())

    assert done.index(1000) <= 11
    assert [n for n in done if n != 1000] == list(range(50))


def test_there_is_room_for_those_who_would_not_wait_for_their_like():
    async def main() -> list[int]:
        gate = budget(Clock(), concurrency=3)
        gate.answered(sent=999.0)
        found = [gate.free_places(3)]
        assert gate.try_acquire()
        found.append(gate.free_places(3))
        assert gate.try_acquire()
        assert gate.try_acquire()
        found.append(gate.free_places(3))
        wait = asyncio.create_task(gate.acquire(3))
        await asyncio.sleep(0)
        found += [gate.free_places(priority) for priority in (2, 3, 4)]
        wait.cancel()
        return found

    assert asyncio.run(main()) == [3, 2, 0, 1, 0, 0]


def test_there_is_no_room_where_the_rate_makes_wait():
    gate = budget(Clock(), ceiling=10.0)
    while gate.try_acquire():
        gate.release()

    assert gate.free_places(0) == 0


def test_a_push_waits_less_than_a_second_behind_a_backlog():
    async def main() -> float:
        clock = Clock()
        gate, done = budget(clock), list[int]()
        async with asyncio.TaskGroup() as tasks:
            for n in range(200):
                tasks.create_task(drain(gate, 4, done, n))
            while len(done) < 30:  # noqa: ASYNC110
                await asyncio.sleep(0)
            began = clock.now
            await drain(gate, 0, done, 1000)
            return clock.now - began

    assert asyncio.run(main()) < 1.0


def test_no_more_than_the_concurrency_are_under_way():
    async def main() -> int:
        gate, most, inside = budget(Clock(), concurrency=3), 0, 0
        for _ in range(10):
            gate.answered(sent=999.0)

        async def one() -> None:
            nonlocal most, inside
            if not gate.try_acquire():
                await gate.acquire(0)
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1
            gate.release()

        await asyncio.gather(*(one() for _ in range(20)))
        return most

    assert asyncio.run(main()) == 3


def test_the_connections_are_taken_into_use_one_after_the_other():
    window = Window(16)
    sizes = []
    while window.size < 16:
        sizes.append(window.size)
        for _ in range(window.size):  # one round trip
            window.answered(took=0.1)

    assert sizes == [2, 4, 8]


def test_answers_that_come_at_once_take_few_connections_into_use():
    """A limit of 50 a second is met after 50 requests, by all that are then under way."""
    window = Window(16)
    for _ in range(50):
        window.answered(took=0.005)

    assert window.size == 6


def test_a_server_that_can_not_keep_up_is_asked_half_as_much_at_once_and_later_more():
    window = Window(16)
    for _ in range(100):
        window.answered(took=0.1)

    window.overloaded(sent=1.0, now=2.0)
    window.overloaded(sent=1.5, now=2.1)  # it was under way when the window was halved
    assert window.size == 8

    for _ in range(9):
        window.answered(took=0.1)
    assert window.size == 9


def test_one_request_may_always_be_under_way():
    window = Window(16)

    for second in range(20):
        window.overloaded(sent=second, now=second)

    assert window.size == 1


def test_a_pause_beyond_the_patience_ends_every_wait():
    async def main() -> list[float | None]:
        gate = budget(Clock())
        gate.rate_limited(retry_after=3600.0)
        found = await asyncio.gather(*(gate.acquire(n) for n in range(3)), return_exceptions=True)
        return [e.retry_after for e in found if isinstance(e, RateLimited)]

    assert asyncio.run(main()) == [3600.0, 3600.0, 3600.0]


def test_after_a_pause_one_request_tries_and_the_rest_follow_when_it_succeeds():
    async def main() -> list[int]:
        clock, let_go = Clock(), list[float]()
        gate = budget(clock)
        assert gate.try_acquire()
        gate.rate_limited(retry_after=30.0)
        gate.release()

        async def one() -> None:
            await gate.acquire(0)
            let_go.append(clock.now)

        async def turns() -> int:
            for _ in range(50):
                await asyncio.sleep(0)
            return len(let_go)

        tasks = [asyncio.create_task(one()) for _ in range(5)]
        seen = [await turns()]
        gate.release()
        gate.overloaded(sent=let_go[-1])  # it failed: the next one tries
        seen.append(await turns())
        gate.release()
        gate.answered(sent=let_go[-1])
        for _ in range(3):
            gate.answered(sent=let_go[-1])
        seen.append(await turns())
        await asyncio.gather(*tasks)
        return seen

    assert asyncio.run(main()) == [1, 2, 5]


def test_a_wait_that_is_given_up_takes_no_place():
    async def main() -> bool:
        gate = budget(Clock(), concurrency=1)
        assert gate.try_acquire()
        waits = [asyncio.create_task(gate.acquire(0)) for _ in range(2)]
        await asyncio.sleep(0)
        waits[0].cancel()
        gate.release()
        await waits[1]
        gate.release()
        return gate.try_acquire()

    assert asyncio.run(main())


def test_a_wait_that_is_given_up_just_when_its_turn_has_come_gives_the_place_back():
    async def main() -> bool:
        gate = budget(Clock(), concurrency=1)
        assert gate.try_acquire()
        wait = asyncio.create_task(gate.acquire(0))
        await asyncio.sleep(0)
        gate.release()
        while gate._waiting:  # noqa: ASYNC110
            await asyncio.sleep(0)
        wait.cancel()
        await asyncio.wait([wait])
        return gate.try_acquire()

    assert asyncio.run(main())
