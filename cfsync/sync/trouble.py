"""What kind of trouble a pass has met that did not come to its end. Pure."""

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

Kind = Literal["token", "limit", "server", "database", "answer", "error", "put_off"]
"""token: refused. limit: out of requests. server: ClickFunnels can't be reached or fails. answer:
ClickFunnels answers in an unexpected way. error: an unexpected error in cfsync. put_off: edits are
left to a later pass, for no fault of anybody.
"""


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
    if report.put_off:
        return "put_off", text
    return ("server" if report.state == RunState.STOPPED else "answer"), text


def kind_that_ended(report: Report, error: BaseException | None) -> Kind | None:
    """The kind of trouble that a pass is recorded with: of its report, or of what ended it. None
    also where it has only left something to a later one.
    """
    if error is not None and not isinstance(error, CfsyncError):
        return "error" if isinstance(error, Exception) else None
    found = trouble_of(report)
    return found[0] if found and found[0] != "put_off" else None
