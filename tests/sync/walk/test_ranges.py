"""Ranges of ids: whatever is halved when, every id is walked once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cfsync.sync.walk.ranges import Range, Ranges


def walk(ids: list[int], order: list[int], walkers: int, page: int = 20) -> list[int]:
    """A list with these ids, walked by so many walkers who take turns as `order` says."""
    ranges = Ranges([Range(0, 0, None)], end=max(ids, default=0))
    busy: list[Range] = []
    seen: list[int] = []
    turn = 0
    while True:
        while len(busy) < walkers and (taken := ranges.take()[0]):
            busy.append(taken)
        if not busy:
            return seen
        range_ = busy[order[turn % len(order)] % len(busy)] if order else busy[0]
        turn += 1
        behind = [i for i in ids if i > range_.cursor][:page]
        inside = [i for i in behind if range_.upper is None or i <= range_.upper]
        ended = len(inside) < page or (range_.upper is not None and inside[-1] >= range_.upper)
        seen += inside
        ranges.advance(range_, inside, done=ended)
        if ended:
            busy.remove(range_)


@given(
    st.lists(st.integers(1, 5_000), unique=True).map(sorted),
    st.lists(st.integers(0, 15), max_size=30),
    st.integers(1, 8),
)
def test_every_id_is_walked_exactly_once(ids: list[int], order: list[int], walkers: int) -> None:
    assert sorted(walk(ids, order, walkers, page=3)) == ids


def test_nothing_is_halved_before_it_is_known_how_dense_the_ids_are() -> None:
    ranges = Ranges([Range(0, 0, None)], end=1_000_000)
    first, _ = ranges.take()

    assert first is not None
    assert ranges.take() == (None, None)


def test_an_idle_walker_takes_the_far_half_of_the_longest_range() -> None:
    ranges = Ranges([Range(0, 0, None)], end=10_000)
    first, _ = ranges.take()
    assert first is not None
    ranges.advance(first, list(range(1, 21)), done=False)

    second, halved = ranges.take()
    assert halved is first
    assert second is not None
    assert (first.upper, second.cursor, second.upper) == (5010, 5010, None)

    third, halved = ranges.take()
    assert halved is first
    assert third is not None
    assert (first.upper, third.cursor, third.upper) == (2515, 2515, 5010)


def test_what_is_nearly_walked_is_not_halved() -> None:
    ranges = Ranges([Range(0, 0, None)], end=100)
    first, _ = ranges.take()
    assert first is not None
    ranges.advance(first, list(range(1, 22)), done=False)

    assert ranges.take() == (None, None)


def test_the_fraction_goes_from_the_first_id_to_the_last() -> None:
    ranges = Ranges([Range(0, 0, None)], end=2_000)
    first, _ = ranges.take()
    assert first is not None
    ranges.advance(first, [1_001, 1_500], done=False)

    assert 0.45 < ranges.fraction < 0.55
    ranges.advance(first, [2_000], done=True)
    assert ranges.fraction == 1.0
