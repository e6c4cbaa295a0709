"""Creates: no create is repeated blindly, for the API has no idempotency key.

A contact with an email is looked for by it and then upserted, which may be done twice. Any other
record is looked for among those with a higher id than the mirror had when the row was inserted and
the same natural fields, wherever an earlier call may have made it:

| an earlier call        | found         | then                                              |
| ---------------------- | ------------- | ------------------------------------------------- |
| none by this process   | none          | create                                            |
| none, but maybe before a backup was restored | some | parked as unknown: a human looks |
| outcome unknown        | one           | it is ours: adopted                               |
| outcome unknown        | none, at two looks `push.settle` apart | create again            |
| outcome unknown        | several, or nothing to know it by | parked as unknown            |
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cfsync.api.pages import walk_by_id
from cfsync.errors import CfsyncError, NotFound, Refused
from cfsync.merge import Conflict, Policy
from cfsync.mirror import answers, claims, conflicts, ids, rows
from cfsync.mirror.answers import Fate
from cfsync.mirror.claims import Claim
from cfsync.mirror.engine import Tx
from cfsync.mirror.schema import TABLES
from cfsync.mirror.store import Origin
from cfsync.records import Record
from cfsync.resources import Resource
from cfsync.sync.calls import Call, create_call, left_over
from cfsync.sync.land import land, look
from cfsync.sync.push_edits import Push, failed, tell
from cfsync.values import equal


async def send_create(push: Push, claim: Claim) -> None:
    """Create the record of an inserted row, or find the one that an earlier call has made."""
    ready = await _with_real_ids(push, claim)
    if ready is None or ready.listing is None:
        return
    call = create_call(ready.resource, ready.row)
    try:
        if call.kind == "upsert":
            await _upsert(push, ready, call)
        else:
            await _create(push, ready, call)
    except NotFound as error:  # what it belongs below is gone
        refused = Refused("what it belongs to is gone", call=error.call, status=404)
        await failed(push, claim, refused)
    except CfsyncError as error:
        await failed(push, claim, error)


async def _with_real_ids(push: Push, claim: Claim) -> Claim | None:
    """The claim with real ids in its references; None while one of them isn't known yet."""
    wanted = list(ids.local_ids(claim.resource, claim.row))
    known = await push.context.mirror.read(ids.known, wanted)
    if len(known) < len(set(wanted)):
        return None
    row = ids.with_real_ids(claim.resource, claim.row, known)
    return replace(claim, row=row, listing=claims.listing_of(claim.resource, row))


async def _create(push: Push, claim: Claim, call: Call) -> None:
    assert claim.listing is not None
    alike = await _alike(push, claim)
    if claim.unknown and not alike and _natural(claim):
        await push.context.wait(push.context.settings.push.settle)
        alike = await _alike(push, claim)
    if claim.unknown and len(alike) == 1:
        await _adopt(push, claim, call, alike[0])
        return
    if alike or (claim.unknown and not _natural(claim)):
        await push.context.mirror.write(claims.park_unknown, claim, [r.id for r in alike])
        push.report.add(claim.resource.name, parked=1)
        return
    if await _journal(push, claim, call):
        answer = await push.context.api.create(claim.listing, call.values)
        await _adopt(push, claim, call, answer)


async def _alike(push: Push, claim: Claim) -> list[Record]:
    """Records younger than the row with the same natural fields that no other insert was given.

    An insert of this process' own time that was never sent needs no look.
    """
    natural = _natural(claim)
    if not natural or not (claim.unknown or claim.captured_at < push.context.started_at):
        return []
    found = [
        record
        for record in await _younger(push, claim)
        if record.id > claim.highest_id
        and all(_same(claim.resource, record, name, value) for name, value in natural.items())
    ]
    taken = await push.context.mirror.read(ids.given_away, claim.resource, [r.id for r in found])
    return [r for r in found if r.id not in taken]


