"""Times in canonical form, `2025-05-21T12:18:51.772Z`: made, compared and moved. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def time_text(moment: datetime) -> str:
    """A time in the API's own form, UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(since: str, until: str) -> float:
    """The seconds from one canonical time to another."""
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()


AHEAD_S = 300.0
"""So many seconds a record's time may lie ahead of a clock, since clocks differ a little."""


def is_ahead(time: str | None, now: str) -> bool:
    """Whether a record's time lies in the future, so that it says nothing about when the record
    changed. Both are canonical; None says nothing either, and is not ahead.
    """
    return time is not None and seconds(now, time) > AHEAD_S


def later(time: str, by: float) -> str:
    """The canonical time `by` seconds after another; before it, if negative."""
    return time_text(datetime.fromisoformat(time) + timedelta(seconds=by))
