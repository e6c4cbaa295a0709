"""Ownership: which resources this process runs the passes of.

On SQLite all of them: a lock on a file keeps a second daemon out. On PostgreSQL those whose lease
it holds, a fair share among all daemons.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from filelock import FileLock, Timeout

from cfsync.errors import UsageError
from cfsync.mirror.coordination import daemons, leases
from cfsync.mirror.coordination.leases import Lease, LeaseTimes, LostLease
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.engine import Mirror


def suspend_aware_clock() -> float:
    """Monotonic seconds that include the time in which the machine sleeps, like the database's."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def lock_sqlite(place: Place, hint: str = "several need PostgreSQL") -> FileLock | None:
    """Keep other daemons off an SQLite file until the lock is released or this process ends.

    Returns None on PostgreSQL, which any number of daemons may use. Raises UsageError if another
    daemon runs already or the file can't be locked.
    """
    lock = place.run_lock()
    if lock is None:
        return None
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise UsageError(f"another cfsync run works on {place}; {hint}") from None
    except OSError as error:
        raise UsageError(f"{lock.lock_file} can't be locked: {error.strerror}") from None
    return lock


class Ownership(Protocol):
    """The resources that this process owns, by name."""

    @property
    def owned(self) -> Collection[str]: ...

    def lease(self, name: str) -> Lease | None:
        """The lease of an owned resource; None where there are no leases."""

    def check(self, name: str) -> None:
        """Raise LostLease if no call may be started for this resource."""

    async def update(self, is_busy: Callable[[str], bool]) -> None:
        """Renew leases, give back the surplus, take what is free. `is_busy`: a pass of this
        resource is running here.
        """

    async def release(self, unfinished: Collection[str]) -> None:
        """Give back everything except `unfinished`, whose calls may still be open."""


class SoleOwner:
    """The only daemon: owns all resources for as long as it runs."""

    def __init__(self, names: Sequence[str]) -> None:
        self.owned: Collection[str] = names

    def lease(self, name: str) -> Lease | None:  # noqa: ARG002
        return None

    def check(self, name: str) -> None:
        pass

    async def update(self, is_busy: Callable[[str], bool]) -> None:
        pass

    async def release(self, unfinished: Collection[str]) -> None:
        pass


class LeasedOwnership:
    """One of several daemons. Each holds its share of the leases: of 19 resources and the events
    log, two daemons hold 10 each.

    `ttl`: seconds for which a lease is valid. `grace`: seconds to wait before taking an expired
    lease, in which calls of its last holder end.
    """

    def __init__(
        self,
        mirror: Mirror,
        names: Sequence[str],
        *,
        ttl: float,
        grace: float,
        clock: Callable[[], float] = suspend_aware_clock,
    ) -> None:
        self._mirror = mirror
        self._names = names
        self._ttl = ttl
        self._grace = grace
        self._clock = clock
        self._process = daemons.this_process().name
        self._held: dict[str, Lease] = {}
        self._valid_until = clock()
        self._changing = asyncio.Lock()

    @property
    def owned(self) -> Collection[str]:
        return self._held if self._clock() < self._valid_until else ()

    def lease(self, name: str) -> Lease | None:
        return self._held[name]

    def check(self, name: str) -> None:
        if name not in self.owned:
            raise LostLease(name)

    async def update(self, is_busy: Callable[[str], bool]) -> None:
        async with self._changing:
            await self._update(is_busy)

    async def _update(self, is_busy: Callable[[str], bool]) -> None:
        began, write, process = self._clock(), self._mirror.write, self._process
        daemons = await write(leases.register, process, self._ttl)
        self._held = {lease.name: lease for lease in await write(leases.renew, process, self._ttl)}
        share = -(-len(self._names) // daemons)
        surplus = [n for n in self._held if not is_busy(n)][: max(0, len(self._held) - share)]
        if surplus:
            self._held = {n: lease for n, lease in self._held.items() if n not in surplus}
            await write(leases.release, process, surplus)
        if len(self._held) < share:
            missing = [n for n in self._names if n not in self._held]
            limit = share - len(self._held)
            taken = await write(
                leases.acquire, process, missing, LeaseTimes(self._ttl, self._grace), limit=limit
            )
            self._held |= {lease.name: lease for lease in taken}
        self._valid_until = began + self._ttl

    async def release(self, unfinished: Collection[str]) -> None:
        async with self._changing:  # else an update under way would take the leases again
            ended = [name for name in self._held if name not in unfinished]
            self._held = {}
            await self._mirror.write(leases.release, self._process, ended)
            await self._mirror.write(leases.unregister, self._process)
