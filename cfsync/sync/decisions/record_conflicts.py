"""Resolves conflicts about whole records: a row or a record that one side deleted, or a row that no
trigger captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cfsync.errors import UsageError
from cfsync.merge import Winner
from cfsync.mirror.bookkeeping import conflicts, open_edits, outbox, rows
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import Op, OutboxState
from cfsync.mirror.capture.rules import insertable_values
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.history.person import by_person
from cfsync.mirror.user_decisions import deleted_remotely, discard, uncaptured_rows, waiting_edits
from cfsync.resources import Resource


class Outcome(NamedTuple):
    """What a resolution has done."""

    #: Whether the next push has something to send.
    edited: bool
    #: The row's id afterwards, a provisional one if the record is created again.
    record_id: int


def resolve(tx: Tx, resource: Resource, conflict: Conflict, choice: str) -> Outcome:
    """Resolve it by "local" or "remote". Raises UsageError for another choice."""
    if choice == "value":
        raise UsageError(f"conflict {conflict.id} is about a whole record: it has no --value")
    return _BY_KIND[conflict.kind](tx, resource, conflict, choice)


def _resolve_remote_deletion(
    tx: Tx, resource: Resource, conflict: Conflict, choice: str
) -> Outcome:
    """Resolve the deletion of a record in ClickFunnels, and with it all conflicts about it."""
    about_it = conflicts.find(tx, resources=[resource.name], record_id=conflict.record_id)
    if choice == "remote":
        deleted_remotely.accept_deletion(tx, resource, conflict.record_id)
        conflicts.resolve(tx, about_it, Winner.CLICKFUNNELS)
        return Outcome(False, conflict.record_id)
    given = insertable_values(resource, row_of(tx, resource, conflict, anew=True))
    new_id = deleted_remotely.recreate(tx, resource, conflict.record_id, given)
    conflicts.resolve(tx, about_it, Winner.LOCAL)
    return Outcome(True, new_id)


def _resolve_local_deletion(tx: Tx, resource: Resource, conflict: Conflict, choice: str) -> Outcome:
    """Resolve the delete of a row whose record was changed in ClickFunnels."""
    entry = open_edits.load(tx, resource, [conflict.record_id]).get(conflict.record_id)
    edits = entry.edits if entry else []
    held = [r for r in edits if r.op == Op.DELETE and r.state == OutboxState.HELD]
    if choice == "local":
        waiting_edits.approve(tx, [r.seq for r in held])
    elif held:
        kept = [r for r in edits if r not in held]
        discard.take_back(tx, resource, conflict.record_id, held, kept)
        outbox.discard(tx, [r.seq for r in held])
    conflicts.resolve(tx, [conflict], Winner.LOCAL if choice == "local" else Winner.CLICKFUNNELS)
    return Outcome(choice == "local", conflict.record_id)


def _resolve_inserted(tx: Tx, resource: Resource, conflict: Conflict, choice: str) -> Outcome:
    """Resolve a row that was inserted while no trigger captured it."""
    record_id = conflict.record_id
    if choice == "local":
        given = row_of(tx, resource, conflict, anew=True)
        record_id = uncaptured_rows.make_insert(tx, resource, given)
    else:
        rows.delete(tx, resource, record_id, by_person())
    conflicts.resolve(tx, [conflict], Winner.LOCAL if choice == "local" else Winner.CLICKFUNNELS)
    return Outcome(choice == "local", record_id)


_BY_KIND = {
    ConflictKind.DELETED_REMOTELY: _resolve_remote_deletion,
    ConflictKind.DELETED_HERE: _resolve_local_deletion,
    ConflictKind.DRIFT: _resolve_inserted,
}


def row_of(
    tx: Tx, resource: Resource, conflict: Conflict, *, anew: bool = False
) -> Mapping[str, Any]:
    """The conflict's row. Raises UsageError if it is gone or, with `anew`, can't be created."""
    found = statements.load(tx, TABLES[resource.name], [conflict.record_id])
    if conflict.record_id not in found:
        raise UsageError(
            f"{resource.name} {conflict.record_id} is no longer in the mirror: only --remote ends"
            f" conflict {conflict.id}"
        )
    if anew and not resource.is_creatable(found[conflict.record_id]):
        raise UsageError(f"{resource.name} can't be created: {resource.refuse_insert}")
    return found[conflict.record_id]
