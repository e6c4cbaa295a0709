"""Inserted rows whose record exists, or did, and which don't have its id: a constraint or trigger
of the user's keeps them from it, the call was never answered, or the record was deleted since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from cfsync.decode import decode_record
from cfsync.merge import Policy
from cfsync.mirror.bookkeeping import conflicts, ids, open_edits, outbox, rows, tombstones
from cfsync.mirror.bookkeeping.open_edits import OpenEdits
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Op, OutboxState
from cfsync.mirror.bookkeeping.reasons import OWN_KEY
from cfsync.mirror.bookkeeping.tombstones import Cause, Side, TombstoneState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx, savepoint
from cfsync.mirror.db.errors import Busy, Constrained
from cfsync.mirror.db.tables import BASE, TABLES, TOMBSTONES
from cfsync.mirror.history.changes import BY_PUSH
from cfsync.mirror.outgoing import answers, send_journal
from cfsync.mirror.outgoing.fold import Claim
from cfsync.records import PROVISIONAL_FROM, Listing
from cfsync.resources import Resource
from cfsync.values import equal, json_of


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


def known_as(tx: Tx, claim: Claim, given: Mapping[str, Any]) -> int | None:
    """The newest record that an unanswered call of the claim may have created, by what the mirror
    has of it, or had when it was deleted; None: it knows of none. Such a record is newer than the
    insert, of the same list, belongs to no other one, and has the values `given`, whatever the case
    of texts.
    """
    resource, listing = claim.resource, claim.listing
    parent = resource.parent_field
    of_list = {parent: listing.parent_id} if parent and listing else {}
    wanted = {**given, **of_list}
    newer = _mirrored(tx, claim, of_list, list(wanted))
    found = {i for i, values in newer if _has(resource, values, wanted)}
    return max(found - ids.already_assigned(tx, resource, found), default=None)


def _mirrored(
    tx: Tx, claim: Claim, of_list: Mapping[str, int], names: Iterable[str]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(id, values) of records that are newer than the claim's insert; the fields `names`, and of
    deleted ones all.
    """
    resource, table, stones = claim.resource, TABLES[claim.resource.name], TOMBSTONES.c
    since = (table.c.id > claim.highest_id, table.c.id < PROVISIONAL_FROM)
    near = (table.c[name] == value for name, value in of_list.items())
    columns = (table.c[name] for name in names)
    for row in tx.conn.execute(sa.select(table.c.id, *columns).where(*since, *near)).mappings():
        yield row["id"], dict(row)
    gone = sa.select(stones.record_id, stones.body, stones.parent_id).where(
        stones.resource == resource.name,
        stones.record_id > claim.highest_id,
        stones.state == TombstoneState.CONFIRMED,
        stones.body.is_not(None),
    )
    for record_id, body, parent_id in tx.conn.execute(gone):
        listing = Listing(resource.name, parent_id or 0)
        yield record_id, decode_record(resource, json_of(body), listing).values
    for edit in outbox.find(tx, states=OPEN_STATES, resources=[resource.name], op=Op.DELETE):
        if claim.highest_id < edit.record_id < PROVISIONAL_FROM:
            yield edit.record_id, {name: pair[0] for name, pair in edit.patch.items()}


def _has(resource: Resource, values: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """SQLite's lower() knows the letters of ASCII alone, so the values are compared here."""
    return all(
        equal(resource.by_name[name], _caseless(values.get(name)), _caseless(value))
        or not (values.get(name) or value)
        for name, value in wanted.items()
    )


def _caseless(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def take_id_of_deleted(tx: Tx, claim: Claim, policy: Policy) -> bool:
    """Give an inserted row the id of its record, which an earlier call has created and somebody has
    deleted since: its edits are held until a person decides. Where it was deleted here too, nothing
    is left of the insert. Returns whether edits are held. Raises Busy.
    """
    resource, table, real_id = claim.resource, TABLES[claim.resource.name], claim.exists_as or 0
    statements.serialize_writers(tx, table)
    if statements.lock(tx, table, [claim.record_id, real_id]):
        raise Busy(f"{resource.name} {claim.record_id} is locked by another program")
    sent = {name for edit in claim.edits for name in edit.sent or ()}
    answers.merge_duplicate(tx, claim, real_id, sent, policy)
    ids.replace_everywhere(tx, resource, claim.record_id, real_id)
    found = open_edits.load(tx, resource, [real_id]).get(real_id, OpenEdits())
    if _is_deleted_here(tx, claim, found):
        rows.delete(tx, resource, real_id, BY_PUSH)
        send_journal.close(tx, claim.seqs, OutboxState.DONE)
        return False
    _save_proof(tx, claim, real_id)
    conflicts.hold_edits_of_deleted(tx, resource, real_id, [e.seq for e in found.edits])
    return True


def _is_deleted_here(tx: Tx, claim: Claim, found: OpenEdits) -> bool:
    """Whether the user has deleted the record, by either of its rows: the delete is open, or has
    arrived, and nothing was edited since.
    """
    if found.deleted:
        return True
    states, name = (TombstoneState.CONFIRMED,), claim.resource.name
    proofs = tombstones.find(tx, states=states, resource=name, record_id=claim.exists_as)
    later = [edit for edit in found.edits if edit.seq not in claim.seqs]
    return not later and any(proof.side == Side.LOCAL for proof in proofs)


def _save_proof(tx: Tx, claim: Claim, real_id: int) -> None:
    resource, listing = claim.resource, claim.listing
    body = statements.by_ids(tx, BASE, ["body"], [real_id], resource=resource.name)
    tombstones.save_confirmed(
        tx,
        resource,
        real_id,
        Side.REMOTE,
        Cause.DELETED,
        parent_id=listing.parent_id if listing else None,
        workspace_id=listing.workspace_id if listing else None,
        body=body[0][0] if body else None,
    )
