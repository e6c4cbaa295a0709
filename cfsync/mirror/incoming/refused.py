"""Writing records one by one, after a constraint or trigger of the user's refused one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from cfsync.mirror.db.engine import Tx, savepoint, try_write

Write = Callable[[], object]


def write_each(
    tx: Tx, table: str, writes: Mapping[int, Write], release: Mapping[int, Write]
) -> dict[int, str]:
    """Run the write of each record by itself; returns the database's words for those that are
    refused. These are tried again as long as others succeed: the row in the way may have moved.

    Rows that are in each other's way, such as two that swap a value, move together: `release` has,
    for those that may, what takes back their present values for a moment.
    """
    left = dict(writes)
    while left:
        refused = {i: words for i in left if (words := try_write(tx, left[i], (table, i)))}
        if len(refused) == len(left):
            movable = [i for i in left if i in release and (table, i) not in tx.refused]
            moved = _move_together(tx, left, release, movable)
            return {i: words for i, words in refused.items() if i not in moved}
        left = {i: left[i] for i in refused}
    return {}


def _move_together(
    tx: Tx, writes: Mapping[int, Write], release: Mapping[int, Write], ids: Collection[int]
) -> Collection[int]:
    """Release the rows, then write them; returns those for which that worked. One that is refused
    all the same keeps its values, so that no other row gets them.
    """
    while len(ids) > 1:
        with savepoint(tx) as attempt:
            refused = {i for i in ids if try_write(tx, release[i])}
            tx.new_rev()
            refused |= {i for i in ids if i not in refused and try_write(tx, writes[i])}
            if not refused:
                return ids
            attempt.rollback()
        ids = [i for i in ids if i not in refused]
    return ()
