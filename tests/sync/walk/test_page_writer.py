"""Pages are written in the order in which they came, and none after one that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cfsync.config import load
from cfsync.errors import MirrorError
from cfsync.mirror.incoming.reading import Reading
from cfsync.records import Page
from cfsync.resources import RESOURCES
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from cfsync.sync.walk.page_writer import MOST_PAGES, PageWrite, PageWriter, page_writer

CONTACTS = RESOURCES["contacts"]


class Landings:
    """A mirror that only notes which pages come, and how many in each transaction; `before(n)` is
    waited for in transaction n.
    """

    def __init__(self, before: Callable[[int], Awaitable[object]]) -> None:
        self.pages: list[int] = []
        self.sizes: list[int] = []
        self._before = before
        self._transactions = 0

    async def write(self, _: object, batch: Sequence[PageWrite]) -> Any:
        self._transactions += 1
        await self._before(self._transactions)
        self.pages += [page.reading.rev_before for page in batch]
        self.sizes.append(len(batch))
        return []


def writer_of(landings: Landings) -> Any:
    environ = {"CFSYNC_API__BASE_URL": "http://127.0.0.1/api/v2", "CFSYNC_API__TOKEN": "t"}
    context = SimpleNamespace(mirror=landings, settings=load(environ=environ))
    return page_writer(cast("Context", context), Report("backfill"))


async def hand_over(writer: PageWriter, page: int) -> None:
    reading = Reading(CONTACTS, "backfill", page, "", "clickfunnels")
    await writer.put(reading, Page((), None), lambda _: ())


def hand_over_each(
    landings: Landings, pages: int, afterwards: Callable[[PageWriter], Awaitable[object]]
) -> None:
    """One page after the other, and something after each."""

    async def main() -> None:
        async with writer_of(landings) as writer:
            for page in range(pages):
                await hand_over(writer, page)
                await afterwards(writer)

    asyncio.run(main())


async def fill(writer: PageWriter) -> None:
    """One page under way, and as many waiting as may."""
    await hand_over(writer, 0)
    await asyncio.sleep(0)
    for page in range(1, MOST_PAGES + 1):
        await hand_over(writer, page)


def test_a_page_that_has_to_wait_is_not_overtaken() -> None:
    """Else the place of a halved range could be saved before the pages that lead up to it."""
    waiting, landed = asyncio.Event(), asyncio.Event()

    async def first_waits(transaction: int) -> None:
        if transaction == 1:
            await waiting.wait()
            landed.set()

    async def comes_when_there_is_room(writer: PageWriter) -> None:
        await landed.wait()
        await hand_over(writer, MOST_PAGES + 2)

    landings = Landings(first_waits)

    async def main() -> None:
        async with writer_of(landings) as writer, asyncio.TaskGroup() as walkers:
            await fill(writer)
            walkers.create_task(hand_over(writer, MOST_PAGES + 1))
            walkers.create_task(comes_when_there_is_room(writer))
            await asyncio.sleep(0)
            waiting.set()

    asyncio.run(main())

    assert landings.pages == list(range(MOST_PAGES + 3))


def test_nothing_lands_behind_a_page_that_failed() -> None:
    """Else the place behind it would be saved, and its records never be read again."""
    waiting = asyncio.Event()

    async def first_fails(transaction: int) -> None:
        if transaction == 1:
            await waiting.wait()
            raise MirrorError("no room on the disk")

    landings = Landings(first_fails)

    async def main() -> None:
        async with writer_of(landings) as writer:
            await fill(writer)
            late = asyncio.create_task(hand_over(writer, MOST_PAGES + 1))
            await asyncio.sleep(0)
            waiting.set()
            with suppress(MirrorError):
                await late

    with pytest.raises(MirrorError):
        asyncio.run(main())

    assert landings.pages == []


def test_no_more_pages_wait_than_may() -> None:
    """However many walkers there are: memory is bounded by the queue and one page for each."""
    waiting, handed = asyncio.Event(), list[int]()

    async def main() -> int:
        async with writer_of(Landings(lambda _: waiting.wait())) as writer:

            async def walker(page: int) -> None:
                await hand_over(writer, page)
                handed.append(page)

            tasks = [asyncio.create_task(walker(page)) for page in range(3 * MOST_PAGES)]
            for _ in range(100):
                await asyncio.sleep(0)
            before = len(handed)
            waiting.set()
            await asyncio.gather(*tasks)
            return before

    assert asyncio.run(main()) <= MOST_PAGES + 1
    assert handed == list(range(3 * MOST_PAGES))


@pytest.mark.parametrize(("page_s", "most"), [(0.0001, MOST_PAGES), (0.01, 5), (0.2, 1)])
def test_so_many_pages_go_together_as_the_lock_may_be_held(
    monkeypatch: pytest.MonkeyPatch, page_s: float, most: int
) -> None:
    now = 0.0

    class Slow(Landings):
        async def write(self, _: object, batch: Sequence[PageWrite]) -> Any:
            nonlocal now
            now += page_s * len(batch)
            return await super().write(_, batch)

    monkeypatch.setattr(
        "cfsync.sync.walk.page_writer.time", SimpleNamespace(perf_counter=lambda: now)
    )
    landings = Slow(lambda _: asyncio.sleep(0))
    hand_over_each(landings, 10 * MOST_PAGES, lambda _: asyncio.sleep(0))

    assert max(landings.sizes) == most


def test_pages_that_come_slowly_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a rate limit there is never more than one page there, and a transaction for each would
    cost more than what it writes.
    """
    monkeypatch.setattr("cfsync.sync.walk.page_writer.LINGER_S", 3600)
    landings = Landings(lambda _: asyncio.sleep(0))

    async def a_while(_: PageWriter) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    hand_over_each(landings, 7, a_while)

    assert landings.sizes == [1, 2, 4], "as many as may be together so early"
    assert landings.pages == list(range(7))


def test_a_page_waits_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cfsync.sync.walk.page_writer.LINGER_S", 0.001)
    landed = asyncio.Event()

    async def second(transaction: int) -> None:
        if transaction == 2:
            landed.set()

    async def main() -> None:
        async with writer_of(Landings(second)) as writer:
            await hand_over(writer, 0)
            await writer.drained()
            await hand_over(writer, 1)
            await landed.wait()  # nobody else comes, and nobody asks

    asyncio.run(main())


def test_nobody_waits_for_pages_that_might_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants to know that all is in the mirror is told as soon as it is."""
    monkeypatch.setattr("cfsync.sync.walk.page_writer.LINGER_S", 3600)
    landings = Landings(lambda _: asyncio.sleep(0))
    hand_over_each(landings, 3, PageWriter.drained)

    assert landings.sizes == [1, 1, 1]
