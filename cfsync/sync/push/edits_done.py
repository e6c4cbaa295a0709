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
        #: Those of which it is not known that nothing is sent, in resources that are over, too.
        self._unsettled: dict[str, set[int]] = {}

    def left(self, batch: int, seqs: Mapping[str, Set[int]]) -> None:
        """Only these are to be sent, as this batch; the others are held."""
        self._batch = batch
        self._left = {name: left & seqs.get(name, set()) for name, left in self._left.items()}
        self._left = {name: left for name, left in self._left.items() if left}
        self._of = {resource: len(left) for resource, left in self._left.items()}
        self._unsettled = {resource: set(left) for resource, left in self._left.items()}

    def announce(self) -> None:
        """Something is about to be sent: say what, the first time. ClickFunnels may have had the
        values of all that was looked at before.
        """
        batch, self._batch = self._batch, None
        if batch is not None:
            found = {name: len(seqs) for name, seqs in self._unsettled.items() if seqs}
            self._progress.announce(batch, found)

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
