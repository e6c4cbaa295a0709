"""Which resources this process runs the passes of: all of them on SQLite, where a lock on a file
keeps a second daemon out; on PostgreSQL those whose lease it holds, its fair share.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from filelock import FileLock, Timeout

from cfsync.errors import UsageError
from cfsync.mirror.coordination import leases
from cfsync.mirror.coordination.leases import Lease, LostLease
from cfsync.mirror.db.connect import Place
from cfsync.mirror.db.engine import Mirror


def awake_clock() -> float:
    """Seconds that go on while the machine sleeps, as the database's do."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def lock(place: Place) -> FileLock | None:
    """Keep other daemons off an SQLite file until released or dead. Raises UsageError if one is
    there already. None on PostgreSQL, where there may be any number.
    """
    if place.file is None:
        return None
    held = FileLock(f"{place.file}.run-lock")
    try:
        held.acquire(blocking=False)
    except Timeout:
        raise UsageError(
            f"another cfsync run works on {place.file}; several need PostgreSQL"
        ) from None
    except OSError as error:
        raise UsageError(f"{held.lock_file} can't be locked: {error.strerror}") from None
    return held


class Rights(Protocol):
    @property
    def names(self) -> Collection[str]: ...

    def lease(self, name: str) -> Lease | None: ...

    def guard(self, name: str) -> None:
        """Raise LostLease where no call may be begun for this resource."""

    async def turn(self, is_busy: Callable[[str], bool]) -> None:
        """Renew, give back and take. `is_busy`: a pass of this resource runs here."""

    async def end(self, unfinished: Collection[str]) -> None:
        """Give all back but what may still have a call under way."""


class Alone:
    """The only daemon."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names: Collection[str] = names

    def lease(self, name: str) -> Lease | None:  # noqa: ARG002
        return None

    def guard(self, name: str) -> None:
        pass

    async def turn(self, is_busy: Callable[[str], bool]) -> None:
        pass

    async def end(self, unfinished: Collection[str]) -> None:
        pass


class Shared:
    """One of several. Each daemon holds its part of the leases and leaves the rest to the others:
    of 19 resources and the events log two daemons hold 10 each.
    """

    def __init__(
        self,
        books: Mirror,
        names: Sequence[str],
        *,
        ttl: float,
        grace: float,
        clock: Callable[[], float] = awake_clock,
    ) -> None:
        self._books = books
        self._wanted = names
        self._ttl = ttl
        self._grace = grace
        self._clock = clock
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._held: dict[str, Lease] = {}
        self._until = clock()

    @property
    def names(self) -> Collection[str]:
        return self._held if self._clock() < self._until else ()

    def lease(self, name: str) -> Lease | None:
        return self._held[name]

    def guard(self, name: str) -> None:
        if name not in self.names:
            raise LostLease(name)

    async def turn(self, is_busy: Callable[[str], bool]) -> None:
        began, write, owner = self._clock(), self._books.write, self._owner
        daemons = await write(leases.join, owner, self._ttl)
        self._held = {lease.name: lease for lease in await write(leases.renew, owner, self._ttl)}
        share = -(-len(self._wanted) // daemons)
        surplus = [n for n in self._held if not is_busy(n)][: max(0, len(self._held) - share)]
        if surplus:
            self._held = {n: held for n, held in self._held.items() if n not in surplus}
            await write(leases.give_back, owner, surplus)
        if len(self._held) < share:
            missing = [n for n in self._wanted if n not in self._held]
            limit = share - len(self._held)
            taken = await write(
                leases.take, owner, missing, limit=limit, ttl=self._ttl, grace=self._grace
            )
            self._held |= {lease.name: lease for lease in taken}
        self._until = began + self._ttl

    async def end(self, unfinished: Collection[str]) -> None:
        ended = [name for name in self._held if name not in unfinished]
        self._held = {}
        await self._books.write(leases.give_back, self._owner, ended)
        await self._books.write(leases.leave, self._owner)
