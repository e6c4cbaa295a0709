"""Which notices were told, so that of several daemons, or of one that is restarted, only one tells.

Each is a row of `cf_meta`: its kind, and when it was told.
"""

from __future__ import annotations

from collections.abc import Collection

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import meta
from cfsync.values import later


def claim(tx: Tx, kinds: Collection[str], again_s: float) -> set[str]:
    """Those of the kinds that nobody has told for `again_s` seconds; they count as told now."""
    told, since = meta.with_prefix(tx.conn, meta.TOLD), later(tx.now, -again_s)
    new = {kind for kind in kinds if told.get(kind, "") < since}
    for kind in new:
        meta.put(tx.conn, meta.TOLD + kind, tx.now)
    return new


def forget(tx: Tx, kinds: Collection[str]) -> None:
    """Count these as not told: they are over, or nobody could be reached."""
    for kind in kinds:
        meta.delete(tx.conn, meta.TOLD + kind)
