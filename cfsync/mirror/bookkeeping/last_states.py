"""What deleted records held last, as far as the mirror still has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.decode import decode_record
from cfsync.mirror.bookkeeping.outbox import AT_ONCE, Op, OutboxState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHANGES, OUTBOX, TOMBSTONES
from cfsync.mirror.history.changes import ChangeOp
from cfsync.records import Listing
from cfsync.resources.model import Resource
from cfsync.values import json_of

_Deletes = dict[int, list[tuple[int, str, Mapping[str, Any]]]]
"""Record id -> number, state and patch of its deletes."""


def load(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Id -> the values that a deleted record had last, by the history, or else by the proof that it
    is gone; {}: they were removed. Only of those that one of them knows.
    """
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        deletes, proofs = _deletes(tx, resource, some), _proofs(tx, resource, some)
        for record_id in deletes.keys() | proofs.keys():
            shown = proofs.get(record_id, {})
            state = _last(resource, deletes.get(record_id, []), shown)
            if state is not None:
                found[record_id] = state
    return found


def _last(
    resource: Resource,
    deletes: Sequence[tuple[int, str, Mapping[str, Any]]],
    shown: Mapping[str, Any],
) -> dict[str, Any] | None:
    # Of a discarded one the row came back, unless it was never sent.
    told = [one for one in deletes if one[1] != OutboxState.DISCARDED]
    if not (told or shown):
        told = [*deletes]
    if not told:
        return dict(shown) or None
    *_, patch = max(told, key=lambda one: one[0])
    copies = {f.name: shown.get(f.name) for f in resource.columns if f.merge == "quote"}
    return {**copies, **{name: pair[0] for name, pair in patch.items() if name in resource.by_name}}


def _deletes(tx: Tx, resource: Resource, ids: Sequence[int]) -> _Deletes:
    found: _Deletes = {}
    o, c = OUTBOX.c, CHANGES.c
    edits = sa.select(o.record_id, o.seq, o.state, o.patch).where(
        o.resource == resource.name, o.record_id.in_(ids), o.op == Op.DELETE
    )
    done = sa.literal(str(OutboxState.DONE))
    told = sa.select(c.record_id, c.seq, done, c.patch).where(
        c.resource == resource.name, c.record_id.in_(ids), c.op == ChangeOp.DELETE
    )
    for query in (edits, told):
        for record_id, *one in tx.conn.execute(query):
            found.setdefault(record_id, []).append((one[0], one[1], one[2]))
    return found


def _proofs(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The values in the proofs that records are gone, of those that hold some."""
    names = ["record_id", "body", "parent_id", "workspace_id"]
    found: dict[int, dict[str, Any]] = {}
    for row in statements.by_ids(tx, TOMBSTONES, names, ids, resource=resource.name):
        record_id, body, parent_id, workspace_id = row
        if body:
            listing = Listing(resource.name, parent_id or 0, workspace_id)
            values = decode_record(resource, json_of(body), listing).values
            found[record_id] = {n: v for n, v in values.items() if v or n != resource.parent_field}
    return found
