"""Back-off: what kind of trouble a failed pass is in, and how long to wait before the next attempt.
Pure.
"""

from __future__ import annotations

from typing import Literal

from cfsync.errors import (
    ApiError,
    CfsyncError,
    Interrupted,
    MirrorError,
    RateLimited,
    TokenRefused,
    Transient,
    description,
)
from cfsync.mirror.progress.runs import RunState
from cfsync.sync.report import Report

Kind = Literal["token", "limit", "server", "database", "answer", "error"]
"""token: refused. limit: out of requests. server: ClickFunnels can't be reached or fails. answer:
ClickFunnels answers in an unexpected way. error: an unexpected error in cfsync.
"""

FIRST_S = 2.0
LONGEST_S = {
    "token": 60.0,
    "limit": 60.0,
    "server": 60.0,
    "database": 15.0,
    "answer": 900.0,
    "error": 900.0,
}
"""The longest wait between two attempts, in seconds. What recovers by itself is tried often."""


def kind_of(error: BaseException) -> Kind:
    match error:
        case TokenRefused():
            return "token"
        case RateLimited():
            return "limit"
        case Transient():
            return "server"
        case MirrorError():
            return "database"
        case ApiError():
            return "answer"
    return "error"


def text_of(error: BaseException) -> str:
    """One line for a person, without a person's data."""
    return str(error) if isinstance(error, CfsyncError) else description(error)


def trouble_of(report: Report) -> tuple[Kind, str] | None:
    """Kind and text of what went wrong, from a pass's report; None if nothing did, or the pass was
    only interrupted, or a person has paused what it was to do.
    """
    if report.state == RunState.DONE or isinstance(report.cause, Interrupted):
        return None
    if report.paused and report.cause is None:
        return None
    text = "; ".join(report.problems[-3:])
    if report.cause is not None:
        return kind_of(report.cause), text
    return ("server" if report.state == RunState.STOPPED else "answer"), text


def delay(kind: Kind, failures: int, *, jitter: float, retry_after: float | None = None) -> float:
    """Seconds until the next attempt after `failures` failures in a row. A `retry_after` from the
    server (already bounded) takes precedence, unless it is shorter: a server that always names 0
    is not asked without end. `jitter` is random, from 0 to 1.
    """
    longest: float = min(LONGEST_S[kind], FIRST_S * 2 ** min(failures - 1, 16))
    ours = longest * (0.5 + jitter / 2)
    return ours if retry_after is None else max(ours, retry_after + jitter)
