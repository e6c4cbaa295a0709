"""The ClickFunnels API: `Api` and its walks. The only room that knows HTTP."""

from __future__ import annotations

from cfsync.api.budget import Budget
from cfsync.api.client import Api, Priority
from cfsync.api.codec import Answer
from cfsync.api.pages import (
    Unsorted,
    walk_as_listed,
    walk_by_id,
    walk_newest_first,
    walk_whole,
)
from cfsync.api.rate import Rate
from cfsync.api.retry import Retry
from cfsync.api.sender import Watcher

__all__ = [
    "Answer",
    "Api",
    "Budget",
    "Priority",
    "Rate",
    "Retry",
    "Unsorted",
    "Watcher",
    "walk_as_listed",
    "walk_by_id",
    "walk_newest_first",
    "walk_whole",
]
