"""Write pages that arrive side by side to the mirror, several in one transaction.

A page and its checkpoint are always in one transaction. How many pages share one follows from how
long the last transaction took: on SQLite nobody else can write in the meantime. Where pages come
slowly, as they do at a rate limit, a page waits a moment for others, unless somebody waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import groupby

from cfsync.errors import located
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming.page import Written, write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.progress import checkpoints, notes
from cfsync.mirror.progress.checkpoints import Checkpoint
from cfsync.records import Page
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from cfsync.sync.walk.records import count, reread

HOLD_S = 0.05
"""How long one transaction should hold SQLite's write lock, in seconds."""
MOST_PAGES = 20
"""In one transaction, and waiting for it: each page takes some 150 kB of memory."""

LINGER_S = 0.1
"""How long a page waits for others, in seconds."""

OnWrite = Callable[[Tx], Iterable[Checkpoint]]


@dataclass(frozen=True)
class PageWrite:
    """One page to write, and what belongs in its transaction."""

    reading: Reading
    page: Page
    #: Runs in the page's transaction after its records; returns the checkpoints to save.
    on_write: OnWrite
    #: A sweep's page: unchanged rows are compared too.
    full: bool

    @property
    def kind(self) -> tuple[str, str, bool]:
        return self.reading.resource.name, self.reading.lane, self.full

    @property
    def place(self) -> str:
        """`contacts 1001 to 1020`: what is written, for messages."""
        ids, name = [r.id for r in self.page.records], self.reading.resource.name
        return f"{name} {min(ids)} to {max(ids)}" if ids else name


class PageWriter:
    """Writes pages from any number of walks in one task, and counts them in the report."""

    def __init__(self, context: Context, report: Report) -> None:
        self.report = report
        self._context = context
        self._queue: asyncio.Queue[PageWrite] = asyncio.Queue(MOST_PAGES)
        self._order = asyncio.Lock()  # the queue alone lets a newcomer in before those that wait
        self._news = asyncio.Event()  # a page came, or somebody waits
        self._awaited = 0
        self._pages = 1
        self._failed: BaseException | None = None

    async def put(
        self,
        reading: Reading,
        page: Page,
        on_write: OnWrite,
        *,
        full: bool = False,
    ) -> None:
        """Queue a page; waits only while too many are queued. Pages are written in the order in
        which they were queued, and none after one that failed. Raises what an earlier transaction
        raised.
        """
        write = PageWrite(reading, page, on_write, full)
        async with self._order:
            self._check()
            await self._queue.put(write)
        self._news.set()

    async def work(self) -> None:
        """Write what comes, until cancelled."""
        while True:
            batch = [await self._queue.get()]
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._fill(batch)
            try:
                await self._write(batch)
            except Exception as error:
                self._fail(error)
            for _ in batch:
                self._queue.task_done()

    async def _fill(self, batch: list[PageWrite]) -> None:
        """Add what comes, while there is room for it and nobody waits."""
        while len(batch) < self._pages:
            if not self._queue.empty():
                batch.append(self._queue.get_nowait())
            elif self._awaited:
                return
            else:
                self._news.clear()
                await self._news.wait()

    async def _write(self, batch: Sequence[PageWrite]) -> None:
        self._check()
        began = time.perf_counter()
        with located(", ".join(dict.fromkeys(page.place for page in batch))):
            written_pages = await self._context.mirror.write(write_pages, batch)
        self._measure(len(batch), time.perf_counter() - began)
        for page, written in written_pages:
            resource, lane = page.reading.resource, page.reading.lane
            count(self.report, resource.name, written)
            await reread(self._context, self.report, resource, written.again, lane)

    def _measure(self, pages: int, seconds: float) -> None:
        fit = int(pages * HOLD_S / max(seconds, 1e-4))
        self._pages = max(1, min(MOST_PAGES, fit, self._pages * 2))

    def _fail(self, error: BaseException) -> None:
        self._failed = error
        while not self._queue.empty():
            self._queue.get_nowait()
            self._queue.task_done()

    async def drained(self) -> None:
        """Wait until everything that was handed over is in the mirror, or has failed."""
        self._awaited += 1
        self._news.set()
        try:
            await self._queue.join()
        finally:
            self._awaited -= 1
        self._check()

    def _check(self) -> None:
        if self._failed is not None:
            raise self._failed


@asynccontextmanager
async def page_writer(context: Context, report: Report) -> AsyncIterator[PageWriter]:
    """A writer that works for as long as the block runs. Everything that was queued is written
    when the block ends, also when it was stopped.
    """
    writer = PageWriter(context, report)
    worker = asyncio.create_task(writer.work())
    try:
        yield writer
    finally:
        try:
            await writer.drained()
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


def write_pages(tx: Tx, batch: Sequence[PageWrite]) -> list[tuple[PageWrite, Written]]:
    """One transaction: pages of the same kind are written together, then what belongs to each."""
    done = []
    loaded = [write for write in batch if write.page.records or write.page.strays]
    for _, group in groupby(sorted(loaded, key=lambda w: w.kind), lambda w: w.kind):
        writes = list(group)
        first = writes[0]
        oldest = min(write.reading.rev_before for write in writes)
        records = list({r.id: r for write in writes for r in write.page.records}.values())
        strays = [i for write in writes for i in write.page.strays]
        notes.note_foreign(tx, first.reading.resource, strays)
        reading = replace(first.reading, rev_before=oldest)
        done.append((first, write_records(tx, reading, records, full=first.full)))
    places = [place for write in batch for place in write.on_write(tx)]
    checkpoints.save(tx, *places)
    return done
