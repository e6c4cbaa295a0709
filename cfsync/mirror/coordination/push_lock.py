"""One process at a time pushes a resource.

Of two passes that send edits of one record at once, one could send an older value after the other's
newer one, and nobody would see it. A lock ends with its process, whatever ends that, and where it
is paused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager

from cfsync.mirror.db.engine import Mirror


def hold(
    mirror: Mirror, names: Sequence[str], lost: Callable[[], object]
) -> AbstractAsyncContextManager[Collection[str]]:
    """Gives those of the resources that no other process pushes; nobody else will before the block
    ends. Passes of one process on SQLite share the lock. `lost` is called if the server takes the
    locks away: nothing more may be sent. Raises Away.
    """
    return mirror.push_locks.hold(names, lost)
