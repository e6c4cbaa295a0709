"""How many records ClickFunnels has counted in a workspace when it was last asked."""

from __future__ import annotations

import json
from collections.abc import Collection

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import meta


def save(tx: Tx, resource: str, workspace_id: int, records: int) -> None:
    """Keep a count."""
    text = json.dumps({"at": tx.now, "records": records})
    meta.put(tx.conn, f"{meta.COUNTED}{resource}/{workspace_id}", text)


def total(tx: Tx, resource: str, workspaces: Collection[int]) -> tuple[int, str] | None:
    """The counts of all these workspaces together, and when the oldest was made; None where one of
    them was never counted.
    """
    found = meta.with_prefix(tx.conn, f"{meta.COUNTED}{resource}/")
    counts = [json.loads(found[str(w)]) for w in workspaces if str(w) in found]
    if not counts or len(counts) < len(workspaces):
        return None
    return sum(c["records"] for c in counts), min(c["at"] for c in counts)
