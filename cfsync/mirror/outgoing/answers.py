"""Merges ClickFunnels' answer to a write like any record, with what was sent as its base.

For each field that was sent, an answer has applied the value, normalised it (it is stored in
another form: the mirror takes that, and it isn't sent again), or ignored it (status 200, but
unchanged: the mirror takes ClickFunnels' value, and the edit's value is kept as a conflict). Where
ClickFunnels applies a change later, an unchanged field is none that it has ignored.

An answer is put off, the outcome of its edits left unknown, where the mirror has read the record
again since the call, or somebody holds the row: the next pass reads the record before it sends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cfsync.merge import FieldConflict, FieldEdit, Merged, Policy, Winner, find_drift, merge
from cfsync.mirror.bookkeeping import (
    agreement,
    bases,
    conflicts,
    ids,
    open_edits,
    rows,
    tombstones,
    webhook_secrets,
)
from cfsync.mirror.bookkeeping.open_edits import OpenEdits
from cfsync.mirror.bookkeeping.outbox import Op, Sent
from cfsync.mirror.bookkeeping.tombstones import Cause, Side, TombstoneState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, TABLES
from cfsync.mirror.history.changes import BY_PUSH
from cfsync.mirror.lists import missing_rows
from cfsync.mirror.outgoing import send_journal
from cfsync.mirror.outgoing.fates import Fate, fates, other_forms
from cfsync.mirror.outgoing.fold import Claim
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Record
from cfsync.resources import Resource


class Legs(NamedTuple):
    """The three sides of a merge, each as the values of a record."""

    base: Mapping[str, Any]
    local: Mapping[str, Any]
    remote: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call sent, and the record afterwards. `created`: the call has created it."""

    sent: Sent
    answer: Record
    #: The highest `cf_rev` before the call.
    rev_before: int
    #: The call's own answer was lost, and the record was read later.
    found: bool = False
    created: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of each field that was sent. `rev_before`: the highest `cf_rev` before the next
    call.
    """

    fates: Mapping[str, Fate]
    rev_before: int


def acknowledge(
    tx: Tx, claim: Claim, outcome: Outcome, policy: Policy, *, read_rev: int | None = None
) -> Settled | None:
    """Merge the answer to one call of a claim; None where it is put off. The caller closes the
    claim's edits when all its calls are done. `read_rev`: the row's `cf_rev` before this
    transaction, where it has changed; 0: none.
    """
    resource, sent, answer = claim.resource, outcome.sent, outcome.answer
    statements.serialize_writers(tx, TABLES[resource.name])
    if _is_put_off(tx, resource, outcome, [answer.id]):
        return None
    ends = fates(resource, sent, answer)
    same_since = _merge_row(tx, claim, outcome, policy, read_rev)
    bases.save(tx, [answer], Lane.PUSH, same_since=same_since)
    if answer.deleted:  # the answer to a create
        missing_rows.add_not_found(tx, resource, [answer.id], rev_before=bases.highest_rev(tx))
    agreement.end_settled(tx, resource, [answer.id], edited=sent.keys())
    webhook_secrets.keep(tx, [answer])
    stored = {n: answer.values[n] for n, f in ends.items() if f == "normalised"}
    send_journal.journal_normalised(tx, claim, stored)
    bases.remember_forms(tx, resource, answer.id, other_forms(resource, sent, answer, ends))
    for name in (n for n, f in ends.items() if f == "ignored"):
        before, value = sent[name]
        kept = FieldConflict(name, before, value, answer.values.get(name), Winner.CLICKFUNNELS)
        conflicts.add(tx, resource, answer.id, kept)
    return Settled(ends, bases.highest_rev(tx))


def _is_put_off(tx: Tx, resource: Resource, outcome: Outcome, ids_: Sequence[int]) -> bool:
    """Whether the mirror has read the record after the call was made, or somebody holds one of
    these rows.
    """
    answer = outcome.answer
    base = bases.load(tx, resource, [answer.id]).get(answer.id)
    proof = tombstones.proof_revs(tx, resource, [answer.id]).get(answer.id, 0)
    if max(base.rev if base else 0, proof) > outcome.rev_before:
        return True
    return bool(statements.lock(tx, TABLES[resource.name], ids_))


def _merge_row(
    tx: Tx, claim: Claim, outcome: Outcome, policy: Policy, read_rev: int | None
) -> int | None:
    """Write the merge of a row with the answer: fields that were sent are settled, other edited
    fields are merged. What a new record holds beside them is nobody's change; but where it is found
    later, a value other than the one sent is a change. Returns `bases.same_since`.
    """
    resource, sent, answer = claim.resource, outcome.sent, outcome.answer
    row = statements.load(tx, TABLES[resource.name], [answer.id]).get(answer.id)
    if row is None:
        return None
    base = bases.load(tx, resource, [answer.id]).get(answer.id)
    before = bases.decode(resource, base).values if base else answer.values
    settled = {n: answer.values[n] for n in sent if n in answer.values}
    if outcome.found and base is None:
        settled = {n: sent[n][1] for n in settled}
    resolved = ids.resolve_references(tx, resource, row)
    local = bases.in_stored_forms(resource, base, resolved, answer.values)
    unsettled = _unsettled(tx, claim, sent, answer.id)
    merged = merge(
        resource,
        base={**before, **settled},
        local=local,
        remote=answer.values,
        edits=unsettled,
        policy=policy,
    )
    after = dict(merged.row)
    if base and claim.op == Op.UPDATE:  # what has drifted stays for the next sweep
        legs = {"base": before, "local": local, "remote": answer.values}
        after |= find_drift(resource, **legs, edited={*sent, *unsettled}).row
    tx.new_rev()
    rows.save(tx, resource, [after], BY_PUSH)
    for conflict in merged.conflicts:
        conflicts.add(tx, resource, answer.id, conflict)
    return bases.same_since(resource, row, after, base, read_rev)


def _unsettled(tx: Tx, claim: Claim, sent: Sent, record_id: int) -> dict[str, FieldEdit]:
    """The open edits of a record that a call has not settled: those of other fields, and later
    ones. What an INSERT gave and its call did not carry becomes an edit afterwards.
    """
    entry = open_edits.load(tx, claim.resource, [record_id]).get(record_id, OpenEdits())
    later = {n for r in entry.edits if r.seq not in claim.seqs for n in r.given}
    settled = {n for n in entry.by_field if n in sent or claim.op == Op.INSERT} - later
    return {n: edit for n, edit in entry.by_field.items() if n not in settled}


def assign_real_id(tx: Tx, claim: Claim, outcome: Outcome, policy: Policy) -> Settled | None:
    """Give an inserted row, whose record exists now, its real id, with all that refers to it, and
    merge the answer. None where that is put off; the pair of ids is kept in any case.
    """
    resource, real_id = claim.resource, outcome.answer.id
    statements.serialize_writers(tx, TABLES[resource.name])
    ids.save(tx, resource, claim.record_id, real_id)
    if _is_put_off(tx, resource, outcome, [claim.record_id, real_id]):
        return None
    read_rev = merge_duplicate(tx, claim, real_id, outcome.sent.keys() | claim.tried, policy)
    ids.replace_everywhere(tx, resource, claim.record_id, real_id)
    return acknowledge(tx, claim, outcome, policy, read_rev=read_rev)


def merge_duplicate(
    tx: Tx, claim: Claim, real_id: int, known: Collection[str], policy: Policy
) -> int | None:
    """Change an inserted row's id to the real one. Where that has a row already (a pull was
    faster), the inserted one takes its place, with what was edited in either since; where the user
    has deleted one of the two, the delete applies to the other. What either holds in columns of
    the user's own is kept.
    `known`: the fields that calls of the claim have carried. Returns the `cf_rev` that the row had,
    0 for none; None: it is another row now.
    """
    resource, table = claim.resource, TABLES[claim.resource.name]
    both = statements.load(tx, table, [claim.record_id, real_id])
    mine, there = both.get(claim.record_id), both.get(real_id)
    entries = open_edits.load(tx, resource, [claim.record_id, real_id])
    mine_open = entries.get(claim.record_id, OpenEdits()).edits
    if there is None:
        if mine:
            rows.change_id(tx, resource, claim.record_id, real_id)
        if mine and _is_deleted(entries.values()):
            rows.delete(tx, resource, real_id, BY_PUSH)
        return mine["cf_rev"] or 0 if mine else None
    own, theirs_own = (statements.own_values(tx, table, i) for i in (claim.record_id, real_id))
    if mine is not None:
        rows.take_place(tx, resource, claim.record_id, there)
    rows.set_own_values(tx, resource, real_id, own | theirs_own)
    if mine is None and mine_open and mine_open[-1].op == Op.DELETE:
        rows.delete(tx, resource, real_id, BY_PUSH)
    elif mine is not None:
        since = OpenEdits([r for r in mine_open if r.seq not in claim.seqs])
        theirs = entries.get(real_id, OpenEdits())
        base = {n: claim.row.get(n) for n in known}
        local = ids.resolve_references(tx, resource, mine)
        merged = merged_fields(resource, Legs(base, local, there), since, theirs, policy)
        _write_merged(tx, resource, real_id, merged)
    return None


def _is_deleted(both: Iterable[OpenEdits]) -> bool:
    """Whether the last open edit of two rows, which are one record, is a delete. Pure."""
    edits = [edit for found in both for edit in found.edits]
    return bool(edits) and max(edits, key=lambda edit: edit.seq).op == Op.DELETE


def merged_fields(
    resource: Resource, legs: Legs, since: OpenEdits, theirs: OpenEdits, policy: Policy
) -> dict[str, Merged]:
    """The merge of each field that was edited in the inserted row `since` its call. The legs are
    what that call carried, the inserted row, and the row that was there already. Where a field was
    edited in both rows, the later edit counts and the other value is a conflict. Pure.
    """
    found = {}
    for name, edit in since.by_field.items():
        last, other = since.last_seq(name), theirs.last_seq(name)
        rule = policy if not other else "local" if last > other else "clickfunnels"
        found[name] = merge(
            resource,
            base=legs.base,
            local=legs.local,
            remote=legs.remote,
            edits={name: edit},
            policy=rule,
        )
    return found


def _write_merged(tx: Tx, resource: Resource, record_id: int, merged: Mapping[str, Merged]) -> None:
    for conflict in (c for m in merged.values() for c in m.conflicts):
        conflicts.add(tx, resource, record_id, conflict)
    if merged:
        values = {name: m.row[name] for name, m in merged.items()}
        rows.set_fields(tx, resource, record_id, values, BY_PUSH)


def confirm_delete(tx: Tx, claim: Claim) -> None:
    """The user's delete has arrived: write the proof with the last state, unless there is one (the
    record was gone before), and drop the base; what hung below the record becomes a candidate.
    """
    resource, record_id = claim.resource, claim.record_id
    statements.serialize_writers(tx, TABLES[resource.name])
    workspace_id = claim.listing.workspace_id if claim.listing else None
    states = (TombstoneState.CONFIRMED,)
    if not tombstones.find(tx, states=states, resource=resource.name, record_id=record_id):
        _save_proof(tx, claim, workspace_id)
    statements.delete(tx, BASE, [record_id], resource=resource.name)
    missing_rows.add_below(tx, resource, record_id, workspace_id)


def _save_proof(tx: Tx, claim: Claim, workspace_id: int | None) -> None:
    """Write the proof that the record was deleted here, in place of what was suspected."""
    resource, listing = claim.resource, claim.listing
    body = statements.by_ids(tx, BASE, ["body"], [claim.record_id], resource=resource.name)
    tombstones.delete(tx, resource, [claim.record_id])
    tombstones.save_confirmed(
        tx,
        resource,
        claim.record_id,
        Side.LOCAL,
        Cause.DELETED,
        parent_id=listing.parent_id if listing else None,
        workspace_id=workspace_id,
        body=body[0][0] if body else None,
    )


def hold_for_decision(tx: Tx, claim: Claim) -> None:
    """Hold the edits of a claim whose record is gone: the row stays until a person decides."""
    conflicts.hold_edits_of_deleted(tx, claim.resource, claim.record_id, claim.seqs)
