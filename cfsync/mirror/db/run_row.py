"""The row of `cf_runs` of the pass to which a transaction belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class RunRow:
    """A row that `progress.runs` inserts when something refers to it, or when the pass ends."""

    #: What is known when the pass begins.
    values: Mapping[str, Any]
    #: Its id, once it was inserted; the transaction that has inserted it may have been rolled back.
    id: int | None = None
