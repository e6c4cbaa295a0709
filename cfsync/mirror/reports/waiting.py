"""What waits for a person: how much of each kind.

Edits of a record that is in conflict as a whole are left out: the conflict decides about them.
"""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.conflicts import ConflictState
from cfsync.mirror.bookkeeping.outbox import OutboxState
from cfsync.mirror.bookkeeping.tombstones import TombstoneState
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS, EVENTS, OUTBOX, TOMBSTONES

_O, _C = OUTBOX.c, CONFLICTS.c

# spelled out, so that the partial indexes serve
_OPEN = _C.state == sa.literal_column(f"'{ConflictState.OPEN}'")
_UNDISPUTED = ~(
    sa.exists()
    .where(_C.resource == _O.resource, _C.record_id == _O.record_id, _OPEN, _C.field == "")
    .correlate(OUTBOX)
)


def counts(tx: Tx) -> dict[str, int]:
    """Kind of `cf_waiting` -> how many edits, conflicts, deletions or rows wait, of those with any.
    Of a mass each one counts, which is one line of `cf_waiting`.
    """
    waits = _O.state.in_((OutboxState.PARKED, OutboxState.HELD))
    edits = sa.select(_O.state, sa.func.count()).where(waits, _UNDISPUTED).group_by(_O.state)
    by_state = {str(state): int(n) for state, n in tx.conn.execute(edits)}
    refused = (EVENTS.c.source == "refused", EVENTS.c.state == "new")
    found = {
        "conflict": _count(tx, CONFLICTS, _OPEN),
        "parked": by_state.get(OutboxState.PARKED, 0),
        "held": by_state.get(OutboxState.HELD, 0),
        "deletion": _count(tx, TOMBSTONES, TOMBSTONES.c.state == TombstoneState.HELD),
        "refused": _count(tx, EVENTS, *refused),
    }
    return {kind: n for kind, n in found.items() if n}


def _count(tx: Tx, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*where)
    return int(tx.conn.execute(query).scalar_one())
