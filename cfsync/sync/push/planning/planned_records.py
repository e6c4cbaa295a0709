"""The records of a plan, in a temporary file: they may be very many."""

from __future__ import annotations

import os
import pickle
import weakref
from collections.abc import Collection, Iterator
from dataclasses import replace

from cfsync.mirror.temporary_file import temporary_file
from cfsync.sync.push.planning.cost import Planned


class PlannedRecords:
    """Planned records, in the order of the plan."""

    def __init__(self) -> None:
        self._file = temporary_file()
        weakref.finalize(self, self._file.close)
        self._count = 0
        self._in_bulk: set[int] = set()

    def append(self, record: Planned) -> None:
        self._file.seek(0, os.SEEK_END)
        pickle.dump(record, self._file)
        self._count += 1

    def mark_bulk(self, places: Collection[int]) -> None:
        """The records at these places go in bulk."""
        self._in_bulk.update(places)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Planned]:
        position = 0
        for place in range(self._count):
            self._file.seek(position)
            record = pickle.load(self._file)  # noqa: S301 this process has written it
            position = self._file.tell()
            yield replace(record, is_bulk=True) if place in self._in_bulk else record
