"""The walk by `updated_at`, over lists that change or lie while they are read."""

# ruff: noqa: ARG002 -- the lists here take what Api.page takes

from __future__ import annotations

from itertools import count
from random import Random
from typing import Literal

import pytest

from cfsync.api import Unsorted
from cfsync.errors import BadAnswer, NotFound
from cfsync.records import Listing, Page
from tests.api.lists import List, Scripted, ids, newest, page

# by updated_at, newest first


def test_a_quiet_list_costs_one_request():
    listed = List({n: n for n in range(1, 100)})

    assert newest(listed, floor=99) == [Page((), None)]
    assert listed.asked == [None]


def test_it_stops_at_the_first_record_that_is_not_newer():
    listed = List({n: n for n in range(1, 100)})

    pages = newest(listed, floor=70)

    assert ids(pages) == list(range(99, 70, -1))
    assert [p.next for p in pages] == [80, None]
    assert listed.asked == [None, 80]


def test_records_of_the_same_moment_as_the_floor_are_not_newer():
    assert ids(newest(List({1: 5, 2: 6, 3: 6, 4: 7}), floor=6)) == [4]


def test_without_a_floor_it_ends_at_an_end_that_a_repeat_confirms():
    listed = List({n: n for n in range(1, 46)})

    pages = newest(listed)

    assert ids(pages) == list(range(45, 0, -1))
    assert pages[-1].next is None
    assert [p.next for p in pages[:-1]].count(None) == 0
    assert listed.asked == [None, 26, 6, 7]


def test_a_list_of_one_page_needs_no_repeat():
    listed = List({n: n for n in range(1, 6)})

    assert ids(newest(listed)) == [5, 4, 3, 2, 1]
    assert listed.asked == [None]


@pytest.mark.parametrize("size", [20, 40, 41, 60])
def test_a_full_last_page_is_an_end_like_any_other(size: int):
    assert ids(newest(List({n: n for n in range(1, size + 1)}))) == list(range(size, 0, -1))


def test_an_empty_list_by_time_is_one_empty_page():
    assert newest(List({})) == [Page((), None)]


def test_a_cursor_that_moved_to_the_newest_end_is_replaced_by_the_record_before():
    listed = List({n: n for n in range(1, 100)}, then={2: lambda it: it.change(80, 200)})

    pages = newest(listed, floor=50)

    assert ids(pages) == list(range(99, 50, -1))
    assert listed.asked == [None, 80, 81, 60]


@pytest.mark.parametrize("gone", ["404", "empty"])
def test_a_cursor_that_is_gone_is_replaced_by_the_record_before(gone: Literal["404", "empty"]):
    listed = List({n: n for n in range(1, 100)}, then={2: lambda it: it.delete(80)}, gone=gone)

    assert ids(newest(listed, floor=50)) == list(range(99, 50, -1))
    assert listed.asked[:3] == [None, 80, 81]


@pytest.mark.parametrize("gone", ["404", "empty"])
def test_many_cursors_that_are_gone_are_passed_by(gone: Literal["404", "empty"]):
    listed = List(
        {n: n for n in range(1, 100)},
        then={3: lambda it: it.delete(*range(60, 75))},
        gone=gone,
    )

    found = ids(newest(listed, floor=30))

    assert found == list(range(99, 30, -1))
    assert len(listed.asked) < 12


@pytest.mark.parametrize("gone", ["404", "empty"])
def test_a_list_whose_pages_all_went_is_read_from_the_top(gone: Literal["404", "empty"]):
    listed = List(
        {n: n for n in range(1, 100)},
        then={2: lambda it: it.delete(*range(80, 100))},
        gone=gone,
    )

    found = ids(newest(listed, floor=30))

    assert set(range(31, 80)) <= set(found)


@pytest.mark.parametrize("gone", ["404", "empty"])
def test_a_last_cursor_that_is_gone_does_not_end_the_list(gone: Literal["404", "empty"]):
    listed = List({n: n for n in range(1, 31)}, then={2: lambda it: it.delete(11)}, gone=gone)

    pages = newest(listed)

    assert ids(pages) == list(range(30, 0, -1))
    assert pages[-1].next is None


