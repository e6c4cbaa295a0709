"""What a pass says when it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from cfsync.errors import CfsyncError
from cfsync.mirror.progress.runs import PassName, RunState


@dataclass(slots=True)
class Report:
    """What one pass has done."""

    name: PassName
    state: RunState = RunState.DONE
    #: Resource -> what became of its records: new, changed, unchanged, deleted, held, ...
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    requests: int = 0
    #: How many things wait for a person.
    waiting: int = 0
    #: Lists that the token may not read.
    unreachable: list[str] = field(default_factory=list)
    #: Resources that the account, its plan or the token doesn't have, when this is new.
    absent: list[str] = field(default_factory=list)
    #: Lists that came in no order, so that deletions could not be found.
    unproved: list[str] = field(default_factory=list)
    #: What went wrong, a line each, without personal data.
    problems: list[str] = field(default_factory=list)
    #: Records of a plan that were not sent because they have changed since.
    outdated: list[str] = field(default_factory=list)
    #: Resources that a person has paused.
    paused: list[str] = field(default_factory=list)
    #: Resources that were left out because their table, or one above, is not as cfsync made it.
    unusable: list[str] = field(default_factory=list)
    #: It has left edits to a later pass, for no fault of ClickFunnels.
    put_off: bool = False
    #: The number of a push that sent something.
    batch: int | None = None
    #: (resource, id) of the rows that count as refused.
    refused: set[tuple[str, int]] = field(default_factory=set)
    #: The duration, in seconds.
    seconds: float = 0.0
    #: The error that ended the pass, or after which it may not go on yet; None if there is none.
    cause: CfsyncError | None = None

    def add(self, resource: str, **counts: int) -> None:
        found = self.counts.setdefault(resource, Counter())
        found.update({name: n for name, n in counts.items() if n})

    def add_refused(self, resource: str, ids: Collection[int]) -> None:
        """Count the rows that a constraint or trigger of the user's refuses, each once."""
        rows = {(resource, record_id) for record_id in ids} - self.refused
        self.refused |= rows
        self.add(resource, refused=len(rows))

    def total(self, name: str) -> int:
        return sum(counts[name] for counts in self.counts.values())

    @property
    def is_done(self) -> bool:
        """Whether the pass came to its end."""
        return self.state == RunState.DONE

    @property
    def is_stopped(self) -> bool:
        """Whether it ended early, with everything kept, and goes on when it is started again."""
        return self.state == RunState.STOPPED

    @property
    def exit_code(self) -> int:
        """0 done, 1 a list failed, 2 a table is broken, 4 stopped before the end, 5 something waits
        for a person.
        """
        if not self.is_done:
            return (self.cause or CfsyncError).exit_code if self.state == RunState.FAILED else 4
        return 5 if self.waiting or self.unreachable or self.unproved or self.outdated else 0

    @property
    def idle(self) -> bool:
        """Whether nothing came of it: no record was touched."""
        return not any(set(+counts) - {"unchanged"} for counts in self.counts.values())

    @property
    def quiet(self) -> bool:
        """Whether it found nothing to do and nothing to say."""
        said = self.problems or self.unreachable or self.unproved or self.outdated
        return self.is_done and self.idle and not said
