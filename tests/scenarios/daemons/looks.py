"""What daemons have looked at, and when: an edit in ClickFunnels that is made between a push's look
at a record and its write of it is overwritten unseen.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from random import Random
from urllib.parse import unquote

from cfsync.sandbox.faults.fault import Fault
from tests.scenarios.book import Book

LOOK_S = 10.0
"""How long after its look a push that nobody suspends has written, on a busy machine too."""


@dataclass
class Looks(Fault):
    """Stands first among the faults, so it sees each request, and strikes none. `asleep_since`:
    when the first of the daemons that are suspended now was; one may write as soon as it wakes.
    """

    kind: str = "meanwhile"
    book: Book = field(default_factory=Book)
    asleep_since: float | None = None
    _seen: list[tuple[float, str]] = field(default_factory=list)
    _open: dict[int, float] = field(default_factory=dict)

    def strikes(self, method: str, target: str, random: Random) -> bool:  # noqa: ARG002
        if method == "GET" and ("filter" in target or re.search(r"/\d+$", target)):
            self._seen.append((time.monotonic(), unquote(target)))
        return False

    def window(self, record: int, written: int) -> int | None:
        """The number in `book.pushes` of the push that may have looked at a record and not written
        it yet, where there is one; `written`: how many writes there are.
        """
        since = min(time.monotonic(), self.asleep_since or time.monotonic()) - LOOK_S
        name = re.compile(rf"(?<!\d){record}(?!\d)")
        if not any(at >= since and name.search(target) for at, target in self._seen):
            return None
        self.book.pushes.append((written, 10**9))
        self._open[len(self.book.pushes) - 1] = time.monotonic() + LOOK_S
        return len(self.book.pushes) - 1

    def close(self, written: int) -> None:
        """End the windows whose pushes must have written by now."""
        if self.asleep_since is None:
            for number in [n for n, end in self._open.items() if end < time.monotonic()]:
                del self._open[number]
                self.book.pushes[number] = (self.book.pushes[number][0], written)

    def awake(self) -> None:
        """Nobody is suspended any more: who was may write now."""
        self.asleep_since = None
        self._open = dict.fromkeys(self._open, time.monotonic() + LOOK_S)
