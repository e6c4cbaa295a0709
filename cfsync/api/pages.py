"""Walks over a list, page by page, that check the order and the cursors that the server gives.

By id for completeness, by `updated_at` for news. Both can be resumed: a page's `next` is the id
behind which the walk goes on, and is None only on the last page of a walk that has really ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, Protocol

from cfsync.errors import BadAnswer, NotFound
from cfsync.records import Listing, Page, Record


class PageSource(Protocol):
    """The part of `Api` that a walk needs."""

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
    """A list in another order than the one that was asked for: the server ignores the sort."""


async def walk_by_id(
    api: PageSource,
    listing: Listing,
    *,
    after: int | None = None,
    upto: int | None = None,
    filters: Mapping[str, Sequence[str | int]] | None = None,
) -> AsyncIterator[Page]:
    """The pages with ids in (after, upto], ascending; None leaves that end open. Raises Unsorted if
    ids are out of order or not behind `after`, in a second answer too, and BadAnswer on a cursor
    that stays where it is or goes back.
    """
    while True:
        page = await _ascending(api, listing, after, filters)
        page = cut(page, upto)
        yield page
        if page.next is None:
            return
        after = page.next


async def _ascending(
    api: PageSource,
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


async def walk_whole(api: PageSource, listing: Listing) -> AsyncIterator[Page]:
    """All pages of a list: by id, or, where the server ignores that order, as they are listed. In
    the second case some records come twice.
    """
    try:
        async for page in walk_by_id(api, listing):
            yield page
    except Unsorted:
        async for page in walk_as_listed(api, listing):
            yield page


async def walk_as_listed(api: PageSource, listing: Listing) -> AsyncIterator[Page]:
    """The pages in the server's own order, for a server that ignores the order asked for. Raises
    BadAnswer where the cursors can't be trusted (see `CursorWalk`), and where the last cursor is no
    longer listed where it was read: what was behind it may have moved.
    """
    walk = CursorWalk(listing)
    while True:
        page = await api.page(listing, after=walk.cursor)
        walk.check(page)
        if page.next is None and walk.cursor is not None:
            again = await api.page(listing, after=walk.before)
            walk.check_end(again)
        yield page
        if page.next is None:
            return
        walk.advance(page)


class CursorWalk:
    """The state of a walk in the server's own order. Pure.

    No cursor may come twice, and no page may show a record of the page before it. A cursor must be
    a place in the server's order. If instead it stood for all ids above (or below) it, a list in
    another order than that of ids would not be read completely; but then a page would show again
    those records of the page before it whose ids are above (below) the cursor. So the walk is
    trusted only if there have been such records of both kinds, or if all ids are in order.
    """

    def __init__(self, listing: Listing) -> None:
        self.cursor: int | None = None
        self.before: int | None = None  # the record that is listed right before the cursor
        self._listing = listing
        self._used: set[int] = set()
        self._read: list[int] = []
        self._ascends = self._descends = True
        self._above = self._below = False

    def check(self, page: Page) -> None:
        """Raise BadAnswer if the page or its cursor leads back to what was read."""
        ids = [r.id for r in page.records]
        if set(ids) & set(self._read) or page.next in self._used:
            raise BadAnswer(f"{self._listing}: the cursor {self.cursor} does not lead on")
        steps = list(pairwise([*self._read[-1:], *ids]))
        self._ascends &= all(a < b for a, b in steps)
        self._descends &= all(a > b for a, b in steps)

    def advance(self, page: Page) -> None:
        """Move the cursor to the end of this page."""
        self._read = [r.id for r in page.records]
        pairs = pairwise(self._read)
        self.cursor = page.next
        self.before = next((before for before, id_ in pairs if id_ == page.next), None)
        if page.next is not None:
            self._used.add(page.next)
            self._above |= any(id_ > page.next for id_ in self._read)
            self._below |= any(id_ < page.next for id_ in self._read)

    def check_end(self, again: Page) -> None:
        """Raise BadAnswer unless the whole list was read. `again` is the page behind `before`."""
        if self.before is None or [r.id for r in again.records[:1]] != [self.cursor]:
            raise BadAnswer(f"{self._listing}: {self.cursor} is no longer where it was read")
        if not (self._ascends or self._descends or (self._above and self._below)):
            raise BadAnswer(f"{self._listing}: its cursors follow another order than its pages")


def cut(page: Page, upto: int | None) -> Page:
    """The page without the records behind `upto`, and the last one if it reaches that far."""
    if upto is None:
        return page
    records = tuple(r for r in page.records if r.id <= upto)
    ended = page.next is None or page.next >= upto or len(records) < len(page.records)
    return Page(records, None if ended else page.next, page.at, page.strays)


async def walk_newest_first(
    api: PageSource, listing: Listing, *, floor: str | None, after: int | None = None
) -> AsyncIterator[Page]:
    """The pages by `updated_at`, newest first, down to the first record that is not newer than
    `floor` (a canonical time; it and the records behind it are cut off), or to the end of the list
    where `floor` is None. `after`: resume behind that record. Raises Unsorted, and BadAnswer on a
    cursor that comes back.
    """
    descent = NewestFirst(listing, floor, after)
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


class NewestFirst:
    """The state of a walk by `updated_at`. Pure: pages go in, the new records in them come out.

    The cursor is a record, and the server goes on from the place that the record has now. A record
    that was changed meanwhile is at the newest end, so the walk would begin again; one that was
    deleted has no place, which looks like the end of the list. In both cases the record before it
    becomes the cursor, and an end is believed only when two cursors have led to it.
    """

    def __init__(self, listing: Listing, floor: str | None, after: int | None) -> None:
        self.cursor = after
        self.done = False
        self._listing = listing
        self._floor = floor
        self._used: set[int] = set()
        self._read: list[_Key] = []  # the last records read, newest first
        self._at = -1  # the index of the cursor in them; -1: it is none of them
        self._seen: list[_Key] = []  # the last records read, in the order of the requests
        self._step = 1
        self._ended = False  # a cursor has led to the end
        self._starts = 1

    def take(self, page: Page) -> Page | None:
        """What is new on the page that was read behind `cursor`; None if nothing is."""
        only_strays = bool(page.strays) and not page.records and page.next is not None
        if self.cursor is None or only_strays or (page.records and not self._has_moved(page)):
            return self._accept(page)
        self._ended = self._ended or not page.records
        self._step_back()
        return None

    def _has_moved(self, page: Page) -> bool:
        """Whether the cursor has moved: the page begins newer than the page before it ended, or
        shows the cursor itself.
        """
        if any(r.id == self.cursor for r in page.records):
            return True
        end = self._read[self._at][1] if self._at >= 0 else None
        start = next((r.updated_at for r in page.records if r.updated_at), None)
        return end is not None and start is not None and start > end

    def _accept(self, page: Page) -> Page | None:
        self._check_sorted(page)
        above = self._above_floor(page)
        known = set(self._seen)
        fresh = tuple(r for r in above if (r.id, r.updated_at) not in known)
        self._remember([(r.id, r.updated_at) for r in page.records])
        following = page.next
        if len(above) < len(page.records) or self._is_end(page, fresh):
            self.done, following = True, None
        elif following is None:
            self._ended, following = True, page.records[-1].id
            self._step_back()
        else:
            self._ended = self._ended and not fresh
            self._advance(following)
        return Page(fresh, following, page.at, page.strays) if fresh or self.done else None

    def _remember(self, keys: list[_Key]) -> None:
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
        """Whether the list ends with this page: it is the only one, or a repeat confirms it."""
        return page.next is None and (self.cursor is None or (self._ended and not fresh))

    def _advance(self, cursor: int) -> None:
        if cursor in self._used:
            raise BadAnswer(f"{self._listing}: the cursor {cursor} came twice")
        self._used.add(cursor)
        self.cursor, self._at = cursor, len(self._read) - 1
        self._step = 1

    def _step_back(self) -> None:
        """Make an earlier record the cursor, twice as far back each time, at last the top."""
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
