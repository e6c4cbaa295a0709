"""How many of the edits that wait a push has dealt with, for the progress that is shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from types import MappingProxyType

from cfsync.sync.progress import Progress


class EditsDone:
    """The edits (seq) of each resource that waited when the push began."""

    def __init__(
        self,
        progress: Progress | None = None,
        waited: Mapping[str, Set[int]] = MappingProxyType({}),
    ) -> None:
        self._progress = progress or Progress()
        self._of = {resource: len(seqs) for resource, seqs in waited.items()}
        self._left = {resource: set(seqs) for resource, seqs in waited.items()}
        self._batch: int | None = None
        #: Edits that may still need a call; unlike `_left`, those of resources that are over stay.
        self._unsettled: dict[str, set[int]] = {}

    def left(self, batch: int, seqs: Mapping[str, Set[int]]) -> None:
        """Only these are to be sent, as this batch; the others are held."""
        self._batch = batch
        self._left = {name: left & seqs.get(name, set()) for name, left in self._left.items()}
        self._left = {name: left for name, left in self._left.items() if left}
        self._of = {resource: len(left) for resource, left in self._left.items()}
        self._unsettled = {resource: set(left) for resource, left in self._left.items()}

    def announce(self) -> None:
        """Called before each call; the first time it says what is sent. Edits that turned out to
        need no call are not counted.
        """
        if self._batch is None:
            return
        found = {name: len(seqs) for name, seqs in self._unsettled.items() if seqs}
        if found:
            self._progress.announce(self._batch, found)
            self._batch = None

    def begin(self, resource: str) -> None:
        self.add(resource, ())

    def add(self, resource: str, seqs: Collection[int]) -> None:
        """These edits are dealt with: sent, parked, or left to another push."""
        self._unsettled.get(resource, set()).difference_update(seqs)
        if resource in self._left:
            self._left[resource].difference_update(seqs)
            self._show(resource)

    def end(self, resource: str) -> None:
        """All are; those that nothing could be done about, too."""
        if self._left.pop(resource, None):
            self._progress.sending(resource, done=self._of[resource], of=self._of[resource])

    def _show(self, resource: str) -> None:
        of = self._of[resource]
        self._progress.sending(resource, done=of - len(self._left[resource]), of=of)
