"""What a person decides about edits that wait: approve a held one, retry a parked one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.merge import Winner
from cfsync.mirror.bookkeeping import conflicts, outbox
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import Edit, Op, OutboxState
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX


def approve(tx: Tx, seqs: Collection[int]) -> list[Edit]:
    """Let held edits go, also a delete that is in conflict: the conflict is resolved with it. All
    that is held of a record goes with its insert. Raises UsageError for an edit that isn't held,
    or whose record ClickFunnels has deleted.
    """
    edits = outbox.lock(tx, seqs, (OutboxState.HELD,), wanted="held")
    about = _about_records(tx, edits)
    for edit in edits:
        found = about.get((edit.resource, edit.record_id), [])
        if gone := [c for c in found if c.kind == ConflictKind.DELETED_REMOTELY]:
            raise UsageError(
                f"edit {edit.seq} is of a record that ClickFunnels no longer has:"
                f" cfsync conflicts resolve {gone[0].id} --local | --remote"
            )
        if edit.op == Op.DELETE:
            conflicts.resolve(tx, found, Winner.LOCAL)
    with_insert = [_held_of(e) for e in edits if e.op == Op.INSERT]
    return outbox.release(tx, sa.or_(OUTBOX.c.seq.in_(seqs), *with_insert), approved=True)


def _about_records(tx: Tx, edits: Sequence[Edit]) -> dict[tuple[str, int], list[Conflict]]:
    """(resource, record id) -> the open conflicts about that record as a whole."""
    found: dict[tuple[str, int], list[Conflict]] = {}
    for conflict in conflicts.find(tx, resources={e.resource for e in edits}):
        if conflict.is_about_record:
            found.setdefault((conflict.resource, conflict.record_id), []).append(conflict)
    return found


def _held_of(edit: Edit) -> sa.ColumnElement[bool]:
    return sa.and_(
        OUTBOX.c.resource == edit.resource,
        OUTBOX.c.record_id == edit.record_id,
        OUTBOX.c.state == OutboxState.HELD,
    )


def retry(tx: Tx, seqs: Collection[int], *, make_another: bool = False) -> list[Edit]:
    """Send parked edits once more. With `make_another`, an insert that may have arrived is created
    again. Raises UsageError for an edit that isn't parked, and for such an insert without it.
    """
    for edit in outbox.lock(tx, seqs, (OutboxState.PARKED,), wanted="parked"):
        if edit.may_exist and not make_another:
            raise UsageError(
                f"edit {edit.seq} may have arrived, and a retry may make a second record: give it"
                f" the record it is (cfsync outbox adopt {edit.seq} ID), or use --make-another"
            )
    return outbox.release(tx, OUTBOX.c.seq.in_(seqs))
