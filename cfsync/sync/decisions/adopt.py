"""Gives an inserted row the record that a person says it is, where cfsync couldn't tell.

The row gets the record's id and its values. A value of the row that the record lacks becomes an
edit; where both hold one and they differ, ClickFunnels' stays and the row's is kept as a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from cfsync.belonging import in_workspace
from cfsync.errors import NotFound, UsageError
from cfsync.merge import FieldEdit, Merged, merge
from cfsync.mirror.bookkeeping import conflicts, decided, ids, outbox
from cfsync.mirror.bookkeeping.outbox import Op, OutboxState
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Busy
from cfsync.mirror.outgoing import answers, claims, send_journal, user_edits
from cfsync.mirror.outgoing.answers import Outcome
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Record
from cfsync.resources import RESOURCES
from cfsync.resources.model import action_key
from cfsync.sync.account import open_account
from cfsync.sync.context import Context
from cfsync.sync.decisions import decision_log
from cfsync.sync.incoming.presence import is_listed
from cfsync.values import equal


@dataclass(frozen=True, slots=True)
class Candidate:
    """An inserted row beside the record that it may be."""

    #: The number of the edit.
    seq: int
    claim: Claim
    record: Record
    #: The highest `cf_rev` before the record was read.
    rev_before: int

    @property
    def values(self) -> Mapping[str, tuple[Any, Any]]:
        """Field -> (the row's value, the record's), of the fields that the row gives and the API
        shows.
        """
        row, there = self.claim.row, self.record.values
        names = [f.name for f in self.claim.resource.columns if f.name in there]
        given = [n for n in names if n != "id" and row.get(n) is not None]
        return {n: (row[n], there[n]) for n in given}

    @property
    def differing(self) -> list[str]:
        """The fields in which the row and the record differ."""
        by_name = self.claim.resource.by_name
        return [n for n, pair in self.values.items() if not equal(by_name[n], *pair)]


async def compare(context: Context, seq: int, record_id: str) -> Candidate:
    """Read the record and put it beside the row. Changes nothing. `record_id`: id or public id.

    Raises UsageError where the edit is of no inserted row that waits, or the record is none that
    the row can become.
    """
    await open_account(context)
    claim = await context.mirror.read(_waiting_insert, seq)
    reading = await context.reading(claim.resource, Lane.PUSH)
    try:
        record = await context.api.get(claim.resource, record_id, shown_in=claim.listing)
    except NotFound:
        raise UsageError(f"ClickFunnels has no {claim.resource.name} {record_id}") from None
    record = await _in_its_list(context, claim, record)
    found = Candidate(seq, claim, record, reading.rev_before)
    await context.mirror.read(_check, found)
    return found


async def _in_its_list(context: Context, claim: Claim, record: Record) -> Record:
    """The record as the list shows it that the row belongs in. Raises UsageError where it may be
    another workspace's: it names no parent, and that list does not show it.
    """
    listing, parent = claim.listing, claim.resource.parent_field or ""
    if listing is None or record.values.get(parent):
        return in_workspace(record, listing.workspace_id if listing else None)
    with suppress(NotFound):
        if await is_listed(context, listing, record.id):
            return await context.api.get(claim.resource, record.id, listing)
    raise UsageError(f"{claim.resource.name} {record.id} is not in the list {listing}")


async def adopt(context: Context, found: Candidate) -> None:
    """Make the row that record. Raises UsageError and Busy where either has changed meanwhile."""
    await context.mirror.write(_adopt, found)
    claim = found.claim
    decision_log.adopted(claim.resource.name, claim.record_id, claim.seqs, found.record.id)


def _waiting_insert(tx: Tx, seq: int) -> Claim:
    """The claim on everything that waits of an inserted row."""
    states = (OutboxState.PARKED, OutboxState.HELD)
    (edit,) = outbox.lock(tx, [seq], states, wanted="parked or held")
    claim = claims.of_record(tx, RESOURCES[edit.resource], edit.record_id)
    if claim.op != Op.INSERT:
        raise UsageError(f"edit {seq} is of no row that could become another record")
    return claim


def _check(tx: Tx, found: Candidate) -> None:
    """Raise UsageError where the row can't become that record."""
    claim, record = found.claim, found.record
    name = f"{claim.resource.name} {record.id}"
    if ids.already_assigned(tx, claim.resource, [record.id]):
        raise UsageError(f"{name} is the record of another inserted row")
    for parent in {claim.resource.parent_field, "workspace_id"} - {None}:
        here, there = claim.row.get(parent or ""), record.values.get(parent or "")
        if here and there and here != there:
            raise UsageError(f"{name} has the {parent} {there}, and the row {here}")


def _adopt(tx: Tx, found: Candidate) -> None:
    claim = _waiting_insert(tx, found.seq)
    if claim.open_attempts != found.claim.open_attempts:
        raise UsageError(f"edit {found.seq} has changed meanwhile; look again")
    found = replace(found, claim=claim)
    _check(tx, found)
    record, resource = found.record, claim.resource
    merged = _merged(tx, found)
    if answers.assign_real_id(tx, claim, Outcome({}, record, found.rev_before), "local") is None:
        raise Busy(f"{resource.name} {record.id} has just changed or is locked; try again")
    send_journal.finish(tx, replace(claim, record_id=record.id), {})
    decided.edits(tx, "adopted", claim.seqs)
    for conflict in merged.conflicts:
        conflicts.add(tx, resource, record.id, conflict)
    if merged.send:
        pairs = {n: (record.values.get(n), value) for n, value in merged.send.items()}
        signed = user_edits.original_signature(claim, pairs)
        user_edits.append_edit(tx, claim, record.id, pairs, signed)


def _merged(tx: Tx, found: Candidate) -> Merged:
    """The merge of what the row gives, as far as an update can send it, with the record."""
    resource = found.claim.resource
    fields = [resource.by_name[n] for n in found.values]
    given = {
        f.name: found.claim.row[f.name]
        for f in fields
        if (f.update and not f.actions)
        or f.via
        or (f.actions and action_key(found.claim.row[f.name]) in f.actions)
    }
    return merge(
        resource,
        base={},
        local=given,
        remote=found.record.values,
        edits={n: FieldEdit(tx.now) for n in given},
        policy="clickfunnels",
    )
