"""The two walks over a list that changes, or lies, while it is read."""

# ruff: noqa: ARG002 -- the lists here take what Api.page takes

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import count
from random import Random
from typing import Literal

import pytest

from cfsync.api import Unsorted, walk_as_listed, walk_by_id, walk_newest_first, walk_whole
from cfsync.errors import BadAnswer, NotFound
from cfsync.records import Listing, Page, Record

CONTACTS = Listing("contacts", 7, 7)


def at(minute: int) -> str:
    return f"2025-01-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00.000Z"


class List:
    """A list as ClickFunnels serves it: `stamps` is id -> minute of the last change, or None.

    `then`: what happens to it just before request number n (from 1). `gone`: what is answered to
    the cursor of a deleted record in the order of `updated_at`.
    """

    def __init__(
        self,
        stamps: Mapping[int, int | None],
        *,
        then: Mapping[int, Callable[[List], None]] | None = None,
        gone: Literal["404", "empty"] = "404",
        size: int = 20,
        headers: bool = True,
    ) -> None:
        self.stamps = dict(stamps)
        self.then = then or {}
        self.gone = gone
        self.size = size
        self.headers = headers
        self.asked: list[int | None] = []

    def change(self, id_: int, minute: int) -> None:
        self.stamps[id_] = minute

    def delete(self, *ids: int) -> None:
        for id_ in ids:
            del self.stamps[id_]

    async def page(
        self,
        listing: Listing,
        *,
        after: int | None = None,
        sort: Literal["id", "updated_at"] = "id",
        descending: bool = False,
        filters: Mapping[str, Sequence[str | int]] | None = None,
    ) -> Page:
        self.asked.append(after)
        self.then.get(len(self.asked), lambda _: None)(self)
        if sort == "id":
            behind = [n for n in sorted(self.stamps) if n > (after or 0)]
        else:
            order = sorted(self.stamps, key=self._newest_first)
            if after is not None and after not in self.stamps:
                if self.gone == "404":
                    raise NotFound("not found (404)")
                return Page((), None)
            behind = order if after is None else order[order.index(after) + 1 :]
        found = behind[: self.size]
        more = len(behind) > self.size
        return Page(tuple(map(self._record, found)), found[-1] if more else None)

    def _newest_first(self, id_: int) -> tuple[int, int, int]:
        stamp = self.stamps[id_]
        return (0, 0, -id_) if stamp is None else (1, -stamp, -id_)

    def _record(self, id_: int) -> Record:
        stamp = self.stamps[id_]
        return Record("contacts", id_, None if stamp is None else at(stamp), {"id": id_}, "{}")


class Scripted(List):
    """Answers with these pages, whatever is asked."""

    def __init__(self, *pages: Page) -> None:
        super().__init__({})
        self.pages = list(pages)

    async def page(self, listing: Listing, *, after: int | None = None, **_: object) -> Page:  # type: ignore[override]
        self.asked.append(after)
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def page(*ids: int, next: int | None = None) -> Page:  # noqa: A002
    return Page(tuple(Record("contacts", n, at(100 - n), {"id": n}, "{}") for n in ids), next)


def read(pages: AsyncIterator[Page]) -> list[Page]:
    async def main() -> list[Page]:
        return [page async for page in pages]

    return asyncio.run(main())


def ids(pages: list[Page]) -> list[int]:
    return [record.id for page in pages for record in page.records]


def newest(listed: List, floor: int | None = None, after: int | None = None) -> list[Page]:
    floor_text = None if floor is None else at(floor)
    return read(walk_newest_first(listed, CONTACTS, floor=floor_text, after=after))


# by id


def test_a_walk_by_id_reads_everything_once():
    listed = List(dict.fromkeys(range(1, 46), 0))

    pages = read(walk_by_id(listed, CONTACTS))

    assert ids(pages) == list(range(1, 46))
    assert [p.next for p in pages] == [20, 40, None]
    assert listed.asked == [None, 20, 40]


def test_a_walk_by_id_is_resumed_behind_any_integer():
    listed = List(dict.fromkeys(range(2, 100, 2), 0))

    assert ids(read(walk_by_id(listed, CONTACTS, after=51))) == list(range(52, 100, 2))


@pytest.mark.parametrize("upto", [20, 30, 31, 40, 41])
def test_a_range_of_ids_is_cut_off_at_its_end(upto: int):
    listed = List(dict.fromkeys(range(1, 100), 0))

    pages = read(walk_by_id(listed, CONTACTS, after=5, upto=upto))

    assert ids(pages) == list(range(6, upto + 1))
    assert pages[-1].next is None
    assert len(listed.asked) == 1 + (upto > 25)


def test_a_range_that_ends_before_its_last_id_ends_with_the_list():
    assert ids(read(walk_by_id(List({1: 0, 2: 0}), CONTACTS, upto=99))) == [1, 2]


