"""How several processes share one rate limit. Pure."""

from __future__ import annotations

from collections.abc import Collection

CONTENT = 0.9
"""A process that uses less than this part of an equal share does not want all of it."""


def fair_share(limit: float, others: Collection[float]) -> float:
    """The requests per second that one process may make of a `limit` of which `others` use so many
    each. Processes that use less than an equal share keep what they use; the rest is divided
    equally (max-min fairness).
    """
    left, sharers = limit, len(others) + 1
    for use in sorted(others):
        if use >= CONTENT * left / sharers:
            break
        left, sharers = left - use, sharers - 1
    return left / sharers
