"""Rows whose record exists, and which a constraint or trigger of the user's keeps from its id."""

from __future__ import annotations

from cfsync.mirror.bookkeeping import ids, outbox, rows
from cfsync.mirror.bookkeeping.reasons import OWN_KEY
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx, savepoint
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.db.tables import TABLES
from cfsync.resources import Resource


def explain(tx: Tx, resource: Resource, local_id: int, error: Constrained) -> str:
    """The reason of an insert whose row could not take its real id: it names the foreign keys that
    are in the way.
    """
    keys = tx.dialect.keys_in_the_way(tx.conn, resource.name, local_id, error.words)
    return f"{OWN_KEY} {' and '.join(keys)} has no ON UPDATE CASCADE" if keys else str(error)


def retry_if_free(tx: Tx, resource: Resource, seq: int, local_id: int) -> None:
    """Let the next push try a parked insert again. Raises Constrained, and the edit stays as it is,
    where the row still can't take its real id.
    """
    real_id = ids.find_real_ids(tx, [(resource.name, local_id)]).get((resource.name, local_id))
    if real_id is not None:
        with savepoint(tx) as attempt:
            _take_id(tx, resource, local_id, real_id)
            tx.dialect.check_deferred(tx.conn)
            attempt.rollback()
    outbox.try_again(tx, [seq])


def _take_id(tx: Tx, resource: Resource, local_id: int, real_id: int) -> None:
    both = statements.load(tx, TABLES[resource.name], [local_id, real_id])
    if local_id in both and real_id in both:
        rows.take_place(tx, resource, local_id, both[real_id])
    elif local_id in both:
        rows.change_id(tx, resource, local_id, real_id)
