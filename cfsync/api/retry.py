"""When a failed call is worth another try, and after how long. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cfsync.errors import RateLimited, ServerError, Transient, Unreachable


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential, with jitter, up to `attempts` calls in all and `total` seconds of waiting.
    The defaults end after about a minute: a one-shot command should say what is wrong.
    """

    attempts: int = 7
    total: float = 60.0
    first: float = 0.5
    longest: float = 20.0

    def delay(
        self, error: Transient, attempt: int, *, repeatable: bool, waited: float, jitter: float
    ) -> float | None:
        """Seconds to wait after failure number `attempt` (from 1), or None to give up. What the
        server names wins. `repeatable`: a second call does no harm even if the first one acted;
        `waited`: seconds waited before for this call; `jitter`: random, from 0 to 1.
        """
        if attempt >= self.attempts or not (repeatable or never_acted(error)):
            return None
        named = retry_after(error)
        longest = min(self.longest, self.first * 2 ** (attempt - 1))
        delay = longest * (0.5 + jitter / 2) if named is None else named + self.first * jitter
        return delay if waited + delay <= self.total else None


def never_acted(error: Transient) -> bool:
    """Whether it is certain that the call changed nothing: it never left, or the limit turned it
    away. A 503 is no such proof, with Retry-After or without: a proxy may send it when the server
    behind it was too slow with a request that it goes on working at.
    """
    return isinstance(error, RateLimited) or (isinstance(error, Unreachable) and not error.sent)


def retry_after(error: Transient) -> float | None:
    """The seconds that the server asked to wait."""
    return error.retry_after if isinstance(error, (RateLimited, ServerError)) else None