async def _younger(push: Push, claim: Claim) -> list[Record]:
    """What the claim's list has behind its highest id: walked anew where a call's outcome is
    unknown, else once in a pass.
    """
    assert claim.listing is not None
    since, records = push.younger.get(claim.listing, (claim.highest_id + 1, []))
    if claim.unknown or since > claim.highest_id:
        walk = walk_by_id(push.context.api, claim.listing, after=claim.highest_id)
        records = [record async for page in walk for record in page.records]
        push.younger[claim.listing] = (claim.highest_id, records)
    return records


def _natural(claim: Claim) -> dict[str, Any]:
    return {n: claim.row[n] for n in claim.resource.natural if claim.row.get(n) is not None}


def _same(resource: Resource, record: Record, name: str, value: Any) -> bool:
    return equal(resource.by_name[name], record.values.get(name), value)


async def _upsert(push: Push, claim: Claim, call: Call) -> None:
    """Look first: what is found is the before-image and the base, and where both sides hold
    different values the loser is kept. Sets of one that exists are changed member by member.
    """
    listing, key = claim.listing, claim.resource.upsert_key
    assert listing is not None
    assert key is not None
    asked, _ = await push.context.mirror.read(look)
    there = await push.context.api.find(listing, key, [claim.row[key]])
    if there:
        policy = push.policy(claim)
        call = await push.context.mirror.write(
            _land_before_image, claim, call, there[0], asked, policy
        )
    if await _journal(push, claim, call):
        answer, _ = await push.context.api.upsert(listing, call.values)
        await _adopt(push, claim, call, answer)


def _land_before_image(
    tx: Tx, claim: Claim, call: Call, there: Record, asked: int, policy: Policy
) -> Call:
    """What stood in ClickFunnels comes into the mirror; returns the call that is left to make."""
    land(tx, claim.resource, [there], Origin("push", asked), policy, None)
    for name, (_, value) in call.fields.items():
        before, field = there.values.get(name), claim.resource.by_name[name]
        if field.merge == "value" and before is not None and not equal(field, before, value):
            kept = Conflict(name, None, value, before, "local")
            conflicts.record(tx, claim.resource, there.id, kept)
    fields = {
        name: (there.values.get(name), value)
        for name, (_, value) in call.fields.items()
        if claim.resource.by_name[name].merge != "set"
    }
    return Call("upsert", fields)


async def _journal(push: Push, claim: Claim, call: Call) -> bool:
    sent = {name: list(pair) for name, pair in call.fields.items()}
    return await push.context.mirror.write(claims.journal, claim, sent, push.batch)


async def _adopt(push: Push, claim: Claim, call: Call, answer: Record) -> None:
    push.failures = 0
    fates = await push.context.mirror.write(_settle, claim, call, answer, push.policy(claim))
    tell(push, claim, fates)
    push.report.add(claim.resource.name, created=1)


def _settle(tx: Tx, claim: Claim, call: Call, answer: Record, policy: Policy) -> dict[str, Fate]:
    """The row gets its real id; what the call could not carry becomes one more edit of it."""
    fates = answers.adopt(tx, claim, call.fields, answer, policy=policy)
    claims.close(tx, claim.seqs, "done")
    wanted = {
        name: (answer.values.get(name), _united(claim.resource, name, answer, value))
        for name, value in left_over(claim.resource, claim.row, call).items()
    }
    differing = {
        n: pair for n, pair in wanted.items() if not equal(claim.resource.by_name[n], *pair)
    }
    if differing and answer.id in rows.load(tx, TABLES[claim.resource.name], [answer.id]):
        answers.append_edit(tx, claim, answer.id, differing)
    return fates


def _united(resource: Resource, name: str, answer: Record, value: Any) -> Any:
    """A set that the user gave is added to the one that is there."""
    if resource.by_name[name].merge != "set":
        return value
    return sorted(set(value) | set(answer.values.get(name) or ()))
