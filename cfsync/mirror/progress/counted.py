"""How many records ClickFunnels has counted in a workspace when it was last asked."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import meta


def save(tx: Tx, resource: str, workspace_id: int, records: int) -> None:
    """Keep a count."""
    text = json.dumps({"at": tx.now, "records": records})
    meta.put(tx.conn, f"{meta.COUNTED}{resource}/{workspace_id}", text)


def totals(tx: Tx, workspaces: Collection[int]) -> dict[str, tuple[int, str]]:
    """Resource -> the counts of all these workspaces together, and when the oldest was made. Those
    are left out that were never counted in one of them.
    """
    counts: dict[str, list[Mapping[str, Any]]] = {}
    for key, text in meta.with_prefix(tx.conn, meta.COUNTED).items():
        resource, _, workspace = key.partition("/")
        if int(workspace) in workspaces:
            counts.setdefault(resource, []).append(json.loads(text))
    return {
        resource: (sum(c["records"] for c in found), min(c["at"] for c in found))
        for resource, found in counts.items()
        if len(found) == len(workspaces)
    }
