"""Who is next: the best priority, and a guaranteed share for everybody."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection

import pytest

from cfsync.api.turns import MOST, PLACE, SHARES, Priority, Turns
from tests.api.test_budget import Clock, budget

PUSH, EVENTS, PULL, BACKFILL, SWEEP = Priority


def handed_out(turns: Turns, places: int, waiting: Collection[Priority]) -> Counter[int]:
    """How many each of those gets who always want one more."""
    found: Counter[int] = Counter()
    for _ in range(places):
        one = turns.next(waiting)
        turns.took(one)
        found[one] += 1
    return found


@pytest.mark.parametrize(
    ("waiting", "shares"),
    [
        ([PUSH], [100]),
        ([SWEEP], [100]),
        ([PUSH, PULL], [90, 10]),
        ([PUSH, SWEEP], [95, 5]),
        ([EVENTS, PULL], [90, 10]),
        ([PULL, BACKFILL], [95, 5]),
        ([PULL, BACKFILL, SWEEP], [90, 5, 5]),
        (list(Priority), [70, 10, 10, 5, 5]),
    ],
)
def test_each_gets_its_share_and_the_best_priority_the_rest(
    waiting: list[Priority], shares: list[int]
):
    found = handed_out(Turns(), 2000, waiting)

    expected = [20 * share for share in shares]
    assert [found[one] for one in waiting] == pytest.approx(expected, abs=5)


def test_an_idle_lane_saves_up_a_place_and_no_more():
    turns = Turns()
    handed_out(turns, 10_000, [PUSH])

    places = [handed_out(turns, 10, [PUSH, PULL])[PULL] for _ in range(10)]

    assert places[0] <= MOST / PLACE + 1
    assert sum(places) <= 11


def test_a_lane_that_sends_one_request_after_the_other_gets_its_share_too():
    """While its request is under way it does not wait, and its share goes on."""
    turns, found = Turns(), Counter[int]()
    for n in range(2000):
        one = turns.next([PUSH, PULL] if n % 7 == 0 else [PUSH])
        turns.took(one)
        found[one] += 1

    assert found[PULL] >= 0.08 * 2000


def test_what_is_due_to_one_is_never_more_than_a_few_turns_away():
    turns, since, longest = Turns(), Counter[int](), Counter[int]()
    for _ in range(5000):
        one = turns.next(list(Priority))
        turns.took(one)
        since = Counter({p: since[p] + 1 for p in Priority})
        longest[one], since[one] = max(longest[one], since[one]), 0

    assert all(longest[p] <= PLACE / share + len(SHARES) for p, share in SHARES.items())


def test_the_free_places_agree_with_who_is_next():
    """Whoever sees a free place behind a crowd of edits gets the next one."""

    async def main() -> list[tuple[int, bool]]:
        gate, took, found = budget(Clock(), concurrency=1), list[int](), []

        async def wait(priority: int) -> None:
            await gate.acquire(priority)
            took.append(priority)

        assert gate.try_acquire()
        edits = [asyncio.create_task(wait(PUSH)) for _ in range(50)]
        for n in range(1, 46):
            await asyncio.sleep(0)
            free = gate.free_places(PULL)
            pull = asyncio.create_task(wait(PULL))
            await asyncio.sleep(0)
            gate.release()
            while len(took) < n:  # noqa: ASYNC110
                await asyncio.sleep(0)
            found.append((free, took[-1] == PULL))
            pull.cancel()
            await asyncio.wait([pull])
        for edit in edits:
            edit.cancel()
        return found

    found = asyncio.run(main())

    assert sum(free for free, _ in found) == 4
    assert all((free == 1) == is_next for free, is_next in found)
