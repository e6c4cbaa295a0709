"""What an import has found, or done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cfsync.sync.importing.compare import Kind, Outcome

KEPT = 1_000
"""Lines of a kind that are named; all are counted."""
SAMPLES = 5
"""Changes that are kept with their values."""


@dataclass(slots=True)
class Report:
    """What the lines of a file are."""

    #: The number of the import; None: nothing was written.
    number: int | None = None
    counts: Counter[Kind] = field(default_factory=Counter)
    #: Kind -> (line, reason) of the first lines that need words.
    named: dict[Kind, list[tuple[int, str]]] = field(default_factory=dict)
    #: The first rows that are changed, and the first that are new, with their values.
    samples: dict[Kind, list[Outcome]] = field(default_factory=dict)
    #: Tags that were made, or are to be made.
    new_members: list[str] = field(default_factory=list)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        for one in outcomes:
            self.counts[one.kind] += 1
            if one.reason:
                lines = self.named.setdefault(one.kind, [])
                if len(lines) < KEPT:
                    lines.append((one.line, one.reason))
            if one.kind in (Kind.NEW, Kind.CHANGED):
                some = self.samples.setdefault(one.kind, [])
                if len(some) < SAMPLES:
                    some.append(one)

    @property
    def to_write(self) -> int:
        return self.counts[Kind.NEW] + self.counts[Kind.CHANGED]

    @property
    def exit_code(self) -> int:
        """5: some lines were left, and somebody has to look at them."""
        return 5 if self.counts[Kind.REFUSED] or self.counts[Kind.GONE] else 0
