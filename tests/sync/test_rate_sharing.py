"""Processes on one mirror use the account's rate limit as one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cfsync.api.rate import Rate
from cfsync.mirror.db import clock as database_clock
from cfsync.mirror.db.engine import Mirror
from cfsync.sync.rate_sharing import REPORT_S, Sharing
from tests.conftest import Clock
from tests.load import Load, TokenBucket

STEP_S = 0.02


class SimulatedClock(Clock):
    """A clock that goes on only where a test says so."""

    def __call__(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """PostgreSQL goes by it too: how long ago a limit was learned decides when it is tried again,
    and must not depend on how fast the machine is that plays a minute.
    """
    monkeypatch.setattr(database_clock, "now", lambda tx: tx.now)
    return SimulatedClock()


class Processes:
    """Each sends as much as it may while it is busy, and has its turn of sharing once a second.
    The clock of their database goes with theirs.
    """

    def __init__(self, mirror: Mirror, *, burst: float = 10.0) -> None:
        self.mirror, self.server, self.now = mirror, TokenBucket(50.0, burst), 0.0
        assert isinstance(mirror.clock, SimulatedClock)
        self.clock = mirror.clock
        self.loads: list[Load] = []
        self.sharing: list[Sharing] = []

    @classmethod
    async def that_learned(cls, mirror: Mirror, *, others: int, burst: float = 10.0) -> Processes:
        """One that knows the limit, and others that come to it."""
        them = cls(mirror, burst=burst)
        await them.start()
        await them.run(20.0, busy=1)
        await them.start(others)
        return them

    async def start(self, count: int = 1) -> None:
        for _ in range(count):
            load = Load(Rate(ceiling=1000.0), self.server)
            load.now = self.now
            sharing = Sharing(load.rate, self.mirror, clock=lambda: self.now)
            await sharing.begin()
            self.loads.append(load)
            self.sharing.append(sharing)

    async def end(self) -> None:
        """The last one ends."""
        self.loads.pop()
        await self.sharing.pop().end()

    async def run(self, seconds: float, *, busy: int) -> None:
        """The first `busy` of them send, the others run idle."""
        until = self.now + seconds
        while self.now < until:
            turn = int(self.now + STEP_S) > int(self.now)
            self.now += STEP_S
            self.clock.go_on(STEP_S)
            for i, load in enumerate(self.loads):
                if i < busy:
                    load.run(self.now)
                load.now = max(load.now, self.now)
            if turn:
                for sharing in self.sharing:
                    await sharing.turn()

    async def measure(self, seconds: float, *, busy: int) -> tuple[list[int], int, int]:
        """How many each sent, and how many passed and were refused, in so many seconds."""
        sent, refused, passed = self._sent(), self._refused(), self.server.passed
        await self.run(seconds, busy=busy)
        each = [after - before for after, before in zip(self._sent(), sent, strict=True)]
        return each, self.server.passed - passed, self._refused() - refused

    def _sent(self) -> list[int]:
        return [len(load.sent) for load in self.loads]

    def _refused(self) -> int:
        return sum(len(load.refused) for load in self.loads)


@pytest.fixture
def uses(sql: Callable[..., list[tuple[Any, ...]]]) -> Callable[[], int]:
    return lambda: sql("SELECT count(*) FROM cf_budget WHERE kind LIKE 'use/%'")[0][0]


@pytest.mark.parametrize("burst", [10.0, 50.0])
@pytest.mark.parametrize("busy", [2, 3])
def test_processes_that_come_to_a_learned_limit_take_equal_parts_of_it(
    mirror: Mirror, busy: int, burst: float
) -> None:
    async def main() -> None:
        # all are busy but one
        all_ = await Processes.that_learned(mirror, others=busy, burst=burst)
        await all_.run(45.0, busy=busy)

        each, passed, refused = await all_.measure(30.0, busy=busy)

        assert passed >= 0.92 * 50 * 30
        assert refused < 0.01 * sum(each)
        assert min(each[:busy]) > 0.9 * max(each)

    asyncio.run(main())


@pytest.mark.parametrize("burst", [10.0, 50.0])
def test_processes_that_begin_together_learn_one_limit(mirror: Mirror, burst: float) -> None:
    async def main() -> None:
        all_ = Processes(mirror, burst=burst)
        await all_.start(3)
        await all_.run(60.0, busy=3)

        each, passed, refused = await all_.measure(30.0, busy=3)

        assert passed >= 0.88 * 50 * 30
        assert refused < 0.01 * sum(each)
        assert min(each) > 0.9 * max(each)
        assert len({load.rate.state()["learned"] for load in all_.loads}) == 1

    asyncio.run(main())


@pytest.mark.parametrize("burst", [10.0, 50.0])
def test_one_that_ends_leaves_all_of_the_limit_to_the_other(mirror: Mirror, burst: float) -> None:
    async def main() -> None:
        both = await Processes.that_learned(mirror, others=1, burst=burst)
        await both.run(20.0, busy=2)
        await both.end()
        await both.run(2.0, busy=1)

        _, passed, _ = await both.measure(5.0, busy=1)

        assert passed >= 0.9 * 50 * 5

    asyncio.run(main())


def test_what_was_learned_is_handed_on(mirror: Mirror, uses: Callable[[], int]) -> None:
    async def main() -> Rate:
        first = Processes(mirror)
        await first.start()
        await first.run(20.0, busy=1)
        assert uses() == 1
        await first.end()
        assert uses() == 0
        second = Processes(mirror)
        await second.start()
        return second.loads[0].rate

    assert asyncio.run(main()).per_second == pytest.approx(50.0, rel=0.1)


def test_a_fall_of_one_is_a_fall_of_all(mirror: Mirror) -> None:
    async def main() -> list[float]:
        both = await Processes.that_learned(mirror, others=1)
        both.server.per_second = 20.0
        await both.run(20.0, busy=1)
        await both.run(1.0, busy=0)
        return [load.rate.state()["learned"] for load in both.loads]

    busy, idle = asyncio.run(main())

    assert busy == idle == pytest.approx(20.0, rel=0.2)


class Meanwhile:
    """A mirror that takes its time: something happens during each transaction."""

    def __init__(self, mirror: Mirror, happens: Callable[[], object]) -> None:
        self.mirror, self.happens = mirror, happens

    async def write(self, *args: Any) -> Any:
        found = await self.mirror.write(*args)
        self.happens()
        return found

    async def read(self, *args: Any) -> Any:
        found = await self.mirror.read(*args)
        self.happens()
        return found


def test_a_fall_while_it_is_said_is_not_undone(mirror: Mirror) -> None:
    async def main() -> tuple[float, float]:
        one = Processes(mirror)
        await one.start()
        await one.run(20.0, busy=1)
        (load,), (sharing,) = one.loads, one.sharing
        before = load.rate.state()["rate"]
        sharing._mirror = Meanwhile(mirror, lambda: load.rate.limited(one.now))  # type: ignore[assignment]
        await sharing.turn()
        return before, load.rate.state()["rate"]

    before, after = asyncio.run(main())

    assert after < 0.95 * before


def test_one_that_was_killed_is_forgotten(
    mirror: Mirror, sql: Callable[..., Any], uses: Callable[[], int]
) -> None:
    async def main() -> tuple[float, float]:
        both = Processes(mirror)
        await both.start(2)
        await both.run(20.0, busy=2)
        both.sharing.pop()
        both.loads.pop()
        await both.run(2.0, busy=1)
        before = both.loads[0].rate.per_second
        sql("UPDATE cf_budget SET updated_at = '2000-01-01T00:00:00.000Z' WHERE kind LIKE 'use/%'")
        await both.run(REPORT_S + 1.0, busy=1)
        return before, both.loads[0].rate.per_second

    before, after = asyncio.run(main())

    assert after > 1.7 * before
    assert uses() == 1


def test_one_that_lives_is_not_forgotten_nor_one_that_died_remembered(
    mirror: Mirror, clock: Clock, uses: Callable[[], int]
) -> None:
    """Also where the clock is set back an hour."""

    async def main() -> tuple[list[int], list[int]]:
        all_ = Processes(mirror)
        await all_.start(3)
        await all_.run(90.0, busy=0)
        living = [uses(), len(all_.loads[0].rate._others)]
        all_.sharing.pop()  # killed
        all_.loads.pop()
        clock.go_on(-3600.0)
        await all_.run(60.0, busy=0)
        return living, [uses(), len(all_.loads[0].rate._others)]

    living, left = asyncio.run(main())

    assert living == [3, 2]
    assert left == [2, 1]


def test_a_pause_of_one_is_a_pause_of_all_and_of_the_next(
    mirror: Mirror, sql: Callable[..., Any]
) -> None:
    async def main() -> tuple[list[float], float]:
        both = await Processes.that_learned(mirror, others=1)
        both.loads[0].rate.limited(both.now, retry_after=240.0)
        for sharing in both.sharing * 2:
            await sharing.turn()
        left = [load.rate.delay(both.now) for load in both.loads]
        next_ = Processes(mirror)
        await next_.start()
        sql("UPDATE cf_budget SET updated_at = '2000-01-01T00:00:00.000Z' WHERE kind = 'pause'")
        later = Processes(mirror)
        await later.start()
        assert later.loads[0].rate.delay(0.0) == 0.0
        return left, next_.loads[0].rate.delay(0.0)

    left, next_left = asyncio.run(main())

    assert [*left, next_left] == pytest.approx([240.0] * 3, abs=60.0)
    assert max(*left, next_left) <= 240.0


def test_one_that_says_nothing_new_leaves_what_another_has_learned(mirror: Mirror) -> None:
    async def main() -> list[float]:
        both = await Processes.that_learned(mirror, others=1)
        both.sharing[0]._rate._learned = 60.0
        await both.sharing[0].turn()
        both.now += REPORT_S
        both.clock.go_on(REPORT_S)
        await both.sharing[1].turn()
        await both.sharing[1].end()
        await both.sharing[0].turn()
        return [load.rate.state()["learned"] for load in both.loads]

    assert asyncio.run(main()) == [60.0, 60.0]
