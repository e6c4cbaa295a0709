"""Which notices were told, so that of several daemons, or of one that is restarted, only one tells.

Each is a row of `cf_meta`: its kind, and when it was told.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import meta
from cfsync.times import later

_CLAIM = sa.text(
    "INSERT INTO cf_meta (key, value) VALUES (:key, :now)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE cf_meta.value < :since"
    " RETURNING key"
)


def claim(tx: Tx, kinds: Collection[str], again_s: float) -> set[str]:
    """Those of the kinds that nobody has told for `again_s` seconds; they count as told now."""
    rows = [
        {"key": meta.TOLD + kind, "now": tx.now, "since": later(tx.now, -again_s)} for kind in kinds
    ]
    found = [tx.conn.execute(_CLAIM, row).scalar() for row in rows]
    return {key.removeprefix(meta.TOLD) for key in found if key}


def known(tx: Tx) -> set[str]:
    """The kinds that were told and not forgotten."""
    return set(meta.with_prefix(tx.conn, meta.TOLD))


def forget(tx: Tx, kinds: Collection[str]) -> None:
    """Count these as not told: they are over, or nobody could be reached."""
    for kind in kinds:
        meta.delete(tx.conn, meta.TOLD + kind)
