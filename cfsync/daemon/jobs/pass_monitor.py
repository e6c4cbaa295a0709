"""The monitor of one running pass: notices whether the pass makes progress, and stops it once this
process may no longer run it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cfsync.mirror.coordination.leases import Lease
from cfsync.mirror.coordination.leases import check_held as check_lease
from cfsync.mirror.db.engine import Tx
from cfsync.sync.context import Context


class PassMonitor:
    """Observes the calls and transactions of one pass.

    `check_owner` raises LostLease if no call may be started any more. `on_answer` receives each
    request's priority, status and seconds. `lease`: what each write of the pass must still hold;
    None where there are no leases (SQLite).
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        check_owner: Callable[[], None],
        on_answer: Callable[[int, int, float], None],
        lease: Lease | None,
    ) -> None:
        self._clock = clock
        self._check_owner = check_owner
        self._on_answer = on_answer
        self._lease = lease
        self._waits: Counter[str] = Counter()
        self._progress_at = clock()

    def sending(self) -> None:
        """Before each request. Raises LostLease."""
        self._check_owner()
        self._note_progress()

    def answered(self, priority: int, status: int, seconds: float) -> None:
        """After each request."""
        self._note_progress()
        self._on_answer(priority, status, seconds)

    def writing(self, tx: Tx) -> None:
        """At the beginning of each transaction. Raises LostLease."""
        if self._lease is not None:
            check_lease(tx, self._lease)
        self._note_progress()

    @contextmanager
    def waiting(self, reason: str) -> Iterator[None]:
        """While the pass waits for a known reason, such as the rate limit, it is not stuck."""
        self._waits[reason] += 1
        try:
            yield
        finally:
            self._waits[reason] -= 1
            self._note_progress()

    def waits_for(self) -> str | None:
        """The reason for which the pass waits now; None if it does not wait."""
        return next(iter(+self._waits), None)

    def is_stuck(self, patience: float) -> bool:
        """Whether it made no progress for `patience` seconds and waits for nothing known."""
        return self.waits_for() is None and self._clock() - self._progress_at > patience

    def _note_progress(self) -> None:
        self._progress_at = self._clock()


@dataclass(frozen=True)
class MonitoredContext(Context):
    """The context of a daemon's pass over one resource; its monitor knows of its waits."""

    resource: str = ""
    #: A person has asked for the pass: it does its work even if it isn't due.
    asked: bool = False
    monitor: PassMonitor | None = None

    async def wait(self, seconds: float) -> None:
        assert self.monitor is not None
        with self.monitor.waiting("second look"):
            await super().wait(seconds)
