"""How several processes part one rate limit among them. Pure."""

from __future__ import annotations

from collections.abc import Collection

SATED = 0.9
"""Who uses less than this of an equal part does not want all of it."""


def fair_share(limit: float, others: Collection[float]) -> float:
    """What one process may take of a limit of which others use so much each: what those leave who
    use less than an equal part, in equal parts with the rest (max-min fairness). All are requests a
    second.
    """
    left, sharers = limit, len(others) + 1
    for use in sorted(others):
        if use >= SATED * left / sharers:
            break
        left, sharers = left - use, sharers - 1
    return left / sharers
