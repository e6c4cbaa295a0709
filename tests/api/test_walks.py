"""The walks by id and in the server's own order, over lists that change or lie."""

# ruff: noqa: ARG002 -- the lists here take what Api.page takes

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

import pytest

from cfsync.api import walk_as_listed, walk_by_id, walk_whole
from cfsync.errors import BadAnswer
from cfsync.records import Listing, Page
from tests.api.lists import CONTACTS, List, Scripted, ids, page, read

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
