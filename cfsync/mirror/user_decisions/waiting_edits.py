"""What a person decides about edits that wait: approve a held one, retry a parked one."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.merge import Winner
from cfsync.mirror.bookkeeping import conflicts, outbox
from cfsync.mirror.bookkeeping.conflicts import ConflictKind, ConflictState
from cfsync.mirror.bookkeeping.outbox import Edit, Op, OutboxState
from cfsync.mirror.bookkeeping.reasons import UNKNOWN
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS, OUTBOX


def approve(tx: Tx, seqs: Collection[int]) -> list[Edit]:
    """Let held edits go, also a delete that is in conflict: the conflict is resolved with it. All
    that is held of a record goes with its insert. Raises UsageError for an edit that isn't held,
    or whose record ClickFunnels has deleted.
    """
    edits = outbox.lock(tx, seqs, (OutboxState.HELD,), wanted="held")
    for edit in edits:
        found = conflicts.find(tx, resources=[edit.resource], record_id=edit.record_id)
        if gone := [c for c in found if c.field == ConflictKind.DELETED_REMOTELY]:
            raise UsageError(
                f"edit {edit.seq} is of a record that ClickFunnels no longer has:"
                f" cfsync conflicts resolve {gone[0].id} --local | --remote"
            )
        if edit.op == Op.DELETE:
            about_delete = [c for c in found if c.field == ConflictKind.DELETED_HERE]
            conflicts.resolve(tx, about_delete, Winner.LOCAL)
    with_insert = [_held_of(e) for e in edits if e.op == Op.INSERT]
    return outbox.release(tx, sa.or_(OUTBOX.c.seq.in_(seqs), *with_insert), approved=True)


def _held_of(edit: Edit) -> sa.ColumnElement[bool]:
    return sa.and_(
        OUTBOX.c.resource == edit.resource,
        OUTBOX.c.record_id == edit.record_id,
        OUTBOX.c.state == OutboxState.HELD,
    )


def approve_all(tx: Tx, resource: str | None) -> list[Edit]:
    """Let all held updates and deletes go that are in no conflict; None: of all resources."""
    in_conflict = sa.exists().where(
        CONFLICTS.c.resource == OUTBOX.c.resource,
        CONFLICTS.c.record_id == OUTBOX.c.record_id,
        CONFLICTS.c.state == ConflictState.OPEN,
        CONFLICTS.c.field.in_(tuple(ConflictKind)),
    )
    held = [OUTBOX.c.state == OutboxState.HELD, OUTBOX.c.op != Op.INSERT, ~in_conflict]
    return outbox.release(tx, *held, *_of(resource), approved=True)


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


def retry_all(tx: Tx, resource: str | None) -> list[Edit]:
    """Send all parked edits once more but for inserts that may have arrived; None: of all
    resources.
    """
    refused = sa.not_(sa.func.coalesce(OUTBOX.c.error, "").startswith(UNKNOWN))
    return outbox.release(tx, OUTBOX.c.state == OutboxState.PARKED, refused, *_of(resource))


def _of(resource: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if resource is None else [OUTBOX.c.resource == resource]
