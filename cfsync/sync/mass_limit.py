"""The number of changes at once that need a person's approval. Pure.

One rule holds for records that are missing in ClickFunnels and for rows that users delete; updates
are limited by their share of the rows only.
"""

from __future__ import annotations

DELETIONS_FROM = 10
"""Deletions below this number are never too many for their share of the rows."""
UPDATES_FROM = 50
"""Updated rows below this number are never too many for their share of the rows."""


def too_many(missing: int, rows: int, *, max_count: int, max_fraction: float) -> bool:
    """Whether so many of a workspace's `rows` are missing that a person must approve. Pure."""
    return missing > max_count or is_large_share(
        missing, rows, max_fraction=max_fraction, at_least=DELETIONS_FROM
    )


def is_large_share(changed: int, rows: int, *, max_fraction: float, at_least: int) -> bool:
    """Whether the `changed` ones are too large a share of a workspace's `rows`. Pure."""
    return changed >= at_least and changed > rows * max_fraction
