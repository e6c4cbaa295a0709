"""How many of the edits that wait a push has dealt with, for the progress that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
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

    def left(self, batch: int, seqs: Mapping[str, Set[int]]) -> None:
        """Only these are to be sent, as this batch; the others are held."""
        self._left = {name: left & seqs.get(name, set()) for name, left in self._left.items()}
        self._left = {name: left for name, left in self._left.items() if left}
        self._of = {resource: len(left) for resource, left in self._left.items()}
        if self._of:
            self._progress.announce(batch, self._of)

    def begin(self, resource: str) -> None:
        self.add(resource, ())

    def add(self, resource: str, seqs: Iterable[int]) -> None:
        """These edits are dealt with: sent, parked, or left to another push."""
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
