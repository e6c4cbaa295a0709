"""The number of deletions at once that need a person's approval. Pure.

The same limit holds for records that are missing in ClickFunnels and rows that users delete by SQL.
"""

from __future__ import annotations


def too_many(missing: int, rows: int, *, max_count: int, max_fraction: float) -> bool:
    """Whether so many of a workspace's `rows` are missing that a person must approve. Pure."""
    return missing > max_count or (missing >= 10 and missing > rows * max_fraction)
