"""Walk one list by id in several ranges at once, each with a checkpoint of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import structlog

from cfsync.api.pages import Unsorted, cut, walk_as_listed, walk_by_id
from cfsync.errors import BadAnswer, NotFound, Refused
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.progress import checkpoints
from cfsync.mirror.progress.checkpoints import Checkpoint
from cfsync.records import Listing, Page
from cfsync.resources import RESOURCES
from cfsync.sync.context import Context, task_group
from cfsync.sync.walk.growth import Growth
from cfsync.sync.walk.page_writer import OnWrite, PageWriter
from cfsync.sync.walk.ranges import Range, Ranges

log = structlog.get_logger()

Proof = Callable[[Tx, int, int, int | None, Collection[int]], None]
"""Called by a sweep for each page, in its transaction, as (tx, rev_before, above, upto, listed): of
the ids with above < id <= upto (None: to the end) the list has exactly those in `listed`.
"""

_CANT_START = (BadAnswer, NotFound, Refused)
"""How a server may answer a request for what follows an id that no record of the list has."""


async def last_id(context: Context, listing: Listing) -> int:
    """The list's highest id, 0 if it is empty: where to cut the list. A server that ignores the
    order yields one that is too low, which costs only speed: the last range has no end.
    """
    page = await context.api.page(listing, descending=True)
    return max((r.id for r in page.records), default=0)


async def walk_in_ranges(
    context: Context,
    writer: PageWriter,
    listing: Listing,
    parts: Sequence[Checkpoint],
    *,
    end: int,
    proof: Proof | None = None,
) -> None:
    """Walk what is left of a list. `parts`: how far its ranges were walked; `end`: its highest id.

    If the answers show that the server can't start between two records, the list is walked in one
    line, from where the first range stands or from the beginning. If the server does not keep the
    order of ids, the list is walked in the server's own order, which proves no deletions.
    Everything is in the mirror when this returns.
    """
    walkers = Walkers(context, writer, listing, parts[0], proof)
    try:
        await _by_id(context, walkers, listing, parts, end)
    except Unsorted:
        log.warning("walk.as_listed", list=str(listing), lane=parts[0].lane)
        if proof:
            writer.report.unproved.append(str(listing))
        await _as_listed(walkers)
    await writer.drained()


async def _by_id(
    context: Context, walkers: Walkers, listing: Listing, parts: Sequence[Checkpoint], end: int
) -> None:
    ranges = [Range(p.part, p.cursor or 0, p.upper, done=p.done_at is not None) for p in parts]
    try:
        await walkers.walk(Ranges(ranges, end=end), most=context.settings.api.max_concurrency)
    except _CANT_START as error:
        if not walkers.started_between:
            raise
        if not isinstance(error, BadAnswer):
            await context.api.page(listing)  # the list itself may be what is refused
        log.warning("walk.in_one_line", list=str(listing), lane=parts[0].lane)
        await _in_one_line(walkers, end)


async def _in_one_line(walkers: Walkers, end: int) -> None:
    """Go on where the first range stands in the mirror. If that record is gone, begin again at the
    beginning of the list.
    """
    cursor = await walkers.saved_cursor()
    try:
        await walkers.walk_in_one_line(cursor, end=end)
    except _CANT_START:
        if not cursor:
            raise
        await walkers.walk_in_one_line(0, end=end)


async def _as_listed(walkers: Walkers) -> None:
    """Twice, if a record that was just read has moved or is gone in the meantime."""
    try:
        await walkers.walk_as_listed()
    except _CANT_START:
        await walkers.walk_as_listed()


class Walkers:
    """The walkers of one list. `first`: the checkpoint of its first range; the others are derived
    from it. `proof`: given by a sweep. `started_between`: whether a request has asked for what
    follows an id that no page of this walk has shown.
    """

    def __init__(
        self,
        context: Context,
        writer: PageWriter,
        listing: Listing,
        first: Checkpoint,
        proof: Proof | None,
    ) -> None:
        self._context, self._writer, self._listing = context, writer, listing
        self._first, self._proof = first, proof
        self._records = 0
        self._growth = Growth(context, writer.report, listing)
        self.started_between = first.cursor is not None

    async def walk(self, ranges: Ranges, *, most: int) -> None:
        """Walk every range to its end, with at most `most` walkers. Raises BadAnswer."""
        self._ranges, self._most, self._active = ranges, most, 0
        self._last_id = ranges.end
        self._reading = await self._begin_reading()
        async with task_group() as self._tasks:
            await self._start_walkers(self._tasks)

    async def saved_cursor(self) -> int:
        """Where the first range stands in the mirror, 0 at its beginning: a page that was still
        waiting for its turn to be written when the walkers were stopped is not in it.
        """
        await self._writer.drained()
        place = await self._context.mirror.read(checkpoints.get, self._listing, self._first.lane)
        return (place and place.cursor) or 0

    async def walk_in_one_line(self, cursor: int, *, end: int) -> None:
        """Walk everything after a record (0: the whole list) as one range."""
        rest = Range(0, cursor, None)
        await self._restart(self._place(rest))
        await self.walk(Ranges([rest], end=end), most=1)

    async def walk_as_listed(self) -> None:
        """Walk the whole list in the server's own order. A place in that order means nothing later,
        so none is saved; a record that is missing may have moved, so it is no candidate.
        """
        place = self._place(Range(0, 0, None))
        await self._restart(place)
        self._reading = await self._begin_reading()
        async for page in walk_as_listed(self._context.api, self._listing):
            await self._put(page, lambda _: [])
            self._count(page, fraction=None)
            self._context.check_stop()

    async def _begin_reading(self) -> Reading:
        resource = RESOURCES[self._listing.resource]
        return await self._context.reading(resource, self._first.lane)

    async def _restart(self, place: Checkpoint) -> None:
        await self._writer.drained()
        await self._context.mirror.write(
            checkpoints.begin, self._listing, self._first.lane, [place]
        )

    async def _start_walkers(self, tasks: asyncio.TaskGroup) -> None:
        """Start as many walkers as have something to do. Each cut costs another request, and while
        requests wait for the budget another walker would only wait too.
        """
        room = max(self._context.api.free_places, 0 if self._active else 1)
        while self._active < self._most and room > 0:
            room -= 1
            taken, halved = self._ranges.take()
            if taken is None:
                return
            self._active += 1
            if halved is not None:
                self.started_between = True
                await self._save(halved, taken)
            tasks.create_task(self._walk_range(tasks, taken))

    async def _walk_range(self, tasks: asyncio.TaskGroup, range_: Range) -> None:
        pages = walk_by_id(self._context.api, self._listing, after=range_.cursor or None)
        async for page in pages:
            await self._check_end(range_, page)
            await self._write_page(range_, cut(page, range_.upper))
            if range_.done:
                break
            self._context.check_stop()
            await self._start_walkers(tasks)
        self._active -= 1
        await self._start_walkers(tasks)

    async def _check_end(self, range_: Range, page: Page) -> None:
        last = page.records[-1].id if page.records else range_.cursor
        if page.next is None and last < self._ranges.end and self.started_between:
            self._ranges.end = await last_id(self._context, self._listing)  # it may be gone since
            if last < self._ranges.end:
                raise BadAnswer(f"{self._listing}: ends behind {last}, before its last record")

    async def _write_page(self, range_: Range, page: Page) -> None:
        above, ids, ended = range_.cursor, [r.id for r in page.records], page.next is None
        self._ranges.advance(range_, ids, done=ended)
        place = self._place(range_)
        upto = range_.upper if ended else range_.cursor

        def on_write(tx: Tx) -> list[Checkpoint]:
            if self._proof:
                self._proof(tx, self._reading.rev_before, above, upto, set(ids))
            return [replace(place, done_at=tx.now) if ended else place]

        await self._put(page, on_write)
        self._count(page, fraction=self._ranges.fraction)
        await self._growth.count(sum(record_id > self._last_id for record_id in ids))

    def _count(self, page: Page, *, fraction: float | None) -> None:
        self._records += len(page.records)
        self._context.progress.at(self._listing, records=self._records, fraction=fraction)

    async def _save(self, *ranges: Range) -> None:
        """Save both checkpoints of a halved range together, before any page of the new one."""
        places = [self._place(r) for r in ranges]
        await self._put(Page((), None), lambda _: places)

    async def _put(self, page: Page, on_write: OnWrite) -> None:
        await self._writer.put(self._reading, page, on_write, full=self._proof is not None)

    def _place(self, range_: Range) -> Checkpoint:
        return replace(
            self._first,
            part=range_.part,
            cursor=range_.cursor or None,
            upper=range_.upper,
            done_at=None,
        )
