"""One process at a time pushes a resource.

If two passes sent edits of one record at the same time, one could send an older value after the
other's newer one, unnoticed. A lock ends with its process, however that ends, and when the process
is suspended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager

from cfsync.mirror.db.engine import Mirror


def hold(
    mirror: Mirror, names: Sequence[str], lost: Callable[[], object]
) -> AbstractAsyncContextManager[Collection[str]]:
    """Enter with those of the resources that no other process pushes; none will before the block
    ends. Passes of one process on SQLite share the lock. `lost` is called if the server takes the
    locks away: then nothing more may be sent. Raises Away.
    """
    return mirror.push_locks.hold(names, lost)
