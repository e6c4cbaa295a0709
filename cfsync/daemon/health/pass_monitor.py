"""The pulse of a pass: by it is seen that the pass goes on, and it keeps the pass in its rights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cfsync.mirror.coordination.leases import Lease
from cfsync.mirror.coordination.leases import check as check_lease
from cfsync.mirror.db.engine import Tx
from cfsync.sync.context import Context


class Pulse:
    """Looks on at the calls and transactions of one pass. `guard` raises LostLease where no call
    may be begun any more; `told` hears of each request: priority, status, seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        guard: Callable[[], None],
        told: Callable[[int, int, float], None],
        lease: Lease | None,
    ) -> None:
        self._clock = clock
        self._guard = guard
        self._told = told
        self._lease = lease
        self._waits: Counter[str] = Counter()
        self._beat_at = clock()

    def sending(self) -> None:
        self._guard()
        self._beat()

    def answered(self, priority: int, status: int, seconds: float) -> None:
        self._beat()
        self._told(priority, status, seconds)

    def writing(self, tx: Tx) -> None:
        """At the beginning of each transaction."""
        if self._lease is not None:
            check_lease(tx, self._lease)
        self._beat()

    @contextmanager
    def waiting(self, why: str) -> Iterator[None]:
        self._waits[why] += 1
        try:
            yield
        finally:
            self._waits[why] -= 1
            self._beat()

    def waits_for(self) -> str | None:
        """The named wait that it is in, if it is in any."""
        return next(iter(+self._waits), None)

    def is_stuck(self, patience: float) -> bool:
        """Whether it has neither advanced for so many seconds, nor waits for something known."""
        return self.waits_for() is None and self._clock() - self._beat_at > patience

    def _beat(self) -> None:
        self._beat_at = self._clock()


@dataclass(frozen=True)
class WatchedContext(Context):
    """The context of a pass of one resource; its waits are known."""

    resource: str = ""
    pulse: Pulse | None = None

    async def wait(self, seconds: float) -> None:
        assert self.pulse is not None
        with self.pulse.waiting("second look"):
            await super().wait(seconds)
