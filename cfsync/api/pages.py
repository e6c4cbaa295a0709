"""Walks over a list, page by page, that check what they are told.

By id for completeness, by `updated_at` for news. Both can be resumed: a page's `next` is the id to
go on behind, and is None only on the last page of a walk that has really ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, Protocol

from cfsync.errors import BadAnswer, NotFound
from cfsync.records import Listing, Page, Record


class Pages(Protocol):
    """What a walk needs of `Api`."""

    async def page(
        self,
        listing: Listing,
        *,
        after: int | None = None,
        sort: Literal["id", "updated_at"] = "id",
        descending: bool = False,
        filters: Mapping[str, Sequence[str | int]] | None = None,
    ) -> Page: ...


class Unsorted(BadAnswer):
    """A list in another order than the one asked for: the server ignores the sort."""


async def walk_by_id(
    api: Pages,
    listing: Listing,
    *,
    after: int | None = None,
    upto: int | None = None,
    filters: Mapping[str, Sequence[str | int]] | None = None,
) -> AsyncIterator[Page]:
    """The pages with ids in (after, upto], ascending. Raises Unsorted on ids that are out of order
    or not behind `after`, also when asked again, and BadAnswer on a cursor that stays or goes back.
    """
    while True:
        page = await _ascending(api, listing, after, filters)
        page = cut(page, upto)
        yield page
        if page.next is None:
            return
        after = page.next


async def _ascending(
    api: Pages,
    listing: Listing,
    after: int | None,
    filters: Mapping[str, Sequence[str | int]] | None,
) -> Page:
    for _ in range(2):
        page = await api.page(listing, after=after, filters=filters)
        ids = [after or 0, *(r.id for r in page.records)]
        if all(a < b for a, b in pairwise(ids)):
            break
    else:
        raise Unsorted(f"{listing}: the page behind {ids[0]} is not in the order of ids")
    if page.next is not None and (page.next <= ids[0] or page.next < ids[-1]):
        raise BadAnswer(f"{listing}: the cursor {page.next} does not lead on from {ids[0]}")
    return page


async def walk_whole(api: Pages, listing: Listing) -> AsyncIterator[Page]:
    """All pages in one line: by id, or as they are listed where the server does not keep to that;
    then some records come twice.
    """
    try:
        async for page in walk_by_id(api, listing):
            yield page
    except Unsorted:
        async for page in walk_as_listed(api, listing):
            yield page


async def walk_as_listed(api: Pages, listing: Listing) -> AsyncIterator[Page]:
    """The pages in whatever order the server has, for one that ignores the order asked for. Raises
    BadAnswer where the way can't be trusted (see `_Way`), and where the last cursor no longer
    stands where it was read: what was behind it may have moved.
    """
    way = _Way(listing)
    while True:
        page = await api.page(listing, after=way.cursor)
        way.take(page)
        if page.next is None and way.cursor is not None:
            again = await api.page(listing, after=way.before)
            way.check_end(again)
        yield page
        if page.next is None:
            return
        way.on(page)


class _Way:
    """Where a walk in the server's own order stands. Pure.

    No cursor may come twice, and no page show what the one before it did. If a cursor were no place
    in that order but stood for all ids above (or below) it, a page would show again what is above
    (below) its cursor on the page before; and a list in another order than that of ids would not be
    read whole. So there must have been ids of both kinds, unless all are in the order of ids.
    """

    def __init__(self, listing: Listing) -> None:
        self.cursor: int | None = None
        self.before: int | None = None  # the record that is listed right before the cursor
        self._listing = listing
        self._used: set[int] = set()
        self._read: list[int] = []
        self._ascends = self._descends = True
        self._above = self._below = False

    def take(self, page: Page) -> None:
        """Raises BadAnswer on a page that leads back."""
        ids = [r.id for r in page.records]
        if set(ids) & set(self._read) or page.next in self._used:
            raise BadAnswer(f"{self._listing}: the cursor {self.cursor} does not lead on")
        steps = list(pairwise([*self._read[-1:], *ids]))
        self._ascends &= all(a < b for a, b in steps)
        self._descends &= all(a > b for a, b in steps)

    def on(self, page: Page) -> None:
        """To the next page."""
        self._read = [r.id for r in page.records]
        pairs = pairwise(self._read)
        self.cursor = page.next
        self.before = next((before for before, id_ in pairs if id_ == page.next), None)
        if page.next is not None:
            self._used.add(page.next)
            self._above |= any(id_ > page.next for id_ in self._read)
            self._below |= any(id_ < page.next for id_ in self._read)

    def check_end(self, again: Page) -> None:
        """`again`: the page behind `before`. Raises BadAnswer unless all was read."""
        if self.before is None or [r.id for r in again.records[:1]] != [self.cursor]:
            raise BadAnswer(f"{self._listing}: {self.cursor} is no longer where it was read")
        if not (self._ascends or self._descends or (self._above and self._below)):
            raise BadAnswer(f"{self._listing}: its cursors follow another order than its pages")


def cut(page: Page, upto: int | None) -> Page:
    """The page without what is behind `upto`; the last one if it reaches so far."""
    if upto is None:
        return page
    records = tuple(r for r in page.records if r.id <= upto)
    ended = page.next is None or page.next >= upto or len(records) < len(page.records)
    return Page(records, None if ended else page.next)


async def walk_newest_first(
    api: Pages, listing: Listing, *, floor: str | None, after: int | None = None
) -> AsyncIterator[Page]:
    """The pages by `updated_at`, newest first, down to the first record that is not newer than
    `floor` (it and what is behind it are cut off), or to the end of the list. `after`: resume
    behind that record. Raises Unsorted, and BadAnswer on a cursor that comes back.
    """
    descent = _Descent(listing, floor, after)
    while not descent.done:
        try:
            page = await api.page(listing, after=descent.cursor, sort="updated_at", descending=True)
        except NotFound:
            if descent.cursor is None:
                raise
            page = _NOTHING  # the cursor's record is gone, or its list is: the next call tells
        if (fresh := descent.take(page)) is not None:
            yield fresh


_NOTHING = Page((), None)
_KEEP = 60
"""Records before the cursor that are remembered, to go back to."""

_STARTS = 3
"""How often a walk begins at the newest end before it gives up."""

_Key = tuple[int, str | None]
"""A record and its `updated_at` as it was read."""


class _Descent:
    """Where a walk by `updated_at` stands. Pure: pages go in, what is new in them comes out.

    The cursor is a record, and the server goes on from where that record stands now. One that was
    changed meanwhile stands at the newest end, so that the walk would begin again; one that was
    deleted stands nowhere, which looks like the end of the list. Then the record before it takes
    its place, and an end is believed only when two cursors have led to it.
    """

    def __init__(self, listing: Listing, floor: str | None, after: int | None) -> None:
        self.cursor = after
        self.done = False
        self._listing = listing
        self._floor = floor
        self._used: set[int] = set()
        self._read: list[_Key] = []  # the last records read, newest first
        self._at = -1  # which of them is the cursor; -1: none of them
        self._seen: list[_Key] = []  # the last records read, in the order of the requests
        self._step = 1
        self._ended = False  # a cursor has led to the end
        self._starts = 1

    def take(self, page: Page) -> Page | None:
        """What is new on the page that was found behind `cursor`, None if nothing is."""
        if self.cursor is None or (page.records and not self._has_moved(page)):
            return self._forward(page)
        self._ended = self._ended or not page.records
        self._back()
        return None

    def _has_moved(self, page: Page) -> bool:
        """Whether the page begins newer than the one before it ended, or shows the record that it
        should be behind, as the page before does.
        """
        if any(r.id == self.cursor for r in page.records):
            return True
        end = self._read[self._at][1] if self._at >= 0 else None
        start = next((r.updated_at for r in page.records if r.updated_at), None)
        return end is not None and start is not None and start > end

    def _forward(self, page: Page) -> Page | None:
        self._check_sorted(page)
        above = self._above_floor(page)
        known = set(self._seen)
        fresh = tuple(r for r in above if (r.id, r.updated_at) not in known)
        self._note([(r.id, r.updated_at) for r in page.records])
        following = page.next
        if len(above) < len(page.records) or self._is_end(page, fresh):
            self.done, following = True, None
        elif following is None:
            self._ended, following = True, page.records[-1].id
            self._back()
        else:
            self._ended = self._ended and not fresh
            self._on(following)
        return Page(fresh, following) if fresh or self.done else None

    def _note(self, keys: list[_Key]) -> None:
        before = self._read[: self._at + 1][-_KEEP:]
        self._read = before + keys
        self._at = len(before) - 1
        self._seen = (self._seen + keys)[-2 * _KEEP :]

    def _check_sorted(self, page: Page) -> None:
        times = [r.updated_at for r in page.records if r.updated_at]
        if any(a < b for a, b in pairwise(times)):
            raise Unsorted(f"{self._listing}: not in the order of updated_at")

    def _above_floor(self, page: Page) -> tuple[Record, ...]:
        floor = self._floor
        for i, record in enumerate(page.records):
            if floor is not None and record.updated_at and record.updated_at <= floor:
                return page.records[:i]
        return page.records

    def _is_end(self, page: Page, fresh: Sequence[Record]) -> bool:
        """Whether the list ends with this page: nothing stood before it, or it is a repeat."""
        return page.next is None and (self.cursor is None or (self._ended and not fresh))

    def _on(self, cursor: int) -> None:
        if cursor in self._used:
            raise BadAnswer(f"{self._listing}: the cursor {cursor} came twice")
        self._used.add(cursor)
        self.cursor, self._at = cursor, len(self._read) - 1
        self._step = 1

    def _back(self) -> None:
        """Ask again behind an earlier record, further back each time, at last from the top."""
        self._at = self._at - self._step if self._at >= 0 or not self._read else 0
        self._step *= 2
        if self._at >= 0:
            self.cursor = self._read[self._at][0]
            return
        self._starts += 1
        if self._starts > _STARTS:
            raise BadAnswer(f"{self._listing}: no cursor leads to the end of the list")
        self.cursor, self._read, self._at = None, [], -1
        self._step, self._ended = 1, False
        self._used.clear()
