"""How many deletions at once are too many to be carried out unasked. Pure.

The same limit stands before what is missing in ClickFunnels and before what users delete by SQL.
"""

from __future__ import annotations


def too_many(missing: int, rows: int, *, max_count: int, max_fraction: float) -> bool:
    """The guard: whether so many of a workspace's rows are missing that a human must say. Pure."""
    return missing > max_count or (missing >= 10 and missing > rows * max_fraction)
