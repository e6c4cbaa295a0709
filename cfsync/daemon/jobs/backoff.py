"""Back-off: how long to wait after a failed pass before the next attempt. Pure."""

from __future__ import annotations

from cfsync.sync.trouble import Kind

FIRST_S = 2.0
LONGEST_S = {
    "token": 60.0,
    "limit": 60.0,
    "server": 60.0,
    "database": 15.0,
    "answer": 900.0,
    "error": 900.0,
    "put_off": 60.0,
}
"""The longest wait between two attempts, in seconds. What recovers by itself is tried often."""


def delay(kind: Kind, failures: int, *, jitter: float, retry_after: float | None = None) -> float:
    """Seconds until the next attempt after `failures` failures in a row. A `retry_after` from the
    server (already bounded) takes precedence, unless it is shorter: a server that always names 0
    is not asked without end. `jitter` is random, from 0 to 1.
    """
    longest: float = min(LONGEST_S[kind], FIRST_S * 2 ** min(failures - 1, 16))
    ours = longest * (0.5 + jitter / 2)
    return ours if retry_after is None else max(ours, retry_after + jitter)
