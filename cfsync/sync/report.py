"""What a pass says when it ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cfsync.errors import CfsyncError
from cfsync.mirror.bookkeeping.runs import PassName, RunState


@dataclass(slots=True)
class Report:
    """`counts`: resource -> what became of its records (new, changed, unchanged, drift, deleted,
    held, ...). `waiting`: how many things wait for a human. `unreachable`: lists that the token
    may not read. `unproved`: lists that came in no order, so that deletions could not be seen.
    `problems`: one line each, no people's data. `outdated`: records of a plan that were not sent,
    since they are not as they were when it was made. `batch`: the number of a push that sent
    something. `seconds`: wall time. `cause`: the error that stopped it.
    """

    name: PassName
    state: RunState = RunState.DONE
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    requests: int = 0
    waiting: int = 0
    unreachable: list[str] = field(default_factory=list)
    unproved: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    batch: int | None = None
    seconds: float = 0.0
    cause: CfsyncError | None = None

    def add(self, resource: str, **counts: int) -> None:
        found = self.counts.setdefault(resource, Counter())
        found.update({name: n for name, n in counts.items() if n})

    def total(self, name: str) -> int:
        return sum(counts[name] for counts in self.counts.values())

    @property
    def exit_code(self) -> int:
        """0 done, 1 a list failed, 4 stopped before the end, 5 something waits for a human."""
        if self.state != RunState.DONE:
            return 1 if self.state == RunState.FAILED else 4
        return 5 if self.waiting or self.unreachable or self.unproved or self.outdated else 0

    @property
    def idle(self) -> bool:
        """Whether nothing came of it: no record was touched."""
        return not any(set(+counts) - {"unchanged"} for counts in self.counts.values())

    @property
    def quiet(self) -> bool:
        """Whether it found nothing to do and nothing to say."""
        said = self.problems or self.unreachable or self.unproved or self.outdated
        return self.state == RunState.DONE and self.idle and not said
