"""How far long work on rows has come, for whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable

RowProgress = Callable[[str, int, int | None], None]
"""Told what the rows are, how many are done, and of how many, where that is known."""


def untold(_what: str, _done: int, _of: int | None) -> None:
    """Tell nobody."""
