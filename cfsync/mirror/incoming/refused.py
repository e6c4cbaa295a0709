"""Writing records one by one, after a constraint or trigger of the user's refused one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cfsync.mirror.db.engine import Tx, try_write


def write_each(tx: Tx, writes: Mapping[int, Callable[[], object]]) -> dict[int, str]:
    """Run the write of each record by itself; returns the database's words for those that are
    refused. These are tried again as long as others succeed: the row in the way may have moved.
    """
    left = dict(writes)
    while left:
        refused = {i: words for i, write in left.items() if (words := try_write(tx, write))}
        if len(refused) == len(left):
            return refused
        left = {i: left[i] for i in refused}
    return {}
