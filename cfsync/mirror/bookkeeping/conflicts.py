"""Conflicts: the losing value is always kept, with base, local and remote, until someone looks."""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.merge import Conflict
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS
from cfsync.resources.model import Resource


def record(tx: Tx, resource: Resource, record_id: int, conflict: Conflict) -> None:
    """Open a conflict. One that is open on the same field steps back, its values kept."""
    tx.conn.execute(
        sa.update(CONFLICTS)
        .where(
            CONFLICTS.c.resource == resource.name,
            CONFLICTS.c.record_id == record_id,
            CONFLICTS.c.field == conflict.field,
            CONFLICTS.c.state == "open",
        )
        .values(state="superseded")
    )
    tx.conn.execute(
        sa.insert(CONFLICTS).values(
            resource=resource.name,
            record_id=record_id,
            field=conflict.field,
            base=conflict.base,
            local=conflict.local,
            remote=conflict.remote,
            winner=conflict.winner,
            state="open",
            found_at=tx.now,
        )
    )
    named = {"resource": resource.name, "id": record_id, "field": conflict.field}
    tx.warnings.append(("conflict.found", named | {"winner": conflict.winner}))
