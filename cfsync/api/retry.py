"""`Retry`: whether a failed call is tried again, and after how long. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cfsync.errors import Later, RateLimited, Transient, Unreachable


@dataclass(frozen=True, slots=True)
class Retry:
    """Waits that double from one attempt to the next, with jitter. The defaults end after about a
    minute: a one-shot command should say what is wrong.
    """

    #: Calls in all.
    attempts: int = 7
    #: Seconds of waiting in all.
    total: float = 60.0
    #: Seconds before the second attempt.
    first: float = 0.5
    #: The most seconds between two attempts.
    longest: float = 20.0
    #: The most seconds that a 429 may name, and that any other answer may.
    longest_rate_limit_wait: float = 300.0
    longest_outage_wait: float = 900.0

    def bounded(self, status: int, named: float | None) -> float | None:
        """The seconds to wait after an answer that names so many; None if it names none. A server
        that names a year must not silence us that long.
        """
        longest = self.longest_rate_limit_wait if status == 429 else self.longest_outage_wait
        return None if named is None else min(named, longest)

    def delay(
        self, error: Transient, attempt: int, *, repeatable: bool, waited: float, jitter: float
    ) -> float | None:
        """Seconds to wait after failure number `attempt` (from 1), or None to give up. If the
        server names a time, that counts. `repeatable`: a second call does no harm even if the first
        one acted; `waited`: seconds waited for this call so far; `jitter`: random, from 0 to 1.
        """
        if attempt >= self.attempts or not (repeatable or never_acted(error)):
            return None
        named = retry_after(error)
        longest = min(self.longest, self.first * 2 ** (attempt - 1))
        delay = longest * (0.5 + jitter / 2) if named is None else named + self.first * jitter
        return delay if waited + delay <= self.total else None


def never_acted(error: Transient) -> bool:
    """Whether it is certain that the call changed nothing: it was never sent, or was answered with
    429. A 503 proves nothing, with or without Retry-After: a proxy may send it while the slow
    server behind it is still working on the request.
    """
    return isinstance(error, RateLimited) or (isinstance(error, Unreachable) and not error.sent)


def retry_after(error: Transient) -> float | None:
    """The seconds that the server asked to wait; None if it didn't."""
    return error.retry_after if isinstance(error, Later) else None
