"""The dock: pages that arrive side by side go into the mirror together, several a transaction.

A page and the place behind it (its checkpoint) are always in one transaction. How many pages go
together follows from how long the last transaction took: on SQLite nobody else can write meanwhile.
Where they come slowly, as they do at a rate limit, a page waits a moment for others, unless
somebody waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import groupby

from cfsync.merge import Policy
from cfsync.mirror.bookkeeping import checkpoints
from cfsync.mirror.bookkeeping.checkpoints import Checkpoint, Lane
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming import page
from cfsync.mirror.incoming.page import Origin, Written
from cfsync.records import Record
from cfsync.resources import Resource
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from cfsync.sync.walk.records import count, reread

HOLD_S = 0.05
"""How long one transaction should hold SQLite's write lock, in seconds."""
MOST_PAGES = 20
"""In one transaction, and waiting for it: each page takes some 150 kB of memory."""

LINGER_S = 0.1
"""How long a page waits for others, in seconds."""

Then = Callable[[Tx], Iterable[Checkpoint]]


@dataclass(frozen=True)
class Cargo:
    """One page. `asked`: the highest `cf_rev` noted before it was asked for. `then`: what belongs
    into the same transaction, run before (`full`: a sweep's proof of what is missing) the records
    of the next page are written; it returns the places behind the page, to be saved with it.
    """

    resource: Resource
    records: Sequence[Record]
    lane: Lane
    asked: int
    then: Then
    full: bool

    @property
    def kind(self) -> tuple[str, str, bool]:
        return self.resource.name, self.lane, self.full


class Dock:
    """Takes pages from any number of walks; one task writes them. Counts them in the report."""

    def __init__(self, context: Context, report: Report) -> None:
        self.report = report
        self._context = context
        self._queue: asyncio.Queue[Cargo] = asyncio.Queue(MOST_PAGES)
        self._door = asyncio.Lock()  # the queue alone lets a newcomer in before those that wait
        self._news = asyncio.Event()  # a page came, or somebody waits
        self._awaited = 0
        self._pages = 1
        self._failed: BaseException | None = None

    async def put(
        self,
        resource: Resource,
        records: Sequence[Record],
        lane: Lane,
        *,
        asked: int,
        then: Then,
        full: bool = False,
    ) -> None:
        """Hand over a page; waits only while too many are waiting. Pages land in the order in which
        they were handed over, and none behind one that failed. Raises what an earlier transaction
        raised.
        """
        cargo = Cargo(resource, records, lane, asked, then, full)
        async with self._door:
            self._check()
            await self._queue.put(cargo)
        self._news.set()

    async def work(self) -> None:
        """Write what comes, until cancelled."""
        while True:
            batch = [await self._queue.get()]
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._fill(batch)
            try:
                await self._land(batch)
            except Exception as error:
                self._fail(error)
            for _ in batch:
                self._queue.task_done()

    async def _fill(self, batch: list[Cargo]) -> None:
        """Add what comes, while there is room for it and nobody waits."""
        while len(batch) < self._pages:
            if not self._queue.empty():
                batch.append(self._queue.get_nowait())
            elif self._awaited:
                return
            else:
                self._news.clear()
                await self._news.wait()

    async def _land(self, batch: Sequence[Cargo]) -> None:
        self._check()
        policies = {c.resource.name: self._policy(c.resource) for c in batch}
        began = time.perf_counter()
        landed = await self._context.mirror.write(land_pages, batch, policies)
        self._measure(len(batch), time.perf_counter() - began)
        for cargo, written in landed:
            count(self.report, cargo.resource.name, written)
            await reread(self._context, self.report, cargo.resource, written.again, cargo.lane)

    def _policy(self, resource: Resource) -> Policy:
        return self._context.settings.resource(resource.name).on_conflict

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
async def docked(context: Context, report: Report) -> AsyncIterator[Dock]:
    """A dock that is worked for as long as the block runs; leaves nothing unwritten behind, also
    where the block was stopped.
    """
    dock = Dock(context, report)
    worker = asyncio.create_task(dock.work())
    try:
        yield dock
    finally:
        try:
            await dock.drained()
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


def land_pages(
    tx: Tx, batch: Sequence[Cargo], policies: dict[str, Policy]
) -> list[tuple[Cargo, Written]]:
    """One transaction: pages of the same kind are written together, then what belongs to each."""
    landed = []
    loaded = sorted((c for c in batch if c.records), key=lambda c: c.kind)
    for _, group in groupby(loaded, lambda c: c.kind):
        cargoes = list(group)
        first = cargoes[0]
        origin = Origin(first.lane, min(c.asked for c in cargoes))
        records = list({r.id: r for c in cargoes for r in c.records}.values())
        policy = policies[first.resource.name]
        written = page.write(tx, first.resource, records, origin, policy=policy, full=first.full)
        landed.append((first, written))
    places = [place for cargo in batch for place in cargo.then(tx)]
    checkpoints.save(tx, *places)
    return landed
