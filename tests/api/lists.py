"""Lists that change, or lie, while they are read."""

# ruff: noqa: ARG002 -- the lists here take what Api.page takes

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Literal

from cfsync.api import walk_newest_first
from cfsync.errors import NotFound
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