def test_a_list_that_is_refused_altogether_says_so():
    class Gone(List):
        async def page(self, listing: Listing, **_: object) -> Page:  # type: ignore[override]
            self.asked.append(None)
            raise NotFound("not found (404)")

    listed = Gone({})
    with pytest.raises(NotFound):
        newest(listed)
    assert len(listed.asked) == 1

    with pytest.raises(NotFound):
        newest(listed, after=5)
    assert len(listed.asked) == 3


@pytest.mark.parametrize("after", [80, 60])
def test_it_is_resumed_behind_a_record(after: int):
    listed = List({n: n for n in range(1, 100)})

    assert ids(newest(listed, floor=50, after=after)) == list(range(after - 1, 50, -1))


def test_a_resumed_walk_whose_cursor_is_gone_begins_at_the_top():
    listed = List({n: n for n in range(1, 100) if n != 80})

    assert ids(newest(listed, floor=50, after=80)) == [n for n in range(99, 50, -1) if n != 80]


def test_a_resumed_walk_whose_cursor_moved_reads_more_and_misses_nothing():
    listed = List({n: n for n in range(1, 100)} | {60: 200})

    assert ids(newest(listed, floor=50, after=60)) == [n for n in range(99, 50, -1) if n != 60]


def test_a_resumed_walk_confirms_the_end_too():
    listed = List({n: n for n in range(1, 31)})

    pages = newest(listed, after=11)

    assert ids(pages) == list(range(10, 0, -1))
    assert listed.asked == [11, 10]


def test_records_without_a_time_are_read_and_stop_nothing():
    listed = List({n: n for n in range(1, 30)} | {90: None, 91: None})

    assert ids(newest(listed, floor=20)) == [91, 90, *range(29, 20, -1)]
    assert ids(newest(List(dict.fromkeys(range(1, 46))))) == list(range(45, 0, -1))


def test_a_server_that_ignores_the_sort_is_seen():
    class ById(List):
        async def page(self, listing: Listing, *, after: int | None = None, **_: object) -> Page:  # type: ignore[override]
            return await super().page(listing, after=after)

    with pytest.raises(Unsorted, match="contacts/7: not in the order of updated_at"):
        newest(ById({1: 5, 2: 9, 3: 7}), floor=6)


def test_the_same_cursor_twice_is_an_error():
    listed = Scripted(page(1, 2, next=2), page(3, 4, next=4), page(5, 6, next=2))

    with pytest.raises(BadAnswer, match="the cursor 2 came twice"):
        newest(listed)


def test_a_page_that_comes_twice_hides_no_record_of_the_same_moment():
    class Twice(List):
        async def page(self, listing: Listing, *, after: int | None = None, **_: object) -> Page:  # type: ignore[override]
            right = await super().page(listing, after=after, sort="updated_at")
            if len(self.asked) != 2:
                return right
            first = await super().page(listing, sort="updated_at")
            return Page(first.records, right.next)

    pages = newest(Twice({**dict.fromkeys(range(1, 10), 5), 20: 1, 21: 0}, size=3), floor=2)

    assert sorted(ids(pages)) == list(range(1, 10))


def test_a_server_that_ignores_the_cursor_is_given_up():
    listed = Scripted(page(1, 2, 3, next=3))

    with pytest.raises(BadAnswer, match=r"no cursor leads to the end|came twice"):
        newest(listed)

    assert len(listed.asked) < 20


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("gone", ["404", "empty"])
def test_whatever_changes_meanwhile_nothing_that_stays_is_missed(
    seed: int, gone: Literal["404", "empty"]
):
    random, clock = Random(seed), count(1000)
    start = {n: random.randrange(900) for n in range(1, random.randrange(2, 90))}

    def stir(listed: List) -> None:
        for _ in range(random.randrange(4)):
            if listed.stamps:
                chosen = random.choice(listed.asked[-1:] + list(listed.stamps))
                if chosen in listed.stamps and random.random() < 0.5:
                    listed.delete(chosen)
                elif chosen in listed.stamps:
                    listed.change(chosen, next(clock))

    listed = List(start, then=dict.fromkeys(range(2, 9), stir), gone=gone, size=5)
    floor = random.choice([None, 100, 500])

    pages = newest(listed, floor)

    untouched = {n for n, stamp in listed.stamps.items() if stamp == start[n]}
    due = {n for n in untouched if floor is None or start[n] > floor}
    assert due <= set(ids(pages))
    assert pages[-1].next is None
    assert all(p.next is not None for p in pages[:-1])
