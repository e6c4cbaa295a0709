"""Sends creates. The API has no idempotency key, so no create is repeated blindly.

A contact with an email is looked up by it and then upserted, which is safe to repeat. What happens
to creates whose answer was lost, or that may have been sent before, is in `lost_creates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cfsync.errors import CfsyncError, NotFound, Refused
from cfsync.merge import FieldEdit, Policy, merge
from cfsync.mirror.bookkeeping import conflicts, ids, open_edits, rows
from cfsync.mirror.bookkeeping.open_edits import OpenEdits
from cfsync.mirror.bookkeeping.outbox import Op
from cfsync.mirror.bookkeeping.reasons import NO_PARENT
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Busy, Constrained
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.history.changes import BY_PUSH
from cfsync.mirror.incoming.page import write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.outgoing import answers, new_ids, send_journal, user_edits
from cfsync.mirror.outgoing.answers import Outcome, Settled
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Record
from cfsync.resources import Resource
from cfsync.sync.push import edit_log
from cfsync.sync.push.calls import Call, create_call, left_over
from cfsync.sync.push.changes import begin
from cfsync.sync.push.create_paths import create_record
from cfsync.sync.push.outcome import Push, count_answer, handle_failure, park, waits_for_others
from cfsync.sync.push.perform import in_shown_types
from cfsync.sync.push.reread import is_reached
from cfsync.values import equal, normal_map


async def send_create(push: Push, claim: Claim) -> None:
    """Create the record of an inserted row, or assign the one that an earlier call has created."""
    if await waits_for_others(push, claim) or claim.listing is None:
        return
    call = create_call(claim.resource, claim.row)
    try:
        reading = await push.context.reading(claim.resource, Lane.PUSH)
        there = await _existing_record(push, claim, call)
    except NotFound as error:
        if claim.exists_as:
            await _settle_deleted(push, claim)
        else:
            await handle_failure(push, claim, as_refusal(error), called=False)
        return
    except CfsyncError as error:
        await handle_failure(push, claim, error, called=False)
        return
    if there and not claim.exists_as:
        claim = _with_key_of(claim, there)
        call = await push.context.mirror.write(_write_before_image, reading, claim, call, there)
        reading = await push.context.reading(claim.resource, Lane.PUSH)
    if there and (claim.exists_as or not call.fields):
        await adopt_record(
            push, claim, call, Outcome(call.fields, there, reading.rev_before, found=True)
        )
    else:
        await _create(push, claim, call, there.converted if there else {})


def as_refusal(error: CfsyncError) -> CfsyncError:
    """The error of a create or a list. A 404 means that the parent record no longer exists. Not
    for a read of the record itself.
    """
    if isinstance(error, NotFound):
        return Refused(NO_PARENT, call=error.call, status=404)
    return error


async def _existing_record(push: Push, claim: Claim, call: Call) -> Record | None:
    """The record that exists already: by its id, or the one that the upsert would change."""
    api, listing, key = push.context.api, claim.listing, claim.resource.upsert_key
    if claim.exists_as:
        return await api.get(claim.resource, claim.exists_as, listing)
    if call.kind != "upsert" or key is None or listing is None:
        return None
    return next(iter(await api.find(listing, key, [claim.row[key]])), None)


async def _settle_deleted(push: Push, claim: Claim) -> None:
    """The record of an inserted row was deleted before the insert was settled: it is not created
    again unasked. A 404 proves nothing while the workspace doesn't answer.
    """
    if not await is_reached(push, claim):
        return
    mirror, policy = push.context.mirror, push.policy(claim)
    try:
        is_held = await mirror.write(new_ids.take_id_of_deleted, claim, policy)
    except Constrained as error:
        row = claim.resource, claim.record_id
        await park(push, claim, await mirror.read(new_ids.explain, *row, error))
        return
    if is_held:
        edit_log.deleted_remotely(claim)
        push.report.add(claim.resource.name, held=1)
    else:
        edit_log.settled(claim)
        push.unfinished.append((claim.resource, claim.exists_as or claim.record_id))


def _with_key_of(claim: Claim, there: Record) -> Claim:
    """The claim with the record's form of the email by which it was found, where that differs in
    case only: nobody has edited it.
    """
    key = claim.resource.upsert_key or ""
    given, shown = claim.row[key], str(there.values.get(key))
    return replace(
        claim, row={**claim.row, key: shown if shown.lower() == given.lower() else given}
    )


def _write_before_image(tx: Tx, reading: Reading, claim: Claim, call: Call, there: Record) -> Call:
    """Write the existing record to the mirror before an upsert changes it.

    Returns the upsert with the fields that differ; it may have none. If both sides hold a value
    for a field, the row's is sent and the other is kept as a conflict. Sets are left out, since
    they are changed member by member later.
    """
    resource = claim.resource
    write_records(tx, reading, [there])
    given = {name: FieldEdit(tx.now) for name in call.fields}
    merged = merge(
        resource, base={}, local=claim.row, remote=there.values, edits=given, policy="local"
    )
    for conflict in merged.conflicts:
        conflicts.add(tx, resource, there.id, conflict)
    lacking = {n: v for n, v in merged.send.items() if resource.by_name[n].merge != "set"}
    if lacking and resource.upsert_key:
        lacking[resource.upsert_key] = claim.row[resource.upsert_key]
    return Call("upsert", {n: (there.values.get(n), v) for n, v in lacking.items()})


async def _create(push: Push, claim: Claim, call: Call, shown: Mapping[str, Any]) -> None:
    """`shown`: as in `perform`, of the record that an upsert changes."""
    assert claim.listing is not None
    api = push.context.api
    rev_before = await begin(push, claim, [call])
    if rev_before is None:
        return
    try:
        if call.kind == "upsert":
            values = in_shown_types(claim.resource, call, shown)
            answer, created = await api.upsert(claim.listing, values)
        else:
            answer, created = await create_record(push, claim, call.values), True
    except CfsyncError as error:
        await handle_failure(push, claim, as_refusal(error))
        return
    outcome = Outcome(call.fields, answer, rev_before, created=created)
    await adopt_record(push, claim, call, outcome)


async def adopt_record(push: Push, claim: Claim, call: Call, outcome: Outcome) -> None:
    """Give the inserted row the id of its record, which `outcome` shows.

    If the row is locked or a constraint refuses the new id, the pair of ids is kept in `cf_ids` for
    the next pass. Raises Busy if it is locked.
    """
    mirror, policy, answer = push.context.mirror, push.policy(claim), outcome.answer
    if outcome.found:
        edit_log.found(claim, answer.id)
    else:
        edit_log.sent(claim, push.batch, answer.id)
    try:
        settled = await mirror.write(_settle, claim, call, outcome, policy)
    except (Busy, Constrained) as error:
        row = claim.resource, claim.record_id
        await mirror.write(ids.save, *row, answer.id)
        if isinstance(error, Busy):
            raise
        await park(push, claim, await mirror.read(new_ids.explain, *row, error))
        return
    count_answer(push, claim, settled.fates if settled else {}, found=outcome.found)
    is_new = has_created(claim, outcome)
    push.report.add(claim.resource.name, created=int(is_new), matched=int(not is_new))
    if settled:
        push.unfinished.append((claim.resource, answer.id))


def has_created(claim: Claim, outcome: Outcome) -> bool:
    """Whether a call of the claim has created its record: this call, or an earlier one whose answer
    was lost or could not be written. Pure.
    """
    was_sent = claim.unknown or claim.exists_as is not None
    return outcome.created or (was_sent and outcome.answer.id > claim.highest_id)


def _settle(tx: Tx, claim: Claim, call: Call, outcome: Outcome, policy: Policy) -> Settled | None:
    """Give the row its real id, and append an edit for what the call could not carry."""
    answer, settled = outcome.answer, answers.assign_real_id(tx, claim, outcome, policy)
    if settled is None:
        return None
    send_journal.finish(tx, replace(claim, record_id=answer.id), {})
    row = statements.load(tx, TABLES[claim.resource.name], [answer.id]).get(answer.id)
    if row is not None:
        _queue_left_over(tx, claim, call, answer, row)
    return settled


def _queue_left_over(
    tx: Tx, claim: Claim, call: Call, answer: Record, row: Mapping[str, Any]
) -> None:
    """Append an edit with the values that the call could not carry and the record lacks.

    Fields that were edited during the call have an edit already. If such a field is a set or map
    that no call has carried, it is united with the record's value: the user didn't know that value,
    so the edit can't mean to remove anything from it.
    """
    pending = open_edits.load(tx, claim.resource, [answer.id]).get(answer.id, OpenEdits())
    lacking = {n: p for n, p in _lacking(claim, call, answer).items() if n not in pending.by_field}
    if lacking:
        signed = user_edits.original_signature(claim, lacking)
        user_edits.append_edit(tx, claim, answer.id, lacking, signed)
    carried = call.fields.keys() | claim.tried
    edited = {n for n in pending.by_field if n not in carried and row[n] is not None}
    united = {n: _merged_value(claim.resource, n, answer, row[n]) for n in edited}
    by_name = claim.resource.by_name
    if more := {n: v for n, v in united.items() if not equal(by_name[n], v, row[n])}:
        rows.set_fields(tx, claim.resource, answer.id, more, BY_PUSH)


def _lacking(claim: Claim, call: Call, answer: Record) -> dict[str, tuple[Any, Any]]:
    """Field -> (value in the answer, value wanted), for what the call could not carry."""
    by_name = claim.resource.by_name
    wanted = {
        name: (answer.values.get(name), _merged_value(claim.resource, name, answer, value))
        for name, value in left_over(claim.resource, claim.row, call).items()
    }
    return {name: pair for name, pair in wanted.items() if not equal(by_name[name], *pair)}


def _merged_value(resource: Resource, name: str, answer: Record, value: Any) -> Any:
    """The value to send; a set or map is united with the one in the answer."""
    there = answer.values.get(name)
    match resource.by_name[name].merge:
        case "set":
            return sorted(set(value) | set(there or ()))
        case "map":
            return {**(there or {}), **normal_map(value, there or ())}
        case _:
            return value


def could_duplicate(claim: Claim) -> bool:
    """Whether it is a create that makes two records when it is sent twice; an upsert is safe."""
    if claim.op != Op.INSERT or claim.exists_as:
        return False
    return create_call(claim.resource, claim.row).kind == "create"


def natural_values(claim: Claim) -> dict[str, Any]:
    """The row's values of the natural fields, by which its record can be recognized."""
    return {n: claim.row[n] for n in claim.resource.natural if claim.row.get(n) is not None}


def matches(claim: Claim, record: Record, names: Sequence[str]) -> bool:
    """Whether a record has the row's values in these fields; NULL and '' count as equal."""
    by_name = claim.resource.by_name
    return all(
        equal(by_name[n], record.values.get(n), claim.row.get(n))
        or not (record.values.get(n) or claim.row.get(n))
        for n in names
    )
