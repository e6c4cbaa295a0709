"""Who was redacted: digests of their email addresses, by which an import recognizes them.

A digest is made with a key of the mirror's own. No address can be read from it; who has the mirror
can test whether an address is among them. It goes with the tombstone of the record.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.tombstones import Cause
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import META, TOMBSTONES
from cfsync.mirror.progress import meta
from cfsync.resources.model import Resource


@dataclass(frozen=True, slots=True)
class Redacted:
    """The redacted records of a resource."""

    _key: str = ""
    #: Digest -> id of the record.
    _ids: dict[str, int] = field(default_factory=dict)

    def id_of(self, value: Any) -> int | None:
        """The id of the record that had this value, in lower case; None: none had it."""
        return self._ids.get(_digest(self._key, str(value))) if self._ids else None


def note(tx: Tx, resource: Resource, record_id: int, values: Iterable[str]) -> None:
    """Note the values, in lower case, of the upsert key that a redacted record has had."""
    if (key := meta.get(tx.conn, meta.REDACTED_KEY)) is None:
        key = secrets.token_hex(32)
        meta.put(tx.conn, meta.REDACTED_KEY, key)
    for value in values:
        name = f"{meta.REDACTED}{resource.name}/{_digest(key, value)}"
        meta.put(tx.conn, name, str(record_id))


def load(tx: Tx, resource: Resource) -> Redacted:
    """Who is known to be redacted."""
    found = meta.with_prefix(tx.conn, f"{meta.REDACTED}{resource.name}/")
    ids = {digest: int(record_id) for digest, record_id in found.items()}
    return Redacted(meta.get(tx.conn, meta.REDACTED_KEY) or "", ids)


def forget(tx: Tx) -> None:
    """Delete the digests of records whose tombstone is gone."""
    kept = sa.select(sa.cast(TOMBSTONES.c.record_id, sa.Text)).where(
        TOMBSTONES.c.cause == Cause.REDACTED
    )
    begins = META.c.key.startswith(meta.REDACTED, autoescape=True)
    tx.conn.execute(sa.delete(META).where(begins, META.c.value.not_in(kept)))


def _digest(key: str, value: str) -> str:
    return hmac.digest(key.encode(), value.encode(), "sha256").hex()[:32]
