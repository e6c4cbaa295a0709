"""The mirror as one process uses it: one connection, one worker thread, transactions."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Concatenate, NoReturn, ParamSpec, TypeVar

import sqlalchemy as sa
import structlog

from cfsync.errors import MirrorError
from cfsync.mirror.db import crash_points, schema_checks
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.dialect.base import Dialect
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.errors import NO_MIRROR, NOT_OWNER, Away, Constrained, Undone
from cfsync.mirror.db.run_row import RunRow
from cfsync.mirror.db.tables import SCHEMA_VERSION
from cfsync.mirror.db.write_pause import Waits
from cfsync.times import time_text

log = structlog.get_logger()
Refused = dict[tuple[str, int], str]
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Tx:
    """One transaction."""

    conn: sa.Connection
    dialect: Dialect
    #: the time by the mirror's clock when the transaction began, canonical text
    now: str
    #: log events, each with its keys, that are logged as warnings after the commit
    warnings: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    #: it failed because a constraint or trigger of the user's refused a row, and is run again:
    #: now each row is written by itself (`try_write`)
    careful: bool = False
    #: the rows for which it was run again, and why: (table, id) -> the database's words
    refused: Mapping[tuple[str, int], str] = field(default_factory=dict)
    #: of the pass that it belongs to; None: it belongs to none
    run: RunRow | None = None
    _rev: int | None = None

    def rev(self) -> int:
        """The `cf_rev` of everything that this transaction writes."""
        return self.new_rev() if self._rev is None else self._rev

    def new_rev(self) -> int:
        """Take another `cf_rev` for everything from here on, to write a row once more: the triggers
        let cfsync's own writes pass only if they change `cf_rev`.
        """
        self._rev = self.dialect.next_rev(self.conn)
        return self._rev


@contextmanager
def savepoint(tx: Tx) -> Iterator[sa.NestedTransaction]:
    """A block of which nothing is left when it ends with an error, or is rolled back."""
    rev = tx.rev()
    with tx.conn.begin_nested() as nested:
        try:
            yield nested
        except BaseException:
            tx._rev = rev
            raise
        if not nested.is_active:
            tx._rev = rev


def try_write(
    tx: Tx, write: Callable[[], object], row: tuple[str, int] | None = None
) -> str | None:
    """Write within a savepoint. Returns the database's words if a constraint or trigger of the
    user's refuses it, after which nothing of it is left. `row`: the table and id of what is
    written; where the refusal has ended the whole transaction, it is run again without that row.
    """
    if row is not None and row in tx.refused:
        return tx.refused[row]
    rev, nested = tx.rev(), tx.conn.begin_nested()
    try:
        write()
        tx.dialect.check_deferred(tx.conn)
    except sa.exc.DBAPIError as error:
        if not tx.dialect.is_refusal(error):
            raise
        words = tx.dialect.refusal(tx.conn, error)
        if tx.dialect.has_ended(tx.conn):
            if row is None:
                raise
            raise Undone({row: words}) from error
        nested.rollback()
        tx._rev = rev
        return words
    except Constrained as error:
        nested.rollback()
        tx._rev = rev
        return error.words
    nested.commit()
    return None


@contextmanager
def as_user(tx: Tx) -> Iterator[None]:
    """Within the block, the triggers treat what is written as a user's edit, or refuse it.

    After an error the transaction can only be rolled back, unless the block is in a savepoint.
    """
    tx.dialect.unmark(tx.conn)
    yield
    tx.dialect.mark(tx.conn)


class Mirror:
    """All SQL of one process, a transaction at a time, so that no two of its passes interleave."""

    def __init__(self, place: Place, engine: sa.Engine, clock: Callable[[], datetime]) -> None:
        self.place = place
        self.dialect = place.dialect
        self.push_locks = place.push_locks()
        self.waits = Waits()
        self.clock = clock
        self._engine = engine
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="mirror")
        self._check: Callable[[Tx], None] = lambda _tx: None
        #: Says in a line what an error means that the dialect can't explain; '': nothing known.
        self.diagnose: Callable[[Tx], str] = lambda _tx: ""
        self._pause = place.dialect.write_pause()
        self._run: RunRow | None = None

    @classmethod
    def open(
        cls, url: str, *, must_exist: bool, clock: Callable[[], datetime], read_only: bool = False
    ) -> Mirror:
        """Connect to the mirror at `url`. Raises MirrorError, one line that says what to do.

        With `must_exist` the database must hold the mirror's tables already. Without it, an absent
        SQLite file is created, and `migrate` has to create the tables.
        """
        place = place_of(url)
        place.prepare(must_exist=must_exist)
        mirror = cls(place, place.engine(read_only=read_only), clock)
        try:
            mirror._worker.submit(mirror._probe, must_exist).result()
        except BaseException:
            mirror.close()
            raise
        return mirror

    def _probe(self, must_exist: bool) -> None:
        names, may_create = self._reading(
            lambda tx: (tx.dialect.relations(tx.conn), tx.dialect.may_create(tx.conn))
        )
        if SCHEMA_VERSION in names:
            return
        schema_checks.refuse_foreign(names, str(self.place))
        if not may_create:
            raise MirrorError(f"{NO_MIRROR} {self.place}: {NOT_OWNER}")
        if must_exist:
            raise MirrorError(f"{NO_MIRROR} {self.place}: run cfsync backfill")

    async def write(
        self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(tx, ...)` in one transaction and commit; on any exception roll back and raise it.
        The triggers let pass what it writes.

        Where a constraint or trigger of the user's refuses a row, the whole of `fn` is run once
        more with `Tx.careful`. Where others are in the way (deadlock, busy file) it is run again,
        up to `Dialect.tries` times. So it must change nothing but the database; a command
        may say here what it commits, as nothing refuses it any more (Ctrl-S makes others wait). A
        cancelled waiter leaves it to end by itself. Raises MirrorError (`Busy` if no try worked).
        """
        return await self._in_worker(lambda: self._writing(lambda tx: fn(tx, *args, **kwargs), fn))

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(tx, ...)` on one unchanging state of the database, writing nothing."""
        return await self._in_worker(lambda: self._reading(lambda tx: fn(tx, *args, **kwargs)))

    async def disconnected(self, work: Callable[[], None]) -> None:
        """Run something that connects by itself, in the thread that uses its memory afterwards."""
        await self._in_worker(self._engine.dispose)
        await self._in_worker(work)

    def checked(self, check: Callable[[Tx], None]) -> Mirror:
        """The same mirror, but each write begins with `check(tx)`, which may raise."""
        other = copy.copy(self)
        other._check = check
        return other

    def of_pass(self, run: RunRow) -> Mirror:
        """The same mirror, whose transactions belong to a pass."""
        other = copy.copy(self)
        other._run = run
        return other

    def close(self) -> None:
        """Wait for the running transaction and those in the queue, then disconnect."""
        self._worker.shutdown(wait=True)
        self._engine.dispose()

    async def _in_worker(self, work: Callable[[], T]) -> T:
        try:
            running = asyncio.wrap_future(self._worker.submit(copy_context().run, work))
        except RuntimeError as error:  # `close` was called
            raise Away(f"{self.place} is closed as cfsync stops; what was done is kept") from error
        return await asyncio.shield(running)

    def _writing(self, fn: Callable[[Tx], T], named: Callable[..., object]) -> T:
        name = getattr(named, "__name__", "")
        try:
            return self._retrying(fn, name, None)
        except Constrained as error:
            return self._without_refused(fn, name, error)

    def _without_refused(self, fn: Callable[[Tx], T], name: str, error: Constrained) -> T:
        """Run it row by row, each time without the rows of which it is known that they end all."""
        refused: Refused = {}
        while True:
            try:
                return self._retrying(fn, name, refused)
            except Undone as undone:
                if undone.refused.keys() <= refused.keys():
                    raise error from undone
                refused |= undone.refused

    def _retrying(self, fn: Callable[[Tx], T], name: str, refused: Refused | None) -> T:
        for attempt in range(1, self.dialect.tries + 1):
            try:
                return self._commit(fn, name, refused)
            except sa.exc.DBAPIError as error:
                if not self.dialect.is_contention(error) or attempt == self.dialect.tries:
                    self._explain(error)
                self.dialect.before_retry(str(self.place), attempt)
                self.waits.began_at = time.monotonic()
        raise AssertionError

    def _commit(self, fn: Callable[[Tx], T], name: str, refused: Refused | None) -> T:
        with self._engine.connect() as conn, self._pause(conn):
            self.dialect.mark(conn)
            tx = self._tx(conn)
            tx.careful, tx.refused = refused is not None, refused or {}
            self._check(tx)
            result = fn(tx)
            self.dialect.before_commit(conn)
            crash_points.reached("before_commit", name)
            try:
                conn.commit()
            except sa.exc.IntegrityError as error:
                found = self.dialect.deferred_refusals(conn, error) if tx.careful else {}
                conn.invalidate()  # SQLite leaves open what a deferred constraint refuses to commit
                if found:
                    raise Undone(found) from error
                raise
            crash_points.reached("after_commit", name)
        for event, keys in tx.warnings:
            log.warning(event, **keys)
        return result

    def _reading(self, fn: Callable[[Tx], T]) -> T:
        try:
            with self._engine.connect() as conn:
                return fn(self._tx(conn, **self.dialect.read_options))
        except sa.exc.DBAPIError as error:
            self._explain(error, writes=False)

    def _tx(self, conn: sa.Connection, **options: str) -> Tx:
        now = time_text(self.clock())
        return Tx(conn.execution_options(**options), self.dialect, now, run=self._run)

    def _explain(self, error: sa.exc.DBAPIError, *, writes: bool = True) -> NoReturn:
        """Raise the MirrorError that explains it; the error itself if it is a bug of cfsync."""
        explained = self.dialect.explained(error, str(self.place), self._lock_holders(error))
        if explained and not isinstance(explained, Constrained):
            raise explained from error
        with self._engine.connect() as conn:
            tx = self._tx(conn, **self.dialect.read_options)
            if not (explained and writes) and (found := self.diagnose(tx)):  # no read is refused
                raise MirrorError(found) from error
            if explained:
                raise Constrained(self.dialect.refusal(tx.conn, error)) from error
        raise error

    def _lock_holders(self, error: sa.exc.DBAPIError) -> str:
        if self.dialect.is_contention(error):
            with suppress(sa.exc.DBAPIError), self._engine.connect() as conn:
                return self.dialect.lock_holders(conn, error)
        return ""