def test_an_empty_list_is_one_empty_page():
    assert read(walk_by_id(List({}), CONTACTS)) == [Page((), None)]


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        ([page(1, 2, next=2), page(3, next=2)], "cursor 2 does not lead on from 2"),
        ([page(1, 2, next=2), page(next=2)], "cursor 2 does not lead on from 2"),
        ([page(1, 2, next=2), page(3, 4, next=1)], "cursor 1 does not lead on from 2"),
        ([page(1, 2, 3, next=2), page(3)], "cursor 2 does not lead on from 0"),
        ([page(1, 2, next=2), page(1, 2, next=2)], "not in the order of ids"),
        ([page(1, 2, next=2), page(2, 3)], "not in the order of ids"),
        ([page(2, 1)], "not in the order of ids"),
        ([page(1, 1)], "not in the order of ids"),
    ],
)
def test_a_list_that_goes_in_circles_is_an_error(pages: list[Page], text: str):
    with pytest.raises(BadAnswer, match=f"contacts/7: .*{text}"):
        read(walk_by_id(Scripted(*pages), CONTACTS))


def test_ids_not_behind_the_place_of_resumption_are_an_error():
    with pytest.raises(BadAnswer, match="not in the order of ids"):
        read(walk_by_id(Scripted(page(5)), CONTACTS, after=5))


# in the server's own order


class OwnOrder(List):
    """Lists its ids as they stand in `stamps`, whatever is asked. `then` as in `List`."""

    def __init__(
        self, *ids: int, then: Mapping[int, Callable[[List], None]] | None = None, size: int = 20
    ) -> None:
        super().__init__(dict.fromkeys(ids, 0), then=then, size=size)

    def change(self, id_: int, minute: int = 0) -> None:
        """The record moves to the end."""
        self.stamps[id_] = self.stamps.pop(id_) + minute

    async def page(self, listing: Listing, *, after: int | None = None, **_: object) -> Page:  # type: ignore[override]
        self.asked.append(after)
        self.then.get(len(self.asked), lambda _: None)(self)
        order = list(self.stamps)
        found = order[0 if after is None else order.index(after) + 1 :][: self.size]
        return page(*found, next=found[-1] if len(found) == self.size else None)


@pytest.mark.parametrize("count", [0, 1, 19, 20, 40, 99])
def test_a_walk_as_listed_reads_everything_once(count: int):
    listed = Random(count).sample(range(1, 1000), count)

    assert ids(read(walk_as_listed(OwnOrder(*listed), CONTACTS))) == listed


def test_a_list_that_descends_is_read_whole():
    listed = list(range(99, 0, -1))

    assert ids(read(walk_as_listed(OwnOrder(*listed), CONTACTS))) == listed


@pytest.mark.parametrize("after", [1, 20])
def test_a_cursor_that_has_moved_to_the_end_is_no_end(after: int):
    """Whether the list ends at it or something has moved behind it."""

    def change(listed: List) -> None:
        listed.change(3, 0)
        if after == 20:
            listed.change(9, 0)

    listed = OwnOrder(5, 3, 9, 1, 7, then={2: change}, size=2)

    with pytest.raises(BadAnswer, match="3 is no longer where it was read"):
        read(walk_as_listed(listed, CONTACTS))


class ById(OwnOrder):
    """Lists its ids as they stand, but `after` stands for the ids above (or below) it."""

    below = False

    async def page(self, listing: Listing, *, after: int | None = None, **_: object) -> Page:  # type: ignore[override]
        order = [
            n for n in self.stamps if after is None or (n < after if self.below else n > after)
        ]
        found = order[: self.size]
        return page(*found, next=found[-1] if len(order) > self.size else None)


class Below(ById):
    below = True


@pytest.mark.parametrize("kind", [ById, Below])
def test_a_cursor_of_another_order_is_no_way(kind: type[ById]):
    listed = Random(1).sample(range(1, 1000), 99)

    with pytest.raises(BadAnswer):
        read(walk_as_listed(kind(*listed), CONTACTS))


@pytest.mark.parametrize(
    "pages",
    [
        [page(3, 1, next=1), page(2, 4, next=1)],
        [page(3, 1, next=1), page(3, 1, next=1)],
        [page(3, 1, next=1), page(1, 2)],
        [page(3, 1, next=1), page(2, 4, next=4), page(6, 5, next=1)],
    ],
)
def test_a_list_in_its_own_order_that_goes_in_circles_is_an_error(pages: list[Page]):
    with pytest.raises(BadAnswer, match="does not lead on"):
        read(walk_as_listed(Scripted(*pages), CONTACTS))


def test_a_whole_walk_goes_by_id_where_it_can():
    """Then it makes no difference that a record goes which is a cursor."""
    listed = List(dict.fromkeys(range(1, 46), 0), then={3: lambda it: it.delete(40)})

    assert ids(read(walk_whole(listed, CONTACTS))) == list(range(1, 46))


def test_a_whole_walk_is_as_listed_where_it_must():
    listed = Random(3).sample(range(1, 1000), 99)

    assert set(ids(read(walk_whole(OwnOrder(*listed), CONTACTS)))) == set(listed)


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
