"""The ClickFunnels API: `Api`, and walks over its lists. The only package that knows HTTP.

Calls come in as a `Resource` or `Listing` with values; records, pages and errors (`cfsync.errors`)
come out, all of them after the budget has let the request go. Read them in this order:

    client      `Api`: the calls as methods
    sender      one call: its place in the budget, its repeats, its line in the log
    transport   HTTP
    gateway     the errors that a gateway in front of the API answers with itself
    parameters  a call's query and body
    codec       an answer to records, or to the error that it is
    budget      which request goes next; built on `rate` (requests per second, learned), `window`
                (requests in flight, learned), `turns` (priorities and guaranteed shares), `pause`
                (after a wait that the server asked for) and `share` (several processes, one limit)
    retry       whether and when a failed call is repeated
    pages       walks over a list, page by page
    filter_results  the ids of all records that a saved filter matches, in a few answers
"""

from __future__ import annotations

from cfsync.api.budget import Budget
from cfsync.api.client import Api
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
from cfsync.api.turns import Priority

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
